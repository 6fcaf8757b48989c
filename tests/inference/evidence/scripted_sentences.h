// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

/// Evidence made up for the check of claims, and sentences with their verdicts.
namespace scripted_sentences {

inline evidence::EvidenceItem item(int number, evidence::Topic topic, const char* text,
                                   const char* date)
{
    evidence::EvidenceItem made;
    made.number = number;
    made.topic = topic;
    made.kind = topic == evidence::Topic::Note ? evidence::Kind::Passage : evidence::Kind::Fact;
    made.text = text;
    made.date = records::parseDate(date);
    return made;
}

struct Told {
    int number;
    evidence::Topic topic;
    const char* text;
    const char* date;
};

/// The evidence that all scripted sentences are told about.
inline constexpr Told kTold[] = {
    {1, evidence::Topic::Observation,
     "Potassium 5.6 mmol/L (range 3.5-5.1, high) on 02-Mar-2026, final", "2026-03-02"},
    {2, evidence::Topic::Observation, "Sodium 139 mmol/L (range 135-145) on 02-Mar-2026, final",
     "2026-03-02"},
    {3, evidence::Topic::Medication,
     "Medication: Lisinopril 10 MG Oral Tablet, stopped; started 01-Feb-2019; stopped "
     "03-Mar-2026",
     "2026-03-03"},
    {4, evidence::Topic::Medication,
     "Medication: Metformin 500 MG Oral Tablet, active; dosage: 1 tablet twice daily; "
     "started 04-May-2018",
     "2018-05-04"},
    {5, evidence::Topic::Note,
     "Lisinopril was stopped because of a persistent dry cough. / Losartan 50 mg once "
     "daily was started. Denies chest pain.",
     "2026-03-03"},
    {6, evidence::Topic::Note,
     "Mother had breast cancer and codeine allergy. Right knee pain, no swelling of the "
     "left knee.",
     "2020-09-10"},
    {7, evidence::Topic::Observation, "Troponin I <0.01 ng/mL on 01-Feb-2023, final", "2023-02-01"},
    {8, evidence::Topic::Allergy,
     "Allergy: Penicillin; reaction Anaphylaxis (severe); criticality high; medication", ""},
    {9, evidence::Topic::Condition, "Problem: Asthma, resolved; since 2001; resolved Jun-2015",
     "2001"},
    {10, evidence::Topic::Observation, "Blood pressure 132/84 mmHg on 02-Mar-2026, final",
     "2026-03-02"},
    {11, evidence::Topic::Observation, "Potassium 4.6 mmol/L (range 3.5-5.1) on 09-Jan-2024, final",
     "2024-01-09"},
    {12, evidence::Topic::Condition, "Problem: Essential hypertension, active; since 2019", "2019"},
    {13, evidence::Topic::Note, "Bloods: K 4.1, Na 138. Weight stable.", "2021-05-05"},
    {14, evidence::Topic::Note,
     "the INR has been between 1.6 and 4.2 this year in spite of good adherence; time in "
     "range was 41 %. Warfarin stopped today and apixaban 5 mg twice a day started once "
     "the INR was below 2.0. No bleeding.",
     "2023-11-21"},
    {15, evidence::Topic::Medication,
     "Medication: Warfarin 3 mg tablet, stopped; dosage: according to INR; started "
     "20-Sep-2022; stopped 21-Nov-2023; given for Atrial fibrillation; reason for the "
     "status: Unstable INR",
     "2023-11-21"},
    {16, evidence::Topic::Medication,
     "Medication: Apixaban 5 mg tablet, active; dosage: 1 tablet twice a day; started "
     "21-Nov-2023; given for Atrial fibrillation",
     "2023-11-21"},
    {17, evidence::Topic::Note,
     "Bisoprolol was stopped because of dizziness and diltiazem was started because of "
     "angina. Furosemide was not stopped.",
     "2022-05-03"},
    {18, evidence::Topic::Note,
     "Changed from simvastatin to rosuvastatin because of muscle ache. Clopidogrel was "
     "replaced by ticagrelor. Stopped ibuprofen, paracetamol instead.",
     "2022-06-07"},
    {19, evidence::Topic::Note,
     "Gabapentin was increased and amitriptyline was reduced. Digoxin, spironolactone "
     "and ivabradine were stopped. Sertraline was held and then resumed.",
     "2022-07-08"},
    {20, evidence::Topic::Note,
     "Pregabalin as before, tramadol stopped. Codeine stopped morphine started.", "2022-08-09"},
    {21, evidence::Topic::Note,
     "Enalapril was stopped because of angioedema and candesartan was started instead. "
     "Started edoxaban instead of dabigatran. Prasugrel, started in 2020, was stopped "
     "and replaced with aspirin. Heart failure resolved and hypertension is active.",
     "2022-09-10"},
};

inline evidence::Evidence scripted()
{
    evidence::Evidence made;
    for (const Told& told : kTold)
        made.items.push_back(item(told.number, told.topic, told.text, told.date));
    return made;
}

/// A sentence, and what the check must say of it.
struct Row {
    const char* verdict;
    const char* reason;
    const char* sentence;
};

constexpr Row supported(const char* sentence)
{
    return {"supported", "", sentence};
}
constexpr Row wrong(const char* reason, const char* sentence)
{
    return {"not_supported", reason, sentence};
}
constexpr Row partly(const char* reason, const char* sentence)
{
    return {"partly", reason, sentence};
}
constexpr Row noClaim(const char* sentence)
{
    return {"no_claim", "", sentence};
}

inline constexpr Row kSentences[] = {
    supported("The last potassium was 5.6 mmol/L on 02-Mar-2026 [1]."),
    supported("Potassium was 5.60 mmol/l on 2 March 2026 [1]."),
    supported("On March 2, 2026 the potassium was high at 5.6 mmol/L. [1]"),
    supported("Potassium was elevated (5.6 mmol/L) in March 2026 [1]."),
    supported("Her potassium was 5.6 and her sodium 139 mmol/L [1][2]."),
    supported(
        "Potassium rose from 4.6 mmol/L on 09-Jan-2024 to 5.6 mmol/L on 02-Mar-2026 [11][1]."),
    supported("The blood pressure was 132/84 mmHg on 2026-03-02 [10]."),
    supported("Lisinopril was stopped on 03-Mar-2026 [3]."),
    supported("Lisinopril was discontinued due to a persistent dry cough [5]."),
    supported("Lisinopril was stopped in March 2026 because of a dry cough [3][5]."),
    supported("Lisinopril was started in February 2019 [3]."),
    supported("She is currently taking metformin 500 mg twice a day [4]."),
    supported("The patient takes Glucophage 500 mg twice daily [4]."),
    supported("Losartan 50 mg once daily was started [5]."),
    supported("She denies chest pain [5]."),
    supported("Her mother had breast cancer [6]."),
    supported("She had pain in the right knee [6]."),
    supported("There was no swelling of the left knee [6]."),
    supported("Troponin I was below 0.01 ng/mL on 1 February 2023 [7]."),
    supported("The patient is allergic to penicillin, with severe anaphylaxis [8]."),
    supported("Asthma resolved in June 2015 [9]."),
    supported("She has high blood pressure since 2019 [12]."),
    supported("1. Metformin 500 mg, active [4]"),

    wrong("number", "The last potassium was 5.7 mmol/L on 02-Mar-2026 [1]."),
    wrong("number", "The last potassium was about 6 mmol/L [1]."),
    wrong("number", "The potassium was 5.1 mmol/L [1]."), // the bound of the range
    wrong("unit", "The potassium was 5.6 mg/dL [1]."),
    wrong("unit", "Metformin 500 mcg is active [4]."),
    wrong("unit", "The dosage of metformin is 1 mg [4]."), // 1 tablet
    wrong("date", "The potassium was 5.6 mmol/L on 03-Mar-2026 [1]."),
    wrong("date", "Lisinopril was stopped on 01-Feb-2019 [3]."), // the day it was started
    wrong("date_too_fine", "Asthma resolved on 12 June 2015 [9]."),
    wrong("pairing", "The sodium was 5.6 mmol/L [1][2]."),
    wrong("pairing", "Potassium was 4.6 mmol/L on 02-Mar-2026 [1][11]."),
    wrong("measurement", "The sodium was 5.6 mmol/L [1]."),
    wrong("drug", "Ramipril was stopped on 03-Mar-2026 [3]."),
    wrong("drug", "Amlodipine 50 mg once daily was started [5]."),
    wrong("comparator", "Troponin I was 0.01 ng/mL on 01-Feb-2023 [7]."),
    wrong("comparator", "Troponin I was >0.01 ng/mL [7]."),
    wrong("comparator", "The potassium was less than 5.6 mmol/L [1]."),
    wrong("negation", "She has chest pain [5]."),
    wrong("negation", "Lisinopril was not stopped [5]."),
    wrong("negation", "She is not allergic to penicillin [8]."),
    wrong("side", "She had pain in the left knee [6]."),
    wrong("side", "She had bilateral knee pain [6]."),
    wrong("subject", "She had breast cancer [6]."),
    wrong("subject", "Her mother denies chest pain [5]."),
    wrong("status", "She is currently taking lisinopril [3]."),
    wrong("status", "Metformin was stopped [4]."),
    wrong("status", "Metformin is on hold [4]."),
    wrong("frequency", "Metformin 500 mg is taken three times daily [4]."),
    wrong("frequency", "Losartan 50 mg twice daily was started [5]."),
    wrong("direction", "The potassium was low at 5.6 mmol/L [1]."),
    wrong("direction", "Potassium fell from 4.6 to 5.6 mmol/L [11][1]."),
    wrong("cause", "Lisinopril was stopped because of hyperkalaemia [5]."),
    wrong("cause", "Lisinopril was stopped due to angioedema [3]."),
    wrong("wording", "The patient is allergic to metformin [4]."),
    wrong("wording", "She was admitted with appendicitis [2]."),
    wrong("nothing_cited", "She had a colonoscopy."),
    wrong("nothing_cited", "139."),
    wrong("nothing_cited", "The potassium was 6.2 mmol/L."),
    wrong("nothing_cited", "The potassium was 6.2 mmol/L [40]."),

    partly("unit", "The potassium was 4.1 mmol/L [13]."), // recorded without a unit
    partly("date_ambiguous", "The potassium was 5.6 mmol/L on 02/03/2026 [1]."),
    partly("unknown_citation", "The potassium was 5.6 mmol/L [1][40]."),
    partly("wording", "The potassium of 5.6 mmol/L indicates renal impairment [1]."),
    wrong("past", "She has asthma [9]."),

    // A status belongs to the medicine of its own part, a reason to the status it explains.
    supported("Warfarin was stopped because the INR was between 1.6 and 4.2 [14]."),
    supported("Apixaban was started and warfarin was stopped [14]."),
    supported("She was switched from warfarin to apixaban 5 mg twice a day [14]."),
    supported("Warfarin was stopped and replaced by apixaban [14]."),
    supported("Warfarin was changed to apixaban in November 2023 [14]."),
    supported("Warfarin was started on 20-Sep-2022 and stopped on 21-Nov-2023 [15]."),
    supported("Warfarin was stopped because of an unstable INR [15]."),
    supported("Warfarin was started for atrial fibrillation [15]."),
    supported("She takes apixaban for atrial fibrillation [16]."),
    supported("Because of dizziness, bisoprolol was stopped [17]."),
    supported("They stopped bisoprolol owing to dizziness and started diltiazem [17]."),
    supported("Furosemide was not stopped [17]."),
    supported("Simvastatin was stopped because of muscle ache and rosuvastatin started [18]."),
    supported("Ticagrelor was started and clopidogrel discontinued [18]."),
    supported("Ibuprofen was replaced by paracetamol [18]."),
    supported("Digoxin and spironolactone were stopped [19]."),
    supported("Gabapentin was increased [19]."),
    supported("Sertraline was resumed [19]."),
    wrong("status", "Warfarin was started because the INR was between 1.6 and 4.2 [14]."),
    wrong("status", "Because the INR was between 1.6 and 4.2, they started warfarin [14]."),
    wrong("status", "Apixaban was stopped because the INR was between 1.6 and 4.2 [14]."),
    wrong("status", "She was switched from apixaban to warfarin [14]."),
    wrong("status", "Apixaban was stopped and warfarin was started [14]."),
    wrong("status", "Apixaban was replaced by warfarin [14]."),
    wrong("status", "She is currently taking warfarin [14]."),
    wrong("negation", "Apixaban was not started [14]."),
    wrong("status", "Warfarin is active [15]."),
    wrong("status", "Warfarin was resumed [15]."),
    wrong("status", "Apixaban was stopped [16]."),
    wrong("cause", "Warfarin was started because of an unstable INR [15]."),
    wrong("cause", "Warfarin was stopped because of atrial fibrillation [15]."),
    wrong("cause", "Bisoprolol was stopped because of angina [17]."),
    wrong("cause", "Diltiazem was started due to dizziness [17]."),
    wrong("status", "Diltiazem was stopped because of angina [17]."),
    wrong("status", "They started bisoprolol [17]."),
    wrong("negation", "Furosemide was stopped [17]."),
    wrong("negation", "Bisoprolol was not stopped [17]."),
    wrong("status", "Simvastatin was started because of muscle ache [18]."),
    wrong("status", "Rosuvastatin was changed to simvastatin [18]."),
    wrong("status", "Ticagrelor was stopped [18]."),
    wrong("status", "Paracetamol was stopped [18]."),
    wrong("direction", "Gabapentin was reduced [19]."),
    wrong("direction", "Amitriptyline was increased [19]."),
    partly("status", "Pregabalin was stopped [20]."), // told of tramadol alone
    supported("Tramadol was stopped [20]."),
    supported("Morphine was started [20]."),
    wrong("status", "Codeine was started [20]."),
    supported("Candesartan was started because of angioedema [21]."), // in place of enalapril
    supported("Candesartan was started instead of enalapril [21]."),
    supported("Prasugrel was switched to aspirin [21]."),
    supported("Prasugrel was started in 2020 [21]."),
    supported("Heart failure has resolved [21]."),
    wrong("status", "Enalapril was started because of angioedema [21]."),
    wrong("negation", "Enalapril was started instead of candesartan [21]."),
    wrong("negation", "Dabigatran was started [21]."),
    wrong("status", "Aspirin was stopped [21]."),
    wrong("status", "Hypertension has resolved [21]."),
    wrong("status", "Heart failure is active [21]."),

    noClaim("Here is a summary of the record:"),
    noClaim("Current medications:"),
    noClaim("I hope this helps."),
    noClaim("Please see the records."),
};

} // namespace scripted_sentences
