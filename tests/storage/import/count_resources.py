#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is in a FHIR bundle, found without the project's own reader: one line of JSON for each
file, {"patients": [...], "foreign": N, "report": "..."}. foreign counts the resources that name
another patient than the bundle's first. report is what cloister-import --check is to print, up to
its warnings: the very bytes."""

import json
import sys


def targets(resource):
    for name in ("subject", "patient", "beneficiary", "for"):
        reference = resource.get(name)
        for one in reference if isinstance(reference, list) else [reference]:
            if isinstance(one, dict) and "reference" in one:
                yield one["reference"]


def shown(names):
    """FAMILY, given names (prefix) of the name that the patient goes by."""
    def rank(name):
        return {"official": 0, "usual": 1, "old": 3, "maiden": 3, "nickname": 3}.get(name.get("use"), 2)
    name = min(names, key=rank)
    prefix = " ".join(name.get("prefix", []))
    text = name["family"].upper() + ", " + " ".join(name["given"])
    return text + (" (" + prefix + ")" if prefix else "")


def report(patient, counts):
    whole = {"format": "fhir-r4-bundle",
             "patient": {"id": patient["id"], "name": shown(patient["name"]),
                         "birthDate": patient["birthDate"], "gender": patient["gender"]},
             "resources": dict(sorted(counts.items()))}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"warnings":['


def summary(bundle):
    entries = [e for e in bundle["entry"] if "resource" in e]
    counts = {}
    patients = []
    names = set()
    for entry in entries:
        resource = entry["resource"]
        counts[resource["resourceType"]] = counts.get(resource["resourceType"], 0) + 1
        if resource["resourceType"] == "Patient":
            patients.append(resource)
            if len(patients) == 1:
                names = {"Patient/" + resource["id"], "urn:uuid:" + resource["id"],
                         entry.get("fullUrl")}
    foreign = sum(any(target not in names for target in targets(entry["resource"]))
                  for entry in entries)
    return {"patients": [p["id"] for p in patients], "foreign": foreign,
            "report": report(patients[0], counts)}


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        print(json.dumps(summary(json.load(file)), sort_keys=True))
