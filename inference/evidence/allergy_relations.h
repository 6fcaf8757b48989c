// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/allergy_mentions.h"
#include "inference/evidence/topics.h"

#include <string>
#include <vector>

namespace evidence {

/// A recorded allergy that speaks against a medicine or a class of medicines that is asked about.
struct AllergyRelation {
    std::string asked;     // as the question has it
    std::string className; // "penicillin": what both belong to; "": it is the allergen
    bool itself = false;   // it is the one medicine that is asked about
    const records::Allergy* allergy = nullptr; // an entry, or else
    AllergyMention mention;                    // what a note tells
};

/// Entries first, then notes. Statements that there is no allergy are left out; nothing where the
/// question is about a relative.
[[nodiscard]] std::vector<AllergyRelation> allergiesAgainst(const Topics& topics,
                                                            const records::Chart& chart);

/// The evidence of @p relation: the entry, or the sentences of the notes.
[[nodiscard]] std::vector<EvidenceItem> evidenceOf(const AllergyRelation& relation,
                                                   const records::Chart& chart);

/// Answers a question that asks whether a medicine may be given, or about a medicine that the
/// record does not hold, where an allergy speaks against it: the allergy, and no word of a model.
/// nullopt for any other question.
[[nodiscard]] std::optional<DirectAnswer> answerDrugAllergy(std::string_view question,
                                                            const records::Chart& chart, Day today);

} // namespace evidence
