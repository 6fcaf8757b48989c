# SPDX-License-Identifier: Apache-2.0
"""Anna Testfield, born 1948: diabetes, hypertension, kidney disease, atrial fibrillation.

In it on purpose: lisinopril stopped for cough and still on the practice's list (contradiction);
trimethoprim rash told in a note only; a preliminary potassium; a corrected creatinine; a scan that
can't be read; a condition entered in error."""

from bundle import Record, clinical, concept, LOINC, Digits

GP = "Dr Petra Modelhurst"
CARDIOLOGY = "Dr Owen Draftley, cardiology"
WARD = "Dr Lena Proofstone, general medicine"


def record():
    r = Record("demo-anna", 4801)
    r.patient("Testfield", ["Anna", "Louise"], "Ms", "female", "1948-07-14", "DEMO-4801", "Sampleton")
    problems(r)
    medications(r)
    r.allergy("Penicillin", "91936005", "2009-05-11", "Anaphylaxis", "severe", "high", "medication")
    r.relative("Mother", "Allergy to aspirin", "293586001")
    r.relative("Father", "Stroke", "230690007", 71)
    visits(r)
    admission(r)
    laboratory(r)
    vitals(r)
    notes(r)
    later_notes(r)
    r.procedure("Cataract extraction, right eye", "54885007", "2020-10-06")
    r.procedure("Echocardiography", "40701008", "2022-09-20T10:30:00+01:00",
                "Ejection fraction 55 %. Left atrium mildly dilated.")
    r.immunisation("Influenza, seasonal, high dose", "135", "2023-10-12")
    r.immunisation("Influenza, seasonal, high dose", "135", "2025-10-09")
    r.immunisation("Pneumococcal polysaccharide PPV23", "33", "2014-11-03")
    return r


def problems(r):
    r.condition("Type 2 diabetes mellitus", "44054006", "2011-03")
    r.condition("Essential hypertension", "59621000", "2008")
    r.condition("Chronic kidney disease stage 3a", "700378005", "2021-06-15")
    r.condition("Paroxysmal atrial fibrillation", "282825002", "2022-09-06")
    r.condition("Osteoarthritis of left knee", "239873007", "2017-02")
    r.condition("Community acquired pneumonia, right lower lobe", "385093006", "2024-01-29",
                "resolved", "2024-02-19", category="encounter-diagnosis")
    r.condition("Chronic obstructive lung disease", "13645005", "2024-01-30",
                verification="entered-in-error")
    r.condition("Asthma", "195967001", "2024-02-26", verification="refuted",
                note="Spirometry normal, cough explained by lisinopril.")


def medications(r):
    r.medication("Metformin 500 mg tablet", "861007", "active", "2011-04-02",
                 "1 tablet twice a day with meals", "Type 2 diabetes mellitus",
                 note="Dose halved from 1000 mg twice a day in June 2021 because of the kidneys.")
    r.medication("Lisinopril 10 mg tablet", "314076", "stopped", "2019-05-14",
                 "1 tablet in the morning", "Essential hypertension", "2024-03-04",
                 "Persistent dry cough")
    r.medication("Losartan 50 mg tablet", "979492", "active", "2024-03-04",
                 "1 tablet in the morning", "Essential hypertension")
    r.medication("Amlodipine 5 mg tablet", "197361", "active", "2016-08-22", "1 tablet in the evening",
                 "Essential hypertension")
    r.medication("Warfarin 3 mg tablet", "855318", "stopped", "2022-09-20", "according to INR",
                 "Atrial fibrillation", "2023-11-21", "Unstable INR")
    r.medication("Apixaban 5 mg tablet", "1364445", "active", "2023-11-21", "1 tablet twice a day",
                 "Atrial fibrillation")
    r.medication("Atorvastatin 20 mg tablet", "617310", "active", "2012-01-17", "1 tablet at night")
    r.medication("Doxycycline 100 mg capsule", None, "completed", "2024-01-29",
                 "1 capsule twice a day for 7 days", "Community acquired pneumonia", "2024-02-05")
    r.medication("Ibuprofen 400 mg tablet", "197805", "stopped", "2020-03-03",
                 "1 tablet as needed for knee pain", "Osteoarthritis of left knee", "2021-06-15",
                 "Kidney function falling")
    # The practice's own list was never brought up to date.
    r.medication("Lisinopril 10 mg tablet", "314076", "active", "2019-05-14",
                 "1 tablet in the morning", kind="MedicationStatement",
                 note="Repeat list of Demo General Practice, printed 2024-03-20.")


def visits(r):
    for when in ("2019-05-14", "2019-11-12", "2020-05-19", "2020-11-17", "2021-06-15", "2021-12-07",
                 "2022-06-14", "2022-12-13", "2023-06-13", "2023-12-12", "2024-03-04", "2024-06-11",
                 "2024-12-10", "2025-06-10", "2025-12-09", "2026-06-09"):
        r.encounter("Diabetes and blood pressure review", when + "T09:20:00+01:00",
                    when + "T09:45:00+01:00", place="Demo General Practice")
    r.encounter("Cardiology clinic", "2022-09-20T10:00:00+01:00", "2022-09-20T10:40:00+01:00",
                "Palpitations", "Demo Hospital, outpatients")
    r.encounter("Cardiology clinic", "2023-11-21T11:00:00+00:00", "2023-11-21T11:25:00+00:00",
                "Unstable INR", "Demo Hospital, outpatients")


def admission(r):
    r.encounter("Emergency admission", "2024-01-29T18:05:00+00:00", "2024-02-02T11:30:00+00:00",
                "Fever and cough", "Demo Hospital, ward 4", inpatient=True)
    for test, value, when in (("crp", 168, "2024-01-29T18:40:00+00:00"),
                              ("crp", 74, "2024-01-31T06:30:00+00:00"),
                              ("crp", 21, "2024-02-02T06:30:00+00:00"),
                              ("creatinine", 1.61, "2024-01-29T18:40:00+00:00"),
                              ("creatinine", 1.34, "2024-02-02T06:30:00+00:00"),
                              ("potassium", 4.9, "2024-01-29T18:40:00+00:00")):
        r.lab(test, value, when)
    r.add("DiagnosticReport", {
        "status": "final", "code": concept("Chest X-ray", "36643-5", LOINC),
        "effectiveDateTime": "2024-01-29T19:10:00+00:00", "performer": [{"display": "Demo Radiology"}],
        "conclusion": "Consolidation in the right lower lobe. No effusion. Heart size normal."})
    r.note("Discharge summary", "2024-02-02T11:00:00+00:00", WARD, """
DISCHARGE SUMMARY
Demo Hospital, ward 4. Admitted 29-Jan-2024, discharged 02-Feb-2024.

Diagnosis: community acquired pneumonia of the right lower lobe, CURB-65 score 2.
Background: type 2 diabetes, hypertension, CKD stage 3a, paroxysmal atrial fibrillation.

Course: three days of fever and productive cough. Oxygen saturation 91 % on air on arrival, 96 % on
discharge without oxygen. Because of the recorded anaphylaxis to penicillin she was given doxycycline
100 mg twice a day; fever settled on the second day. Creatinine rose to 1.61 mg/dL with dehydration and
was 1.34 mg/dL at discharge. CRP fell from 168 to 21 mg/L. No atrial fibrillation on the monitor.

Medicines at discharge: metformin, lisinopril, amlodipine, apixaban, atorvastatin unchanged;
doxycycline to finish on 05-Feb-2024.

For the practice: please repeat creatinine in two weeks. A dry cough that she has had since the summer
of 2023 was there before this illness; please review lisinopril if it lasts. Chest X-ray again in six
weeks.
""")


def laboratory(r):
    creatinine = {"2019": 1.02, "2020": 1.08, "2021": 1.21, "2022": 1.24, "2023": 1.27, "2024": 1.29,
                  "2025": 1.31, "2026": 1.33}
    a1c = {"2019": 7.9, "2020": 7.6, "2021": 7.4, "2022": 7.1, "2023": 7.3, "2024": 7.5, "2025": 7.2,
           "2026": 7.0}
    for day in ("2019-05-10", "2019-11-08", "2020-05-15", "2020-11-13", "2021-06-11", "2021-12-03",
                "2022-06-10", "2022-12-09", "2023-06-09", "2023-12-08", "2024-06-07", "2024-12-06",
                "2025-06-06", "2025-12-05", "2026-06-05"):
        year, when = day[:4], day + "T08:14:00+01:00"
        value = r.around(creatinine[year], 0.04)
        r.panel("Kidney function and electrolytes", when, {
            "potassium": r.around(4.5, 0.3), "sodium": r.around(139, 2), "creatinine": value,
            "egfr": r.around(59 - 28 * (value - 1.0), 1)})
        r.panel("Diabetes and lipids", when, {
            "hba1c": r.around(a1c[year], 0.1), "glucose": r.around(138, 12), "ldl": r.around(84, 8),
            "hdl": r.around(49, 4), "triglycerides": r.around(160, 20)})
        r.lab("haemoglobin", r.around(12.9, 0.4), when)
    for when, value in (("2022-10-04", 2.3), ("2022-11-08", 3.4), ("2022-12-20", 1.7),
                        ("2023-02-14", 2.6), ("2023-05-09", 3.9), ("2023-08-15", 1.6),
                        ("2023-11-14", 4.2)):
        r.lab("inr", value, when + "T08:30:00+00:00")
    r.lab("creatinine", 1.36, "2026-10-20T08:05:00+01:00", "corrected",
          note="Corrected report: 1.63 was sent first by mistake.")
    r.lab("potassium", 5.4, "2026-11-10T07:55:00+00:00", "preliminary",
          note="Sample slightly haemolysed; repeat requested.")
    r.lab("potassium", 4.6, "2026-10-20T08:05:00+01:00")
    r.lab("troponin", 0.01, "2024-01-29T18:40:00+00:00", comparator="<")


def vitals(r):
    weight = 78.4
    for index, day in enumerate(("2019-05-14", "2019-11-12", "2020-05-19", "2020-11-17", "2021-06-15",
                                 "2021-12-07", "2022-06-14", "2022-12-13", "2023-06-13", "2023-12-12",
                                 "2024-06-11", "2024-12-10", "2025-06-10", "2025-12-09",
                                 "2026-06-09")):
        when = day + "T09:25:00+01:00"
        r.blood_pressure(r.around(138, 9), r.around(79, 6), when)
        r.vital("Body weight", "29463-7", "%.1f" % (weight - 0.35 * index + r.around(0, 0.4)), "kg", when)
        r.vital("Heart rate", "8867-4", str(round(r.around(74, 7))), "/min", when)
    r.add("Observation", {
        "status": "final", "category": [clinical("observation-category", "social-history")],
        "code": concept("Tobacco smoking status", "72166-2", LOINC), "effectiveDateTime": "2019-05-14",
        "valueCodeableConcept": concept("Former smoker, stopped 1992", "8517006")})
    r.add("Observation", {
        "status": "final", "category": [clinical("observation-category", "vital-signs")],
        "code": concept("Body height", "8302-2", LOINC), "effectiveDateTime": "2019-05-14",
        "valueQuantity": {"value": Digits("162"), "unit": "cm"}})


def notes(r):
    r.note("Progress note", "2019-05-14T09:45:00+01:00", GP, """
Review of blood pressure and diabetes. Home readings around 152/88 on amlodipine 5 mg alone. Urine
albumin slightly raised. Started lisinopril 10 mg in the morning, told about cough and about stopping
it when vomiting. Feet: pulses felt, monofilament normal on both sides. HbA1c 7.9 %. Agreed to walk
half an hour a day.
""")
    r.note("Progress note", "2021-06-15T09:50:00+01:00", GP, """
Creatinine has crept up over two years; with an eGFR in the fifties twice, three months apart, this is
chronic kidney disease stage 3a. She had been taking ibuprofen 400 mg for the left knee, up to three a
day. Stopped ibuprofen, paracetamol instead. Metformin reduced from 1000 mg to 500 mg twice a day.
Told us today that trimethoprim, given for a bladder infection in 2016 on holiday, brought her out in
an itchy rash over the trunk within two days. She avoids it since. Not wheezy then, no swelling.
""")
    r.note("Clinic letter", "2022-09-20T10:40:00+01:00", CARDIOLOGY, """
Dear Dr Modelhurst,
thank you for sending Ms Testfield. Her seven-day recorder shows paroxysmal atrial fibrillation, the
longest run 3 hours 40 minutes on 06-Sep-2022. Echocardiogram: ejection fraction 55 %, left atrium
mildly dilated, no valve disease. CHA2DS2-VASc 5 (age, sex, hypertension, diabetes).
Started warfarin 3 mg, INR target 2.0 to 3.0, after discussing a direct anticoagulant, which she did
not want at the time. No rate control needed. Her mother was allergic to aspirin; she herself has taken
aspirin without trouble.
""")
    r.note("Clinic letter", "2023-11-21T11:25:00+00:00", CARDIOLOGY, """
Dear Dr Modelhurst,
the INR has been between 1.6 and 4.2 this year in spite of good adherence; time in range was 41 %.
Warfarin stopped today and apixaban 5 mg twice a day started once the INR was below 2.0. No bleeding.
Weight over 60 kg and creatinine under 1.5 mg/dL, so no dose reduction is needed; please recheck this
once a year.
""")


def later_notes(r):
    r.note("Progress note", "2024-03-04T09:45:00+01:00", GP, """
Dry cough since about July 2023, worse at night, no sputum, no wheeze. It did not change after the
pneumonia in January. Chest X-ray of 01-Mar-2024 clear, spirometry normal, so asthma was ruled out.
Stopped lisinopril today because of the persistent dry cough and started losartan 50 mg in the morning
instead. Potassium and creatinine in two weeks. Blood pressure today 141/80.
""")
    r.note("Progress note", "2024-06-11T09:45:00+01:00", GP, """
Cough gone within a month of stopping lisinopril. Blood pressure 134/76 on losartan 50 mg and
amlodipine 5 mg. Potassium 4.6 after the change. HbA1c stable. Denies chest pain, breathlessness or
bleeding on apixaban. The repeat list printed in March still named lisinopril; asked the front desk to
remove it, she has none at home.
""")
    r.letter("Referral to ophthalmology", "2025-06-10T10:00:00+01:00", GP, [
        ("Reason for referral", ["Diabetic eye screening of 28-May-2025: new haemorrhages in the left "
                                 "eye (grade R2). Right eye unchanged (R1) after cataract surgery in "
                                 "October 2020."]),
        ("Background", ["Type 2 diabetes since March 2011, HbA1c 7.2 %.",
                        "Hypertension, CKD stage 3a, paroxysmal atrial fibrillation on apixaban."]),
        ("Allergies", ["Penicillin: anaphylaxis, recorded 2009."]),
    ])
    r.note("Progress note", "2026-06-09T09:45:00+01:00", GP, """
Annual review. Feels well, walks daily. Left knee stiff in the morning, manages with paracetamol.
HbA1c 7.0 %, the best in years. Creatinine 1.33 mg/dL, stable for two years. Weight 73 kg. Feet normal.
Eye clinic every six months, laser to the left eye in September 2025. Plan: keep all medicines; blood
test in October; influenza vaccine in the autumn.
""")
    scan = b"II*\x00\x08\x00\x00\x00" + bytes((index * 37 + 11) % 256 for index in range(1800))
    r.note("Scanned letter", "2020-10-08", "Demo Eye Clinic", "", "image/tiff", scan)
