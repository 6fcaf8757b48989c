// SPDX-License-Identifier: Apache-2.0
#include "made_chart.h"

namespace made {

using records::ConditionState;
using records::MedicationState;

records::Concept named(const std::string& text, const std::string& loinc)
{
    records::Concept code;
    code.text = text;
    if (!loinc.empty())
        code.codings.push_back({"http://loinc.org", loinc, text});
    return code;
}

records::Source source(const std::string& type)
{
    static std::uint64_t made = 0;
    ++made;
    records::Source place;
    place.document = std::string(64, 'a');
    place.resourceType = type;
    place.resourceId = type + "-" + std::to_string(made);
    place.begin = made * 1000;
    place.end = made * 1000 + 900;
    return place;
}

records::Observation& addLab(records::Chart& chart, const std::string& name,
                             const std::string& loinc, const std::string& value,
                             const std::string& unit, const std::string& date)
{
    records::Observation lab;
    lab.code = named(name, loinc);
    lab.category = "laboratory";
    const std::size_t digits = value.find_first_not_of("<>=");
    if (digits != std::string::npos)
        lab.quantity = records::Quantity{value.substr(digits), value.substr(0, digits), unit};
    lab.standing = records::Standing::Final;
    lab.effective = records::parseDate(date);
    lab.source = source("Observation");
    chart.observations.push_back(lab);
    return chart.observations.back();
}

void addPressure(records::Chart& chart, const std::string& high, const std::string& low,
                 const std::string& date)
{
    records::Observation part =
        addLab(chart, "Systolic blood pressure", "8480-6", high, "mm[Hg]", date);
    part.category = "vital-signs";
    part.panel = "Blood pressure";
    part.source.path = "component[0]";
    chart.observations.back() = part;
    part.code = named("Diastolic blood pressure", "8462-4");
    part.quantity->value = low;
    part.source.path = "component[1]";
    chart.observations.push_back(part);
}

records::Medication& addMedication(records::Chart& chart, const std::string& name,
                                   MedicationState state, const std::string& started,
                                   const std::string& ended)
{
    records::Medication medication;
    medication.code = named(name);
    medication.state = state;
    medication.started = records::parseDate(started);
    medication.ended = records::parseDate(ended);
    medication.source = source("MedicationRequest");
    chart.medications.push_back(medication);
    return chart.medications.back();
}

records::Allergy& addAllergy(records::Chart& chart, const std::string& name)
{
    records::Allergy allergy;
    allergy.code = named(name);
    allergy.source = source("AllergyIntolerance");
    chart.allergies.push_back(allergy);
    return chart.allergies.back();
}

records::Condition& addProblem(records::Chart& chart, const std::string& name, ConditionState state,
                               const std::string& onset)
{
    records::Condition condition;
    condition.code = named(name);
    condition.state = state;
    condition.verification = "confirmed";
    condition.onset = records::parseDate(onset);
    condition.source = source("Condition");
    chart.conditions.push_back(condition);
    return chart.conditions.back();
}

records::Document& addNote(records::Chart& chart, const std::string& title, const std::string& date,
                           const std::string& text)
{
    records::Document note;
    note.title = title;
    note.date = records::parseDate(date);
    note.text = text;
    note.source = source("DocumentReference");
    chart.documents.push_back(note);
    return chart.documents.back();
}

records::Chart anna()
{
    records::Chart chart;
    chart.patient.family = "Example";
    chart.patient.given = "Anna";
    chart.patient.gender = "female";
    chart.patient.born = records::parseDate("1945-07-14");
    chart.dataAsOf = "2026-11-22T08:14:00Z";
    addLab(chart, "Potassium [Moles/volume] in Serum or Plasma", "2823-3", "4.6", "mmol/L",
           "2024-01-09");
    records::Observation& last = addLab(chart, "Potassium [Moles/volume] in Serum or Plasma",
                                        "2823-3", "5.6", "mmol/L", "2026-03-02T08:14:00Z");
    last.low = records::Quantity{"3.5", "", "mmol/L"};
    last.high = records::Quantity{"5.1", "", "mmol/L"};
    last.interpretation = "H";
    addLab(chart, "Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", "7.2", "%", "2025-06");
    addLab(chart, "Hemoglobin [Mass/volume] in Blood", "718-7", "12.9", "g/dL", "2025-06-01");
    addLab(chart, "Troponin I", "10839-9", "<0.01", "ng/mL", "2023-02-01");
    addPressure(chart, "132", "84", "2026-03-02");
    addPressure(chart, "150", "95", "2024-01-09");
    addMedication(chart, "Lisinopril 10 MG Oral Tablet", MedicationState::Stopped, "2019-02-01",
                  "2026-03-03");
    addMedication(chart, "Metformin 500 MG Oral Tablet", MedicationState::Active, "2018-05-04")
        .dosage = "1 tablet twice daily";
    addMedication(chart, "Losartan 50 MG Oral Tablet", MedicationState::Active, "2026-03-03");
    records::Allergy& allergy = addAllergy(chart, "Penicillin");
    allergy.reactions = {"Anaphylaxis (severe)"};
    allergy.criticality = "high";
    allergy.category = "medication";
    addProblem(chart, "Type 2 diabetes mellitus", ConditionState::Active, "2018-05-04");
    addProblem(chart, "Essential hypertension", ConditionState::Active, "2019");
    addProblem(chart, "Pneumonia", ConditionState::Resolved, "2015-11");
    addNote(chart, "Clinic letter", "2026-03-03",
            "Seen in clinic. Lisinopril was stopped because of a persistent dry cough.\n"
            "Losartan 50 mg once daily was started. Denies chest pain.");
    addNote(chart, "Referral", "2020-09-10",
            "Mother allergic to codeine. Family history: father had a stroke at 61.\n"
            "Right knee pain, no swelling of the left knee.");
    return chart;
}

std::string wordsOf(const evidence::DirectAnswer& answer)
{
    std::string text;
    for (const evidence::Sentence& sentence : answer.sentences)
        text += sentence.text + "\n";
    return text;
}

} // namespace made
