// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/reading.h"

#include <string_view>
#include <vector>

namespace evidence {

/// Sentences cut finer than into clauses: at every comma, "and", "because", "instead", ... so that
/// a status word stands with the name that it is told of.
class Parts {
public:
    /// Sets Place::part of every one of @p places. All arguments must outlive this.
    Parts(std::string_view text, const std::vector<Word>& words, const std::vector<Phrase>& phrases,
          std::vector<Place>& places);

    /// The first word of the part that holds @p word.
    [[nodiscard]] std::size_t begin(std::size_t word) const;
    [[nodiscard]] bool inPhrase(std::size_t word) const { return m_phraseAt[word] != nullptr; }

    /// Names in parts that do nothing but go on with a list beside the part of @p word:
    /// "Lisinopril, amlodipine and metformin were stopped".
    [[nodiscard]] std::vector<Subject> listedWith(std::size_t word) const;

private:
    [[nodiscard]] bool isBoundary(std::size_t i) const;
    [[nodiscard]] bool joinsList(std::size_t first) const;
    bool addBareNames(int part, std::vector<Subject>& names) const;

    std::string_view m_text;
    const std::vector<Word>& m_words;
    const std::vector<Place>& m_places;
    std::vector<const Phrase*> m_phraseAt; // of each word
    std::vector<std::size_t> m_begins;     // of each part
};

} // namespace evidence
