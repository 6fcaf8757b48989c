// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/topic_words.h"

#include "inference/evidence/lists.h"
#include "inference/evidence/phrases.h"
#include "inference/evidence/vocabulary.h"

#include <algorithm>

namespace evidence {

using View = std::string_view;

std::optional<Topic> kindNamed(View stem)
{
    if (isOneOf(stem, "medication medicin med drug prescription tablet pill dos dosag"))
        return Topic::Medication;
    if (isOneOf(stem, "allergy allergic"))
        return Topic::Allergy;
    if (isOneOf(stem, "lab laboratory result test value bloods measurement vital"))
        return Topic::Observation;
    if (isOneOf(stem, "problem diagnos diagnosis condition disease diseas illness comorbidity"))
        return Topic::Condition;
    if (isOneOf(stem,
                "visit encounter admission admitted admit appointment attendanc hospitalization"))
        return Topic::Encounter;
    return std::nullopt;
}

View stemsOfKind(View stem)
{
    constexpr View kVaccinations = "vaccin vaccinat vaccination immunization immunis immuniz "
                                   "immunised immunisation jab inoculation";
    constexpr View kProcedures = "procedur surgery operation surgical operat";
    for (const View kind : {kVaccinations, kProcedures}) {
        if (isOneOf(stem, kind))
            return kind;
    }
    return {};
}

bool isShape(const Word& word)
{
    return isCommon(word) || isQualifier(word.text);
}

bool pointsToPatient(View word)
{
    return hasMedicalEnding(word) ||
           isOneOf(word,
                   "mri ct xray ultrasound ecg ekg echo biopsy tumour tumor lesion fracture wound "
                   "stroke seizure "
                   "injury swelling cough drug medicine vaccinated immunised allergic anaemia") ||
           isOneOf(word, "patient she he they her his him their chart record records note notes "
                         "letter history clinic "
                         "hospital treatment therapy surgery operation scan symptom symptoms smoke "
                         "smoker smoking alcohol "
                         "pregnant pregnancy pain fever rash infection cancer blood heart kidney "
                         "liver lung vaccine dose "
                         "discharge admission diagnosis prognosis ward doctor nurse weight diet "
                         "exercise mobility");
}

} // namespace evidence
