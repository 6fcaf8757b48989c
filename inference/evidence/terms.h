// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/analytes.h"
#include "inference/evidence/drug_classes.h"
#include "inference/evidence/evidence.h"
#include "inference/evidence/phrases.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace evidence {

/// One thing that a question names, with all words that the record may use for it.
struct Term {
    std::string written;                           // lower case, words joined by blanks
    std::string shown;                             // as the question has it
    std::set<std::string> stems;                   // any of them in a text is a hit
    std::vector<std::vector<std::string>> phrases; // so is one of these, its stems in a row
    std::vector<const Analyte*> analytes;          // so is a value of one of these
    std::set<std::string> drugs; // ingredients that are meant, for the allergies against them
    std::optional<Topic> topic;  // the kind of entry that tells most of it
    double weight = 1;           // how telling it is in this chart; set by the search
    /// A medicine, a class of medicines, a measurement, a disease or a kind of entry: what a record
    /// could hold. false: a word like any other.
    bool named = false;
    bool isProper = false; // not named, and written like a name ("Bertram") or told as one ("of x")
};

/// The term of a known phrase; of several words all that stand for it.
[[nodiscard]] Term termOf(const Phrase& phrase, const std::vector<Word>& words);
/// Of a class: its name and its members, those of @p drugs (ingredients in the chart) included.
[[nodiscard]] Term termOf(const DrugClass& group, const std::vector<std::string>& drugs);
/// Of a measurement by its name.
[[nodiscard]] Term termOf(const Analyte& analyte);
/// Adds values of @p found to what @p term is told by.
void addMeasurements(Term& term, const std::vector<const Analyte*>& found);

/// Finds terms in texts: one pass over the words, whatever the number of terms.
class TermMatcher {
public:
    explicit TermMatcher(const std::vector<Term>& terms);

    /// Calls @p hit with the index of a term for each of its places in @p words.
    template <typename Hit>
    void visit(const std::vector<Word>& words, const Hit& hit) const
    {
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto found = m_byStem.find(words[i].stem);
            if (found == m_byStem.end())
                continue;
            for (const Entry& entry : found->second) {
                if (follows(words, i, entry))
                    hit(entry.term);
            }
        }
    }

private:
    struct Entry {
        std::size_t term = 0;
        std::vector<std::string> rest; // stems that must follow the first
    };
    [[nodiscard]] static bool follows(const std::vector<Word>& words, std::size_t first,
                                      const Entry& entry);

    std::map<std::string, std::vector<Entry>> m_byStem;
};

} // namespace evidence
