// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/analytes.h"

#include "inference/evidence/lists.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

// Names as clinicians write them and the LOINC codes that hospitals use most for each.
constexpr std::array kAnalytes{
    Analyte{"potassium", "potassium|k|kalium|serum potassium|plasma potassium|potassium level",
            "2823-3 6298-4 75940-7 39789-3", "urine urinary penicillin"},
    Analyte{"sodium", "sodium|na|natrium|serum sodium|plasma sodium", "2951-2 2947-0 39791-9",
            "urine urinary"},
    Analyte{"chloride", "chloride|serum chloride", "2075-0 2069-3", "urine"},
    Analyte{"bicarbonate", "bicarbonate|hco3|carbon dioxide|total co2|tco2|carbon dioxide total",
            "1963-8 2028-9 1959-6 2024-8", "arterial partial"},
    Analyte{"calcium", "calcium|serum calcium|total calcium", "17861-6 2000-8 49765-1",
            "ionized ionised ionic urine score adjusted corrected"},
    Analyte{"magnesium", "magnesium|mg level|serum magnesium", "19123-9 2601-3", "urine"},
    Analyte{"phosphate", "phosphate|phosphorus|serum phosphate", "2777-1 14879-1", "urine"},
    Analyte{"creatinine", "creatinine|creat|cr|serum creatinine|plasma creatinine|kreatinin",
            "2160-0 38483-4 14682-9", "urine urinary ratio clearance albumin microalbumin"},
    Analyte{
        "egfr",
        "egfr|gfr|estimated gfr|glomerular filtration rate|estimated glomerular filtration rate",
        "33914-3 48642-3 48643-1 62238-1 69405-9 77147-7 88293-6 98979-8 50044-7 50210-4", ""},
    Analyte{"urea", "urea|bun|urea nitrogen|blood urea nitrogen|blood urea|serum urea",
            "3094-0 6299-2 22664-7 3091-6 14937-7", "urine breath"},
    Analyte{"uric acid", "uric acid|urate|serum urate", "3084-1 14933-6", "urine"},
    Analyte{"glucose",
            "glucose|blood glucose|blood sugar|sugar|glycaemia|glycemia|bg|serum glucose",
            "2345-7 2339-0 15074-8 14749-6 41653-7", "urine fluid fasting"},
    Analyte{"fasting glucose", "fasting glucose|fasting blood glucose|fasting blood sugar|fbg",
            "1558-6 1556-0 14771-0", "urine"},
    Analyte{"hba1c",
            "hba1c|a1c|hb a1c|hgba1c|hemoglobin a1c|haemoglobin a1c|glycated haemoglobin|glycated "
            "hemoglobin|glycosylated hemoglobin|hemoglobin a1c hemoglobin total",
            "4548-4 17856-6 59261-8 41995-2 4549-2 71875-9", ""},
    Analyte{"haemoglobin", "haemoglobin|hemoglobin|hb|hgb|haemoglobin level",
            "718-7 20509-6 30313-1 59260-0",
            "a1c glycated corpuscular mch mchc fetal s f urine free a1c/hemoglobin.total hba1c"},
    Analyte{"haematocrit", "haematocrit|hematocrit|hct|packed cell volume|pcv",
            "4544-3 20570-8 71833-8", ""},
    Analyte{"white cell count",
            "wbc|white cell count|white cells|white blood cell count|white blood cells|white count|"
            "leukocytes|leucocytes|leukocyte count|wcc",
            "6690-2 26464-8 804-5", "100 urine esterase neutrophils lymphocytes monocytes"},
    Analyte{"red cell count",
            "rbc|red cell count|red blood cell count|red blood cells|erythrocytes", "789-8 26453-1",
            "distribution volume mean urine sedimentation"},
    Analyte{"platelets", "platelets|platelet count|plt|thrombocytes", "777-3 26515-7 778-1",
            "volume distribution mean"},
    Analyte{"neutrophils", "neutrophils|neutrophil count|anc|absolute neutrophil count",
            "751-8 26499-4", "100"},
    Analyte{"lymphocytes", "lymphocytes|lymphocyte count", "731-0 26474-7", "100"},
    Analyte{"mcv", "mcv|mean corpuscular volume|mean cell volume", "787-2 30428-7", ""},
    Analyte{"inr", "inr|international normalised ratio|international normalized ratio|pt inr",
            "6301-6 34714-6 38875-1 46418-0", ""},
    Analyte{"prothrombin time", "prothrombin time|pt|prothrombin time pt", "5902-2 5964-2", "inr"},
    Analyte{"aptt", "aptt|ptt|partial thromboplastin time|activated partial thromboplastin time",
            "3173-2 14979-9", ""},
    Analyte{"d-dimer", "d dimer|ddimer|fibrin d dimer", "48065-7 48066-5 30240-6", ""},
    Analyte{"crp", "crp|c reactive protein|c reactive protein level", "1988-5 30522-7 76485-2", ""},
    Analyte{"esr", "esr|sedimentation rate|erythrocyte sedimentation rate|sed rate",
            "4537-7 30341-2 18184-2", ""},
    Analyte{"procalcitonin", "procalcitonin|pct", "33959-8 75241-0", ""},
    Analyte{"ferritin", "ferritin|serum ferritin", "2276-4 20567-4", ""},
    Analyte{"iron", "iron|serum iron", "2498-4 14798-3", "binding saturation"},
    Analyte{"vitamin b12", "vitamin b12|b12|cobalamin|cobalamins", "2132-9 16695-9", ""},
    Analyte{"folate", "folate|folic acid level|serum folate", "2284-8 14732-2", ""},
    Analyte{"vitamin d", "vitamin d|vitamin d level|25 oh vitamin d|25 hydroxyvitamin d|calcidiol",
            "1989-3 62292-8 14635-7", "d3 tablet"},
    Analyte{"tsh", "tsh|thyrotropin|thyroid stimulating hormone", "3016-3 11579-0 11580-8", ""},
    Analyte{"free t4", "free t4|ft4|t4|free thyroxine|thyroxine free", "3024-7 14920-3", ""},
    Analyte{"alt", "alt|sgpt|alanine aminotransferase|alanine transaminase", "1742-6 1743-4 1744-2",
            ""},
    Analyte{"ast", "ast|sgot|aspartate aminotransferase|aspartate transaminase", "1920-8 30239-8",
            ""},
    Analyte{"alkaline phosphatase", "alkaline phosphatase|alp|alk phos", "6768-6", "bone"},
    Analyte{"ggt", "ggt|gamma gt|gamma glutamyl transferase", "2324-2", ""},
    Analyte{"bilirubin", "bilirubin|total bilirubin|bilirubin total", "1975-2 14631-6",
            "direct urine indirect"},
    Analyte{"albumin", "albumin|serum albumin", "1751-7 61151-7",
            "creatinine ratio urine microalbumin"},
    Analyte{"total protein", "total protein|protein|serum protein", "2885-2", "urine reactive c s"},
    Analyte{"urine albumin creatinine ratio",
            "acr|uacr|urine acr|albumin creatinine ratio|microalbumin creatinine ratio|urine "
            "albumin creatinine ratio",
            "9318-7 14959-1 32294-1 13705-9 30000-4", ""},
    Analyte{"total cholesterol", "cholesterol|total cholesterol|serum cholesterol",
            "2093-3 14647-2", "ldl hdl low high density ratio non"},
    Analyte{"ldl cholesterol",
            "ldl|ldl cholesterol|ldl c|low density lipoprotein cholesterol|low density lipoprotein",
            "13457-7 18262-6 2089-1 18261-8 22748-8 69419-0", ""},
    Analyte{
        "hdl cholesterol",
        "hdl|hdl cholesterol|hdl c|high density lipoprotein cholesterol|high density lipoprotein",
        "2085-9 14646-4", "non"},
    Analyte{"triglycerides", "triglycerides|triglyceride|tg|trigs", "2571-8 14927-8", ""},
    Analyte{"troponin",
            "troponin|troponin t|troponin i|hs troponin|high sensitivity troponin|cardiac "
            "troponin|trop",
            "10839-9 6598-7 67151-1 89579-7 49563-0 42757-5", ""},
    Analyte{"bnp", "bnp|brain natriuretic peptide|natriuretic peptide b", "30934-4 42637-9",
            "pro prohormone nt"},
    Analyte{"nt-probnp", "nt probnp|ntprobnp|probnp|nt pro bnp", "33762-6 83107-3", ""},
    Analyte{"creatine kinase", "creatine kinase|ck|cpk", "2157-6", "mb"},
    Analyte{"lactate", "lactate|lactic acid", "2524-7 32693-4 2519-7", "dehydrogenase"},
    Analyte{"lactate dehydrogenase", "ldh|lactate dehydrogenase", "2532-0 14804-9", ""},
    Analyte{"amylase", "amylase", "1798-8", ""},
    Analyte{"lipase", "lipase", "3040-3", ""},
    Analyte{"psa", "psa|prostate specific antigen|prostate specific ag", "2857-1 35741-8", ""},
    Analyte{"digoxin level", "digoxin level|serum digoxin", "10535-3", ""},
    Analyte{"blood pressure",
            "blood pressure|bp|blood pressures|blood pressure panel|arterial blood pressure",
            "85354-9 55284-4 96607-7 35094-2", "mean systolic diastolic"},
    Analyte{"systolic blood pressure", "systolic blood pressure|systolic|sbp|systolic bp",
            "8480-6 8459-0", "mean"},
    Analyte{"diastolic blood pressure", "diastolic blood pressure|diastolic|dbp|diastolic bp",
            "8462-4 8453-3", "mean"},
    Analyte{"heart rate", "heart rate|pulse|hr|pulse rate", "8867-4 8893-0", "variability"},
    Analyte{"respiratory rate", "respiratory rate|rr|respiration rate|breathing rate", "9279-1",
            ""},
    Analyte{"body temperature", "temperature|body temperature|temp", "8310-5 8331-1", ""},
    Analyte{"oxygen saturation",
            "oxygen saturation|spo2|sats|o2 sats|o2 saturation|sao2|oxygen saturation in arterial "
            "blood",
            "2708-6 59408-5", ""},
    Analyte{"body weight", "weight|body weight|bodyweight", "29463-7 3141-9 3142-7 8341-0",
            "birth ideal length loss"},
    Analyte{"body height", "height|body height|stature", "8302-2 3137-7 8301-4", ""},
    Analyte{"body mass index", "bmi|body mass index|body mass index bmi", "39156-5", "percentile"},
    Analyte{"pain score", "pain score|pain severity", "72514-3", ""},
};

std::string joined(const std::vector<Word>& words)
{
    std::string out;
    for (const Word& word : words)
        out += (out.empty() ? "" : " ") + word.text;
    return out;
}

struct NameParts {
    std::vector<Word> words;
    std::string whole;
    std::string component;
};

NameParts partsOf(std::string_view name)
{
    NameParts parts{.words = wordsOf(name), .whole = {}, .component = componentOf(name)};
    parts.whole = joined(parts.words);
    return parts;
}

bool isCalled(const Analyte& analyte, const NameParts& parts)
{
    if (!isOneOf(parts.component, analyte.synonyms, '|') &&
        !isOneOf(parts.whole, analyte.synonyms, '|'))
        return false;
    return std::ranges::none_of(
        parts.words, [&](const Word& word) { return isOneOf(word.text, analyte.without); });
}

} // namespace

std::span<const Analyte> analytes()
{
    return kAnalytes;
}

const Analyte* analyteNamed(std::string_view words)
{
    for (const Analyte& analyte : kAnalytes) {
        if (isOneOf(words, analyte.synonyms, '|'))
            return &analyte;
    }
    return nullptr;
}

std::vector<const Analyte*> narrowerThan(const Analyte& analyte)
{
    if (analyte.name == "glucose")
        return {analyteNamed("fasting glucose")};
    if (analyte.name == "blood pressure")
        return {analyteNamed("systolic blood pressure"), analyteNamed("diastolic blood pressure")};
    return {};
}

bool hasCode(const Analyte& analyte, const records::Concept& code)
{
    return std::ranges::any_of(code.codings, [&](const records::Coding& coding) {
        return !coding.code.empty() && isOneOf(coding.code, analyte.codes);
    });
}

std::string componentOf(std::string_view name)
{
    std::string_view component = name.substr(0, std::min(name.find(" ["), name.find(" (")));
    for (const std::string_view specimen : {" in ", "; ", ", "}) {
        if (const auto at = component.find(specimen); at != std::string_view::npos && at > 0)
            component = component.substr(0, at);
    }
    return joined(wordsOf(component));
}

bool hasName(const Analyte& analyte, std::string_view name)
{
    return isCalled(analyte, partsOf(name));
}

const Analyte* analyteOf(const records::Observation& observation)
{
    for (const Analyte& analyte : kAnalytes) {
        if (hasCode(analyte, observation.code))
            return &analyte;
    }
    const NameParts parts = partsOf(observation.code.name());
    for (const Analyte& analyte : kAnalytes) {
        if (isCalled(analyte, parts))
            return &analyte;
    }
    return nullptr;
}

} // namespace evidence
