# SPDX-License-Identifier: Apache-2.0
"""Bertram Samplewood, born 1961: heart attack, statins, back pain.

In it on purpose: "No known allergies" coded and resolved; mother's penicillin allergy; troponin
below the limit of detection; two weights on one day; dates of a year or a month only."""

from bundle import Record, clinical, concept, LOINC, SNOMED, Digits

GP = "Dr Nils Specimenson"
CARDIOLOGY = "Dr Ida Placeholm, cardiology"


def record():
    r = Record("demo-bertram", 6102)
    r.patient("Samplewood", ["Bertram"], "Mr", "male", "1961-02-03", "DEMO-6102", "Exampleby")
    r.allergy("No known allergies", "716186003", "2017-09-04", state="resolved")
    r.relative("Mother", "Allergy to penicillin", "91936005")
    r.relative("Father", "Myocardial infarction", "22298006", 54)
    r.relative("Brother", "Type 2 diabetes mellitus", "44054006", 50)
    problems(r)
    medications(r)
    heart_attack(r)
    visits(r)
    laboratory(r)
    vitals(r)
    notes(r)
    later_notes(r)
    r.procedure("Appendectomy", "80146002", "1979")
    r.procedure("Inguinal hernia repair, left", "44558001", "2013-04")
    r.procedure("Colonoscopy", "73761001", "2021-11-16", "Two hyperplastic polyps removed. Next 2031.")
    r.immunisation("Influenza, seasonal", "141", "2022-10-20")
    r.immunisation("Influenza, seasonal", "141", "2025-10-16")
    r.immunisation("Tetanus and diphtheria", "139", "2018-05")
    return r


def problems(r):
    r.condition("Coronary artery disease", "53741008", "2022-03-17")
    r.condition("Non-ST elevation myocardial infarction", "401314000", "2022-03-17", "resolved",
                "2022-03-22", category="encounter-diagnosis")
    r.condition("Mixed hyperlipidaemia", "267434003", "2015")
    r.condition("Low back pain", "279039007", "2018-10", "inactive")
    r.condition("Impaired fasting glucose", "390951007", "2023-04-18")
    r.condition("Statin myopathy", None, "2022-10-11", "resolved", "2022-12-06",
                note="With atorvastatin 80 mg. Rosuvastatin is tolerated.")


def medications(r):
    r.medication("Aspirin 81 mg tablet", "243670", "active", "2022-03-17", "1 tablet in the morning",
                 "Coronary artery disease")
    r.medication("Ticagrelor 90 mg tablet", "1116635", "completed", "2022-03-18",
                 "1 tablet twice a day for 12 months", "Stent", "2023-03-21")
    r.medication("Atorvastatin 80 mg tablet", "259255", "stopped", "2022-03-18", "1 tablet at night",
                 "Coronary artery disease", "2022-10-11", "Muscle pain")
    r.medication("Rosuvastatin 10 mg tablet", "859747", "active", "2022-12-06", "1 tablet at night",
                 "Coronary artery disease")
    r.medication("Ezetimibe 10 mg tablet", "349556", "active", "2023-10-17", "1 tablet in the morning",
                 "Mixed hyperlipidaemia")
    r.medication("Metoprolol succinate 50 mg tablet", "866436", "stopped", "2022-03-18",
                 "1 tablet in the morning", "Coronary artery disease", "2024-04-16",
                 "Slow pulse and tiredness")
    r.medication("Ramipril 5 mg capsule", None, "active", "2022-03-18", "1 capsule in the morning")
    r.medication("Naproxen 250 mg tablet", "198013", "completed", "2018-10-09",
                 "1 tablet twice a day for 10 days", "Low back pain", "2018-10-19")
    r.medication("Glyceryl trinitrate 0.4 mg spray", None, "active", "2022-03-22",
                 "1 puff under the tongue as needed for chest pain")
    r.medication("Cholecalciferol 1000 unit tablet", None, "active", "2024-11", "1 tablet a day",
                 kind="MedicationStatement", note="Bought by himself.")


def heart_attack(r):
    r.encounter("Emergency admission", "2022-03-17T05:40:00+01:00", "2022-03-22T14:00:00+01:00",
                "Chest pain", "Demo Heart Centre", inpatient=True)
    for value, when, comparator in ((0.01, "2022-03-17T05:55:00+01:00", "<"),
                                    (0.34, "2022-03-17T09:00:00+01:00", None),
                                    (1.12, "2022-03-17T15:00:00+01:00", None),
                                    (0.41, "2022-03-19T06:00:00+01:00", None)):
        r.lab("troponin", value, when, comparator=comparator)
    r.procedure("Coronary angiography with stent to left anterior descending artery", "36969009",
                "2022-03-17T11:20:00+01:00", "One drug-eluting stent, 3.0 x 22 mm. Right coronary "
                "artery 40 % narrowed, left alone.")
    r.procedure("Echocardiography", "40701008", "2022-03-18T09:00:00+01:00",
                "Ejection fraction 45 %, anterior wall hypokinetic.")
    r.note("Discharge summary", "2022-03-22T13:30:00+01:00", CARDIOLOGY, """
DISCHARGE SUMMARY
Demo Heart Centre. Admitted 17-Mar-2022, discharged 22-Mar-2022.

Diagnosis: non-ST elevation myocardial infarction. Culprit lesion in the left anterior descending
artery, treated with one drug-eluting stent on 17-Mar-2022.

Course: two hours of chest pressure at rest with sweating. First troponin below 0.01 ng/mL, then 0.34
and 1.12 ng/mL. No arrhythmia. Ejection fraction 45 % the day after. Free of pain since the stent.

Risk factors: smoked 20 cigarettes a day until May 2011; father had a heart attack at 54; LDL 168 mg/dL
without treatment. No diabetes.

Allergies: none known. (His mother is allergic to penicillin; he has had amoxicillin without trouble.)

Started: aspirin 81 mg, ticagrelor 90 mg twice a day for twelve months, atorvastatin 80 mg, metoprolol
50 mg, ramipril 5 mg, nitrate spray. Cardiac rehabilitation from 04-Apr-2022.
""")


def visits(r):
    for when in ("2017-09-04", "2018-10-09", "2019-09-17", "2020-09-22", "2021-09-14", "2022-05-10",
                 "2022-10-11", "2022-12-06", "2023-04-18", "2023-10-17", "2024-04-16", "2024-10-15",
                 "2025-04-22", "2025-10-21", "2026-04-21", "2026-10-13"):
        r.encounter("Review in general practice", when + "T14:10:00+02:00", when + "T14:30:00+02:00",
                    place="Demo Family Practice")
    r.encounter("Cardiology clinic", "2023-03-21T09:30:00+01:00", "2023-03-21T10:00:00+01:00",
                "One year after stent", "Demo Heart Centre")
    r.encounter("Emergency visit", "2025-01-08T22:15:00+01:00", "2025-01-09T03:30:00+01:00",
                "Chest pain", "Demo Heart Centre", emergency=True)


def laboratory(r):
    ldl = {"2017-09-01": 154, "2018-10-05": 159, "2019-09-13": 162, "2020-09-18": 166,
           "2021-09-10": 164, "2022-03-17": 168, "2022-05-06": 71, "2022-10-07": 66,
           "2022-12-02": 131, "2023-04-14": 88, "2023-10-13": 84, "2024-04-12": 58,
           "2024-10-11": 54, "2025-04-18": 57, "2025-10-17": 52, "2026-04-17": 55, "2026-10-09": 53}
    for day, value in ldl.items():
        when = day + "T07:40:00+02:00"
        r.panel("Lipids", when, {"ldl": value, "hdl": r.around(44, 3),
                                 "triglycerides": r.around(150, 25)})
        r.panel("Blood chemistry", when, {
            "creatinine": r.around(0.94, 0.06), "potassium": r.around(4.3, 0.3),
            "glucose": r.around(97 if day < "2023" else 112, 4), "alt": r.around(27, 6)})
        if day >= "2023":
            r.lab("hba1c", r.around(5.9, 0.1), when)
        r.lab("haemoglobin", r.around(14.8, 0.4), when)
    for value, day in ((142, "2022-05-06"), (1180, "2022-10-11"), (388, "2022-10-25"),
                       (121, "2022-12-02"), (134, "2023-04-14")):
        r.lab("ck", value, day + "T07:40:00+02:00")
    for when in ("2025-01-08T22:40:00+01:00", "2025-01-09T01:40:00+01:00"):
        r.lab("troponin", 0.01, when, comparator="<")


def vitals(r):
    for index, day in enumerate(("2017-09-04", "2018-10-09", "2019-09-17", "2020-09-22", "2021-09-14",
                                 "2022-05-10", "2022-10-11", "2023-04-18", "2023-10-17", "2024-04-16",
                                 "2024-10-15", "2025-04-22", "2025-10-21", "2026-04-21")):
        when = day + "T14:12:00+02:00"
        r.blood_pressure(r.around(141 if index < 5 else 124, 6), r.around(84 if index < 5 else 74, 5), when)
        r.vital("Body weight", "29463-7", "%.1f" % r.around(92.5 - 0.4 * index, 0.5), "kg", when)
        r.vital("Heart rate", "8867-4", str(round(46 if day == "2024-04-16" else r.around(66, 6))),
                "/min", when)
    # Two scales, one afternoon: nothing in the record says which is right.
    r.vital("Body weight", "29463-7", "86.2", "kg", "2026-10-13T14:12:00+02:00", "Practice scale.")
    r.vital("Body weight", "29463-7", "91.0", "kg", "2026-10-13T14:12:00+02:00", "Told by the patient.")
    r.add("Observation", {
        "status": "final", "category": [clinical("observation-category", "social-history")],
        "code": concept("Tobacco smoking status", "72166-2", LOINC), "effectiveDateTime": "2011-05",
        "valueCodeableConcept": concept("Former smoker", "8517006", SNOMED)})
    r.add("Observation", {
        "status": "final", "category": [clinical("observation-category", "vital-signs")],
        "code": concept("Body height", "8302-2", LOINC), "effectiveDateTime": "2017-09-04",
        "valueQuantity": {"value": Digits("181"), "unit": "cm"}})
    r.add("Observation", {
        "status": "final", "category": [clinical("observation-category", "laboratory")],
        "code": concept("Lipoprotein (a)", "10835-7", LOINC), "effectiveDateTime": "2023-04-14",
        "dataAbsentReason": concept("Sample lost", "error", "http://terminology.hl7.org/CodeSystem/data-absent-reason")})


def notes(r):
    r.note("Progress note", "2018-10-09T14:30:00+02:00", GP, """
Low back pain for nine days after lifting crates. No leg pain, no numbness, bladder normal. Straight
leg raise free on both sides. Naproxen 250 mg twice a day for ten days, keep moving. Cholesterol high
again (LDL 159 mg/dL); does not want a tablet yet.
""")
    r.note("Progress note", "2022-10-11T14:30:00+02:00", GP, """
Six weeks of aching thighs and shoulders, worse on stairs. No dark urine. Creatine kinase today
1180 U/L, it was 142 U/L in May. Stopped atorvastatin 80 mg because of the muscle pain. Kidney function
normal. Repeat creatine kinase in two weeks, statin-free until it is normal.
""")
    r.note("Progress note", "2022-12-06T14:35:00+02:00", GP, """
Muscle pain gone three weeks after stopping atorvastatin; creatine kinase 121 U/L. LDL 131 mg/dL without
a statin. Started rosuvastatin 10 mg at night after talking it over with Dr Placeholm. He knows to
report pain at once.
""")
    r.note("Clinic letter", "2023-03-21T10:00:00+01:00", CARDIOLOGY, """
Dear Dr Specimenson,
one year after the stent Mr Samplewood has no angina and cycles 40 km a week. Ejection fraction has
recovered to 55 %. Ticagrelor ends today as planned; aspirin goes on for life. LDL 88 mg/dL on
rosuvastatin 10 mg, target below 55 mg/dL. As he had muscle trouble with atorvastatin I would add
ezetimibe rather than raise the dose.
""")


def later_notes(r):
    r.note("Progress note", "2024-04-16T14:30:00+02:00", GP, """
Tired for months, pulse 46 per minute at rest. ECG: sinus bradycardia, PR interval 180 ms. Metoprolol
stopped because of slow pulse and tiredness; two years after the infarction with a normal ejection
fraction it is no longer needed. Blood pressure 126/74.
""")
    r.note("Emergency department note", "2025-01-09T03:20:00+01:00", "Dr Finn Dummer, emergency medicine", """
Stabbing pain left of the breastbone since the evening, worse on turning, chest wall tender. ECG
unchanged. Troponin below 0.01 ng/mL at arrival and three hours later. Musculoskeletal chest pain.
Home with paracetamol. Come back if the pain is like that of March 2022.
""")
    r.letter("Cardiac rehabilitation report", "2022-07-01T12:00:00+02:00", "Demo Rehabilitation Centre", [
        ("Attendance", ["22 of 24 sessions between 04-Apr-2022 and 24-Jun-2022."]),
        ("Exercise capacity", ["Start 100 W, end 150 W on the bicycle. No angina, no arrhythmia."]),
        ("Advice", ["Keep at least 150 minutes of exercise a week.",
                    "Target LDL < 55 mg/dL & blood pressure < 130/80 mmHg."]),
    ])
    r.note("Progress note", "2026-10-13T14:35:00+02:00", GP, """
Feels well. Weight on our scale 86.2 kg; he says 91 kg at home this morning, scale to be checked.
LDL 53 mg/dL on rosuvastatin and ezetimibe. Fasting glucose 113 mg/dL, HbA1c 5.9 %: still impaired
fasting glucose, no diabetes. No chest pain since January 2025. Not taken the nitrate spray for a year.
""")
