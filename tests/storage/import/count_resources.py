#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is in a FHIR bundle, found without the project's own reader: one line of JSON for each
file, {"patients": [...], "foreign": N, "resources": {type: count}}. foreign counts the resources
that name another patient than the bundle's first."""

import json
import sys


def targets(resource):
    for name in ("subject", "patient", "beneficiary", "for"):
        reference = resource.get(name)
        for one in reference if isinstance(reference, list) else [reference]:
            if isinstance(one, dict) and "reference" in one:
                yield one["reference"]


def summary(bundle):
    entries = [e for e in bundle["entry"] if "resource" in e]
    counts = {}
    patients = []
    names = set()
    for entry in entries:
        resource = entry["resource"]
        counts[resource["resourceType"]] = counts.get(resource["resourceType"], 0) + 1
        if resource["resourceType"] == "Patient":
            patients.append(resource["id"])
            if len(patients) == 1:
                names = {"Patient/" + resource["id"], "urn:uuid:" + resource["id"],
                         entry.get("fullUrl")}
    foreign = sum(any(target not in names for target in targets(entry["resource"]))
                  for entry in entries)
    return {"patients": patients, "foreign": foreign, "resources": counts}


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        print(json.dumps(summary(json.load(file)), sort_keys=True))
