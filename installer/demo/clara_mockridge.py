# SPDX-License-Identifier: Apache-2.0
"""Clara Mockridge, born 1987: asthma, migraine, thyroid, anaemia, a pregnancy.

In it on purpose: no allergy list at all, but ibuprofen told to cause wheeze in one emergency note;
propranolol stopped for wheeze; a medicine by reference to a contained Medication; an order not to
give a medicine; a foetal heart rate that is not hers."""

from bundle import Record, concept, LOINC, RXNORM

GP = "Dr Hanna Stubbs"
LUNG = "Dr Karel Template, respiratory medicine"
OBSTETRICS = "Dr Mira Exempla, obstetrics"


def record():
    r = Record("demo-clara", 8711)
    r.patient("Mockridge", ["Clara", "Ines"], "Mrs", "female", "1987-11-30", "DEMO-8711", "Draftham")
    r.relative("Mother", "Allergy to latex", "300916003")
    r.relative("Maternal grandmother", "Malignant tumour of breast", "254837009", 67)
    r.relative("Sister", "Hypothyroidism", "40930008", 29)
    problems(r)
    medications(r)
    visits(r)
    laboratory(r)
    vitals(r)
    pregnancy(r)
    notes(r)
    later_notes(r)
    r.procedure("Spirometry", "127783003", "2019-02-12", "FEV1 84 % of predicted, 92 % after salbutamol.")
    r.procedure("Upper gastrointestinal endoscopy", "76009000", "2024-03-19",
                "Normal. Duodenal biopsies without coeliac disease.")
    r.procedure("Caesarean section", "11466000", "2022-11-08", status="not-done",
                note="Planned for breech, cancelled: the baby turned.")
    r.immunisation("Tdap", "115", "2022-08-30")
    r.immunisation("Influenza, seasonal", "141", "2022-10-04")
    r.immunisation("HPV, quadrivalent", "62", "2007")
    return r


def problems(r):
    r.condition("Asthma", "195967001", "1999", note="Mild, worse in spring.")
    r.condition("Migraine without aura", "56097005", "2016-09")
    r.condition("Hypothyroidism", "40930008", "2020-02-18")
    r.condition("Iron deficiency anaemia", "87522002", "2024-01-16", "resolved", "2024-09-10")
    r.condition("Normal pregnancy", "72892002", "2022-02-20", "resolved", "2022-11-13",
                category="encounter-diagnosis")
    r.condition("Fracture of right distal radius", None, "2018-01-27", "resolved", "2018-03-20",
                category="encounter-diagnosis")


def medications(r):
    r.medication("Salbutamol 100 microgram inhaler", None, "active", "2004",
                 "2 puffs as needed", "Asthma")
    r.medication("Budesonide-formoterol 160/4.5 microgram inhaler", None, "active", "2021-04-20",
                 "1 puff twice a day", "Asthma")
    r.medication("Beclometasone 100 microgram inhaler", None, "stopped", "2012-03",
                 "2 puffs twice a day", "Asthma", "2021-04-20", "Asthma not controlled")
    r.medication("Propranolol 40 mg tablet", None, "stopped", "2018-11-06", "1 tablet twice a day",
                 "Migraine without aura", "2019-02-12", "Wheeze")
    r.medication("Topiramate 50 mg tablet", "151226", "stopped", "2019-03-05", "1 tablet twice a day",
                 "Migraine without aura", "2021-11-09", "Wish for pregnancy")
    r.medication("Amitriptyline 10 mg tablet", None, "active", "2023-06-13", "1 tablet at night",
                 "Migraine without aura")
    r.medication("Sumatriptan 50 mg tablet", "313161", "active", "2016-09-20",
                 "1 tablet at the start of a migraine, at most 2 a day")
    r.add("MedicationRequest", {
        "status": "active", "intent": "order", "authoredOn": "2025-05-20",
        "contained": [{"resourceType": "Medication", "id": "thyroxine",
                       "code": concept("Levothyroxine 100 microgram tablet", "892246", RXNORM)}],
        "medicationReference": {"reference": "#thyroxine"},
        "dosageInstruction": [{
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "route": concept("by mouth"),
            "doseAndRate": [{"doseQuantity": {"value": 100, "unit": "microgram"}}]}],
        "reasonCode": [concept("Hypothyroidism", "40930008")]})
    r.medication("Levothyroxine 75 microgram tablet", None, "completed", "2020-02-25",
                 "1 tablet in the morning", "Hypothyroidism", "2025-05-20", "Dose raised")
    r.medication("Ferrous sulfate 325 mg tablet", "310325", "completed", "2024-01-23",
                 "1 tablet every other day", "Iron deficiency anaemia", "2024-09-10")
    r.add("MedicationRequest", {
        "status": "active", "intent": "order", "doNotPerform": True, "authoredOn": "2019-02-12",
        "medicationCodeableConcept": concept("Beta-blocking agents"),
        "reasonCode": [concept("Wheeze with propranolol")]})


def visits(r):
    for when in ("2018-11-06", "2019-03-05", "2020-02-25", "2020-08-18", "2021-04-20", "2021-11-09",
                 "2023-06-13", "2024-01-23", "2024-05-14", "2024-09-10", "2025-05-20", "2025-11-18",
                 "2026-05-19"):
        r.encounter("Review in general practice", when + "T16:00:00Z", when + "T16:20:00Z",
                    place="Demo Health Centre")
    r.encounter("Respiratory clinic", "2019-02-12T10:00:00Z", "2019-02-12T10:45:00Z", "Wheeze",
                "Demo Lung Clinic")
    r.encounter("Emergency visit", "2023-12-02T23:10:00Z", "2023-12-03T04:20:00Z", "Asthma attack",
                "Demo Hospital, emergency department", emergency=True)
    r.encounter("Delivery", "2022-11-13T03:30:00Z", "2022-11-15T12:00:00Z", "Labour",
                "Demo Hospital, maternity", inpatient=True)


def laboratory(r):
    for day, value in (("2020-02-18", 9.84), ("2020-05-12", 4.62), ("2020-08-11", 2.31),
                       ("2021-04-13", 2.05), ("2022-03-22", 3.4), ("2022-06-14", 2.2),
                       ("2023-06-06", 2.84), ("2024-05-07", 3.77), ("2025-05-13", 6.15),
                       ("2025-11-11", 2.4), ("2026-05-12", 2.1)):
        r.lab("tsh", value, day + "T08:00:00Z")
    for day, value, store in (("2018-10-30", 12.8, 34), ("2020-02-18", 12.4, 29),
                              ("2021-04-13", 12.3, 26), ("2022-06-14", 11.4, 18),
                              ("2023-12-03", 10.6, None), ("2024-01-16", 9.9, 6),
                              ("2024-05-07", 11.7, 21), ("2024-09-03", 13.1, 48),
                              ("2025-05-13", 13.0, 41), ("2026-05-12", 12.9, 38)):
        when = day + "T08:00:00Z"
        r.lab("haemoglobin", value, when)
        if store:
            r.lab("ferritin", store, when)
        r.panel("Blood chemistry", when, {"creatinine": r.around(0.72, 0.05),
                                          "potassium": r.around(4.1, 0.3),
                                          "sodium": r.around(140, 2)})
    r.lab("magnesium", 2.0, "2024-05-07T08:00:00Z")
    r.lab("crp", 3, "2023-12-02T23:40:00Z", comparator="<")
    r.lab("potassium", 3.2, "2023-12-03T02:30:00Z", note="After repeated salbutamol nebules.")
    r.lab("ferritin", 33, "2026-11-17T08:00:00Z", "preliminary")


def vitals(r):
    for day, weight, flow in (("2018-11-06", 63.1, 390), ("2019-03-05", 62.6, 400),
                              ("2020-08-18", 67.8, 385), ("2021-04-20", 66.0, 340),
                              ("2023-06-13", 68.9, 410), ("2024-01-23", 67.2, 395),
                              ("2024-09-10", 67.5, 420), ("2025-05-20", 69.4, 415),
                              ("2026-05-19", 68.3, 420)):
        when = day + "T16:05:00Z"
        r.blood_pressure(r.around(116, 7), r.around(72, 5), when)
        r.vital("Body weight", "29463-7", "%.1f" % weight, "kg", when)
        r.vital("Peak expiratory flow", "19935-6", str(flow), "L/min", when)
    r.vital("Oxygen saturation", "2708-6", "90", "%", "2023-12-02T23:15:00Z", "On air.")
    r.vital("Oxygen saturation", "2708-6", "97", "%", "2023-12-03T04:00:00Z", "On air.")


def pregnancy(r):
    for day in ("2022-05-03", "2022-07-12", "2022-09-06", "2022-10-18"):
        r.encounter("Antenatal visit", day + "T11:00:00Z", day + "T11:30:00Z", "Pregnancy",
                    "Demo Hospital, maternity")
        r.blood_pressure(r.around(112, 5), r.around(68, 4), day + "T11:05:00Z")
    # Whose heart it is stands in focus only.
    r.add("Observation", {
        "status": "final", "code": concept("Heart rate", "8867-4", LOINC),
        "focus": [{"display": "Foetus"}], "effectiveDateTime": "2022-10-18T11:10:00Z",
        "valueQuantity": {"value": 148, "unit": "/min"}})
    r.letter("Delivery report", "2022-11-15T11:00:00Z", OBSTETRICS, [
        ("Delivery", ["Spontaneous delivery on 13-Nov-2022 at 39 weeks and 4 days, a girl of 3280 g.",
                      "Blood loss 450 mL. First degree tear, sutured."]),
        ("Course", ["The section planned for 08-Nov-2022 was cancelled because the baby had turned.",
                    "Asthma quiet throughout. Levothyroxine 75 microgram unchanged."]),
        ("Advice", ["TSH six weeks after delivery. Topiramate may not be taken in a further pregnancy."]),
    ])


def notes(r):
    r.note("Progress note", "2018-11-06T16:20:00Z", GP, """
Migraine five to six days a month, always on the right, with vomiting. Sumatriptan helps when taken
early. Wants something to prevent it. Asthma has been quiet for two years, so after discussion started
propranolol 40 mg twice a day, to stop at once if she wheezes. Father well, mother has a latex allergy.
""")
    r.note("Clinic letter", "2019-02-12T10:45:00Z", LUNG, """
Dear Dr Stubbs,
Mrs Mockridge has wheezed every night since November, beginning a week after propranolol was started.
Spirometry shows an obstruction that salbutamol reverses (FEV1 84 to 92 % of predicted). Propranolol
stopped today because of wheeze. She should not be given beta-blockers again, eye drops included. The
wheeze should be gone within days; if it is not I would be glad to see her again.
""")
    r.note("Progress note", "2020-02-25T16:20:00Z", GP, """
Tired, gained 5 kg in a year, cold hands. TSH 9.84 mIU/L, antibodies positive. Her sister takes thyroxine
too. Started levothyroxine 75 microgram in the morning, half an hour before breakfast. TSH again in
three months. Migraine down to one day a month on topiramate.
""")
    r.note("Progress note", "2021-11-09T16:20:00Z", GP, """
Wishes to become pregnant. Topiramate stopped today for that reason, it can harm the unborn child.
Folic acid started by herself. Budesonide-formoterol goes on, asthma well controlled since April.
""")


def later_notes(r):
    r.note("Emergency department note", "2023-12-03T04:10:00Z", "Dr Jonas Vorlage, emergency medicine", """
Brought by ambulance with wheeze and breathlessness since 22:00, thirty minutes after one tablet of
ibuprofen 400 mg for period pain. She says the same happened, more mildly, with ibuprofen in 2015. No
rash, no swelling of the lips. Oxygen saturation 90 % on air, peak flow 210 L/min.
Salbutamol nebules three times, prednisolone 40 mg, magnesium not needed. At 04:00 saturation 97 %, peak
flow 370 L/min. Haemoglobin 10.6 g/dL by the way, please look into it.
Impression: asthma attack set off by ibuprofen. Told to avoid ibuprofen, aspirin and naproxen; paracetamol
is safe. Please record this as an allergy.
""")
    r.note("Progress note", "2024-01-23T16:20:00Z", GP, """
Haemoglobin 9.9 g/dL, ferritin 6 ng/mL: iron deficiency anaemia. Periods heavy since the birth. No blood
in the stool. Started ferrous sulfate 325 mg every other day. Referred for endoscopy as coeliac disease
runs with thyroid disease. Gynaecology appointment in February.
""")
    r.note("Progress note", "2024-09-10T16:20:00Z", GP, """
Haemoglobin 13.1 g/dL, ferritin 48 ng/mL. Iron stopped, stores are full. Endoscopy and biopsies in March
were normal. Hormonal coil since April, bleeding much less. Migraine twice a month on amitriptyline.
""")
    r.note("Progress note", "2025-05-20T16:20:00Z", GP, """
TSH 6.15 mIU/L and tired again. Takes the tablet right with breakfast since the spring; advised half an
hour before. Levothyroxine raised from 75 to 100 microgram. TSH in six months.
""")
    r.letter("Asthma action plan", "2026-05-19T16:20:00Z", GP, [
        ("Every day", ["Budesonide-formoterol 160/4.5 microgram, 1 puff twice a day."]),
        ("When worse", ["Peak flow below 335 L/min or waking at night: 2 puffs twice a day.",
                        "Salbutamol 2 puffs as needed, at most every four hours."]),
        ("Emergency", ["Peak flow below 210 L/min: call an ambulance, salbutamol 10 puffs."]),
    ])
    r.note("Radiology report", "2018-01-27T18:00:00Z", "Demo Radiology", "", "application/pdf",
           b"%PDF-1.4\n" + bytes((index * 53 + 7) % 256 for index in range(900)) + b"\n%%EOF\n")
