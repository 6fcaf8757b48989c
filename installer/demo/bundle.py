# SPDX-License-Identifier: Apache-2.0
"""Builds a FHIR R4 bundle about one invented patient. No randomness but a seeded one, no clock:
the same program gives the same bytes."""

import base64
import json
import random

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
BASE = "https://demo.cloister.invalid/fhir/"

# name: LOINC code, what a reader sees, unit, low, high, decimals
TESTS = {
    "potassium": ("2823-3", "Potassium", "mmol/L", 3.5, 5.1, 1),
    "sodium": ("2951-2", "Sodium", "mmol/L", 136, 145, 0),
    "creatinine": ("2160-0", "Creatinine", "mg/dL", 0.6, 1.1, 2),
    "egfr": ("62238-1", "eGFR (CKD-EPI)", "mL/min/1.73m2", 60, None, 0),
    "hba1c": ("4548-4", "Haemoglobin A1c", "%", 4.0, 5.6, 1),
    "glucose": ("1558-6", "Fasting glucose", "mg/dL", 70, 99, 0),
    "haemoglobin": ("718-7", "Haemoglobin", "g/dL", 12.0, 15.5, 1),
    "ferritin": ("2276-4", "Ferritin", "ng/mL", 15, 150, 0),
    "inr": ("6301-6", "INR", "1", 0.9, 1.1, 1),
    "ldl": ("13457-7", "LDL cholesterol", "mg/dL", None, 130, 0),
    "hdl": ("2085-9", "HDL cholesterol", "mg/dL", 40, None, 0),
    "triglycerides": ("2571-8", "Triglycerides", "mg/dL", None, 150, 0),
    "tsh": ("3016-3", "TSH", "mIU/L", 0.4, 4.0, 2),
    "alt": ("1742-6", "ALT", "U/L", 7, 40, 0),
    "ck": ("2157-6", "Creatine kinase", "U/L", 40, 200, 0),
    "troponin": ("6598-7", "Troponin T", "ng/mL", None, 0.01, 2),
    "crp": ("1988-5", "C-reactive protein", "mg/L", None, 5, 0),
    "magnesium": ("19123-9", "Magnesium", "mg/dL", 1.7, 2.4, 1),
}


def concept(text, code=None, system=SNOMED, display=None):
    coded = {"text": text}
    if code:
        coded["coding"] = [{"system": system, "code": code, "display": display or text}]
    return coded


def clinical(kind, code):
    return {"coding": [{"system": HL7 + kind, "code": code}]}


class Record:
    """One patient's bundle while it grows."""

    def __init__(self, patient_id, seed):
        self.patient_id = patient_id
        self.entries = []
        self.counts = {}
        self.random = random.Random(seed)

    def add(self, resource_type, fields, subject="subject", resource_id=None):
        number = self.counts[resource_type] = self.counts.get(resource_type, 0) + 1
        resource_id = resource_id or "%s-%s-%03d" % (self.patient_id, resource_type.lower(), number)
        resource = {"resourceType": resource_type, "id": resource_id}
        if subject:
            resource[subject] = {"reference": "Patient/" + self.patient_id}
        resource.update(fields)
        self.entries.append({"fullUrl": BASE + resource_type + "/" + resource_id, "resource": resource})
        return resource_type + "/" + resource_id

    def patient(self, family, given, prefix, gender, born, number, city):
        self.entries.append({
            "fullUrl": BASE + "Patient/" + self.patient_id,
            "resource": {
                "resourceType": "Patient", "id": self.patient_id,
                "meta": {"tag": [{"system": HL7 + "v3-ActReason", "code": "HTEST",
                                  "display": "test health data"}]},
                "identifier": [{"type": clinical("v2-0203", "MR"),
                                "system": "urn:oid:2.999.1.1", "value": number}],
                "name": [{"use": "official", "family": family, "given": given, "prefix": [prefix]}],
                "gender": gender, "birthDate": born,
                "address": [{"line": ["1 Example Street"], "city": city}],
                "telecom": [{"system": "phone", "value": "555-0100"}]}})

    def encounter(self, kind, start, end=None, reason=None, place="Demo General Practice",
                  emergency=False, inpatient=False):
        code = "IMP" if inpatient else "EMER" if emergency else "AMB"
        period = {"start": start}
        if end:
            period["end"] = end
        fields = {"status": "finished", "class": {"system": HL7 + "v3-ActCode", "code": code},
                  "type": [concept(kind)], "period": period,
                  "location": [{"location": {"display": place}}]}
        if reason:
            fields["reasonCode"] = [concept(reason)]
        return self.add("Encounter", fields)

    def condition(self, text, code, onset, state="active", abated=None, note=None,
                  category="problem-list-item", verification="confirmed"):
        fields = {"code": concept(text, code),
                  "clinicalStatus": clinical("condition-clinical", state),
                  "verificationStatus": clinical("condition-ver-status", verification),
                  "category": [clinical("condition-category", category)],
                  "onsetDateTime": onset}
        if abated:
            fields["abatementDateTime"] = abated
        if note:
            fields["note"] = [{"text": note}]
        return self.add("Condition", fields)

    def medication(self, text, code, status, started, dosage, reason=None, ended=None, why=None,
                   kind="MedicationRequest", note=None):
        fields = {"status": status, "medicationCodeableConcept": concept(text, code, RXNORM)}
        if kind == "MedicationRequest":
            fields.update(intent="order", authoredOn=started, dosageInstruction=[{"text": dosage}])
            if ended:
                fields["dosageInstruction"][0]["timing"] = {
                    "repeat": {"boundsPeriod": {"start": started, "end": ended}}}
            if why:
                fields["statusReason"] = concept(why)
        else:
            fields.update(effectivePeriod={"start": started}, dosage=[{"text": dosage}])
            if why:
                fields["statusReason"] = [concept(why)]
        if reason:
            fields["reasonCode"] = [concept(reason)]
        if note:
            fields["note"] = [{"text": note}]
        return self.add(kind, fields)

    def lab(self, test, value, when, status="final", comparator=None, note=None):
        code, name, unit, low, high, decimals = TESTS[test]
        digits = "%.*f" % (decimals, value)
        quantity = {"value": Digits(digits), "unit": unit, "system": UCUM, "code": unit}
        if unit == "1":
            quantity = {"value": Digits(digits)}
        if comparator:
            quantity["comparator"] = comparator
        reference = {}
        if low is not None:
            reference["low"] = {"value": Digits("%.*f" % (decimals, low)), "unit": unit}
        if high is not None:
            reference["high"] = {"value": Digits("%.*f" % (decimals, high)), "unit": unit}
        fields = {"status": status, "category": [clinical("observation-category", "laboratory")],
                  "code": concept(name, code, LOINC), "effectiveDateTime": when,
                  "valueQuantity": quantity, "referenceRange": [reference]}
        flag = "L" if low is not None and value < low else \
            "H" if high is not None and value > high and comparator != "<" else None
        if flag:
            fields["interpretation"] = [clinical("v3-ObservationInterpretation", flag)]
        if note:
            fields["note"] = [{"text": note}]
        return self.add("Observation", fields)

    def panel(self, name, when, values):
        results = [{"reference": self.lab(test, value, when)} for test, value in values.items()]
        return self.add("DiagnosticReport", {"status": "final", "code": concept(name),
                                             "effectiveDateTime": when, "result": results})

    def around(self, centre, spread):
        """A value near @p centre, the same in every run."""
        return centre + spread * (2 * self.random.random() - 1)

    def vital(self, name, code, value, unit, when, note=None):
        fields = {"status": "final", "category": [clinical("observation-category", "vital-signs")],
                  "code": concept(name, code, LOINC), "effectiveDateTime": when,
                  "valueQuantity": {"value": Digits(value), "unit": unit, "system": UCUM,
                                    "code": unit}}
        if note:
            fields["note"] = [{"text": note}]
        return self.add("Observation", fields)

    def blood_pressure(self, systolic, diastolic, when):
        def part(name, code, value):
            return {"code": concept(name, code, LOINC),
                    "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM,
                                      "code": "mm[Hg]"}}
        return self.add("Observation", {
            "status": "final", "category": [clinical("observation-category", "vital-signs")],
            "code": concept("Blood pressure", "85354-9", LOINC), "effectiveDateTime": when,
            "component": [part("Systolic blood pressure", "8480-6", round(systolic)),
                          part("Diastolic blood pressure", "8462-4", round(diastolic))]})

    def note(self, title, when, author, text, media="text/plain; charset=utf-8", data=None):
        data = data if data is not None else text.strip().encode() + b"\n"
        return self.add("DocumentReference", {
            "status": "current", "type": concept(title), "date": when,
            "author": [{"display": author}],
            "content": [{"attachment": {"contentType": media, "title": title,
                                        "data": base64.b64encode(data).decode()}}]})

    def letter(self, title, when, author, sections):
        """A Composition: (heading, paragraphs) in XHTML."""
        def narrative(paragraphs):
            inner = "".join("<p>%s</p>" % p.replace("&", "&amp;").replace("<", "&lt;")
                            for p in paragraphs)
            return {"status": "additional",
                    "div": '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>' % inner}
        return self.add("Composition", {
            "status": "final", "type": concept(title), "date": when, "title": title,
            "author": [{"display": author}],
            "section": [{"title": heading, "text": narrative(paragraphs)}
                        for heading, paragraphs in sections]})

    def procedure(self, text, code, when, note=None, status="completed"):
        fields = {"status": status, "code": concept(text, code), "performedDateTime": when}
        if note:
            fields["note"] = [{"text": note}]
        return self.add("Procedure", fields)

    def immunisation(self, text, code, when):
        return self.add("Immunization", {
            "status": "completed", "occurrenceDateTime": when,
            "vaccineCode": concept(text, code, "http://hl7.org/fhir/sid/cvx")}, subject="patient")

    def relative(self, relationship, text, code, onset=None):
        condition = {"code": concept(text, code)}
        if onset:
            condition["onsetAge"] = {"value": onset, "unit": "years", "system": UCUM, "code": "a"}
        return self.add("FamilyMemberHistory", {
            "status": "completed", "relationship": concept(relationship),
            "condition": [condition]}, subject="patient")

    def allergy(self, text, code, recorded, reaction=None, severity=None, criticality=None,
                category=None, state="active"):
        fields = {"clinicalStatus": clinical("allergyintolerance-clinical", state),
                  "verificationStatus": clinical("allergyintolerance-verification", "confirmed"),
                  "code": concept(text, code), "recordedDate": recorded}
        if category:
            fields["category"] = [category]
        if criticality:
            fields["criticality"] = criticality
        if reaction:
            fields["reaction"] = [{"manifestation": [concept(reaction)]}]
            if severity:
                fields["reaction"][0]["severity"] = severity
        return self.add("AllergyIntolerance", fields, subject="patient")

    def write(self, path):
        bundle = {"resourceType": "Bundle", "type": "collection",
                  "identifier": {"system": "urn:oid:2.999.1.2", "value": self.patient_id},
                  "entry": self.entries}
        text = json.dumps(bundle, indent=1, ensure_ascii=False)
        # JSON numbers have no trailing zeros in Python, but a laboratory's have: "4.10".
        path.write_text(unquote_digits(text) + "\n", encoding="utf-8")


class Digits(str):
    """Digits that have to stand in the file as they are."""

    def __new__(cls, digits):
        return super().__new__(cls, "\u0001" + digits)


def unquote_digits(text):
    parts = text.split('"\\u0001')
    return parts[0] + "".join(part.replace('"', "", 1) for part in parts[1:])
