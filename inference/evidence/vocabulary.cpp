// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/vocabulary.h"

#include "inference/evidence/lists.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

namespace evidence {

namespace {

using View = std::string_view;

/// Findings and functions, and the measurements that they are read from.
struct MeasuredBy {
    View names;    // "|"-separated, American spelling, nouns
    View analytes; // "|"-separated names of analytes
};
constexpr std::array kFindings{
    MeasuredBy{"hyperkalemia|hypokalemia|high potassium|low potassium", "potassium"},
    MeasuredBy{"hypernatremia|hyponatremia|high sodium|low sodium", "sodium"},
    MeasuredBy{"hypercalcemia|hypocalcemia", "calcium"},
    MeasuredBy{"hypermagnesemia|hypomagnesemia", "magnesium"},
    MeasuredBy{"hyperphosphatemia|hypophosphatemia", "phosphate"},
    MeasuredBy{"hyperglycemia|hypoglycemia|high blood sugar|low blood sugar|high sugar|low sugar",
               "glucose|fasting glucose|hba1c"},
    MeasuredBy{"diabetic control|glycemic control|diabetes control|sugar control", "hba1c|glucose"},
    MeasuredBy{"anemia|low hemoglobin", "haemoglobin"},
    MeasuredBy{"iron deficiency|iron overload", "ferritin|iron"},
    MeasuredBy{"thrombocytopenia|thrombocytosis|low platelets", "platelets"},
    MeasuredBy{"leukocytosis|leucocytosis|leukopenia|leucopenia", "white cell count"},
    MeasuredBy{"neutropenia|neutrophilia", "neutrophils"},
    MeasuredBy{"lymphopenia|lymphocytosis", "lymphocytes"},
    MeasuredBy{"polycythemia", "haemoglobin|haematocrit"},
    MeasuredBy{"macrocytosis|microcytosis", "mcv"},
    MeasuredBy{"hyperlipidemia|dyslipidemia|hypercholesterolemia|lipid|lipids|lipid profile|"
               "high cholesterol",
               "total cholesterol|ldl cholesterol|hdl cholesterol|triglycerides"},
    MeasuredBy{"hypertriglyceridemia", "triglycerides"},
    MeasuredBy{"hyperbilirubinemia|jaundice", "bilirubin"},
    MeasuredBy{"hypoalbuminemia", "albumin"},
    MeasuredBy{"uremia|azotemia", "urea"},
    MeasuredBy{"hyperuricemia", "uric acid"},
    MeasuredBy{"acidosis|alkalosis", "bicarbonate|lactate"},
    MeasuredBy{"albuminuria|microalbuminuria|proteinuria", "urine albumin creatinine ratio"},
    MeasuredBy{"coagulopathy|clotting|coagulation", "inr|prothrombin time|aptt"},
    MeasuredBy{"kidney function|renal function|kidney test|renal profile|kidney failure|"
               "renal failure|renal impairment|u e",
               "creatinine|egfr|urea"},
    MeasuredBy{"electrolyte|electrolytes", "potassium|sodium"},
    MeasuredBy{"liver function|liver test|liver enzyme|liver enzymes|lft|lfts",
               "alt|ast|alkaline phosphatase|bilirubin|ggt"},
    MeasuredBy{"thyroid function|thyroid test|hypothyroidism|hyperthyroidism|hypothyroid|"
               "hyperthyroid|tft|tfts",
               "tsh|free t4"},
    MeasuredBy{"full blood count|complete blood count|fbc|cbc|blood count",
               "haemoglobin|white cell count|platelets"},
    MeasuredBy{"inflammation|inflammatory marker|inflammatory markers", "crp|esr"},
    MeasuredBy{"hypertension|hypotension|high blood pressure|low blood pressure|hypertensive|"
               "hypotensive",
               "blood pressure|systolic blood pressure|diastolic blood pressure"},
    MeasuredBy{"tachycardia|bradycardia|tachycardic|bradycardic", "heart rate"},
    MeasuredBy{"tachypnea|tachypneic", "respiratory rate"},
    MeasuredBy{"fever|pyrexia|febrile|hypothermia", "body temperature"},
    MeasuredBy{"hypoxia|hypoxemia|hypoxic|desaturation", "oxygen saturation"},
    MeasuredBy{"obesity|obese|overweight|underweight", "body mass index|body weight"},
    MeasuredBy{"heart failure marker|heart failure markers", "bnp|nt-probnp"},
};

/// "hyperkalaemic" and "Hyperkalemia" -> "hyperkalemia".
std::string comparable(View words)
{
    std::string out;
    eachPart(words, ' ', [&](View part) {
        std::string word(part);
        for (std::size_t i = 1; i + 1 < word.size(); ++i) {
            if ((word[i] == 'a' || word[i] == 'o') && word[i + 1] == 'e')
                word.erase(i, 1);
        }
        if (word.size() > 5 && word.ends_with("emic"))
            word.back() = 'a';
        out += (out.empty() ? "" : " ") + word;
    });
    return out;
}

constexpr View kQualifiers =
    "why cause caused causes happened happen change changed changes summarise summarize overview "
    "handover handoff compare compared explain tell list describe since year years month months "
    "week weeks ever recent currently give given tried anything reasons explanation outcome say "
    "said says told write about should did does patient's she he they her his their my any "
    "lowest highest maximum minimum max min peak nadir average mean median worst best whole entire "
    "entirely complete full story tale trend trends trending course timeline history background "
    "journey ever never often long ago period duration start started begin first second earliest "
    "latest oldest newest abnormal worse better worsening improving improved control controlled "
    "uncontrolled stable status situation picture development evolution "
    "successive series all everything anybody somebody many much few several various total far "
    "high low raised elevated increased decreased rising normal "
    "really actually exactly please thanks thank hello hi kindly quick quickly just only ok okay "
    "pt pts she's he's i'm what's who's been being done doing go going went gone keep kept put "
    "safe safely allowed allow prescribe use using used still now today yesterday currently "
    "recorded record noted mentioned documented known found show shows showing see seen look "
    "looking search find could would might must shall may can will possible possibly likely "
    "reason purpose indication treated treatment management taking takes take "
    "else instead more less most least different same similar next previous prior past "
    "before after during between until till over under above below";

} // namespace

std::vector<const Analyte*> measuredBy(View words)
{
    std::vector<const Analyte*> found;
    const std::string wanted = comparable(words);
    for (const MeasuredBy& finding : kFindings) {
        if (!isOneOf(wanted, finding.names, '|'))
            continue;
        eachPart(finding.analytes, '|', [&](View name) {
            if (const Analyte* analyte = analyteNamed(name))
                found.push_back(analyte);
        });
    }
    return found;
}

std::vector<View> findingNames()
{
    std::vector<View> names;
    std::ranges::transform(kFindings, std::back_inserter(names), &MeasuredBy::names);
    return names;
}

View familyOf(View word)
{
    constexpr std::array<View, 16> kFamilies{"diabetes diabetic diabetics",
                                             "asthma asthmatic asthmatics",
                                             "epilepsy epileptic",
                                             "hypertension hypertensive",
                                             "hypotension hypotensive",
                                             "smoke smokes smoker smoking smoked tobacco cigarette",
                                             "alcohol drinker alcoholic alcoholism",
                                             "pregnancy pregnant",
                                             "depression depressed depressive",
                                             "obesity obese",
                                             "dementia demented",
                                             "psychosis psychotic",
                                             "arthritis arthritic",
                                             "allergy allergies allergic",
                                             "cirrhosis cirrhotic",
                                             "cancer carcinoma malignancy malignant tumour tumor"};
    for (const View family : kFamilies) {
        if (isOneOf(word, family))
            return family;
    }
    return {};
}

bool isQualifier(View word)
{
    return isOneOf(word, kQualifiers);
}

bool isLookAlike(View word)
{
    return isOneOf(word,
                   "chlorine phosphatase lactase creatine atrium hypotension hypertension "
                   "arteritis arthritis contusion confusion dysphagia dysphasia ileum ilium "
                   "abduction adduction mucus mucous prostrate prostate perineal peroneal "
                   "speed spelling smelling eight weigh strike strokes course patience patient "
                   "purse lapse resent decent allege meditation mediation medical "
                   "conditioner president resident fasting casting lasting feeding breeding "
                   "pressing pressurise potash sodomy calcification calcitonin magnesia "
                   "tropical topical troponins globulin myoglobin haemoglobinuria ferric ferrous "
                   "platelet palate stature statute sedation sedimentation");
}

bool hasMedicalEnding(View word)
{
    constexpr std::array<View, 20> kEndings{"emic", "aemic",  "itis",   "ectomy",    "oscopy",
                                            "emia", "aemia",  "osis",   "pathy",     "algia",
                                            "oma",  "graphy", "ostomy", "otomy",     "plasty",
                                            "uria", "pnoea",  "pnea",   "sclerosis", "tension"};
    return word.size() > 6 &&
           std::ranges::any_of(kEndings, [&](View ending) { return word.ends_with(ending); });
}

bool isForeign(std::span<const Word> words)
{
    // Words that English does not have; one is enough, because few questions are longer than six.
    constexpr View kSmallWords =
        "der ist sind haben nimmt welche welcher welches wann warum wieso wie letzte "
        "letzter letztes letzten aktuelle aktueller gegen und oder sie frau herr patientin "
        "medikamente allergien wurde wird gibt ein eine einen kein keine nicht auf mit bei "
        "quel quelle quels quelles sont les une pourquoi quand dernier derniere elle "
        "prend avec cual cuales esta tiene ultimo ultima por que cuando del las una paciente "
        "qual quale quali ultimo ultima perche quando paziente ha della gli";
    return std::ranges::any_of(words, [&](const Word& word) {
        return word.text.size() > 2 && isOneOf(word.text, kSmallWords);
    });
}

} // namespace evidence
