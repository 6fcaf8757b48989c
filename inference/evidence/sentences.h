// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// A sentence as written, citation marks included.
struct SentenceSpan {
    std::size_t begin = 0; // bytes of the whole answer
    std::size_t end = 0;
    std::string text;

    friend bool operator==(const SentenceSpan&, const SentenceSpan&) = default;
};

/// Cuts a streamed answer into sentences. Decimals, abbreviations, initials and list numbers do
/// not end one; a line break does. Citation marks after the full stop belong to the sentence
/// before, unless the line puts its marks in front ("[1] First. [2] Second.").
/// For any way of cutting the text into pieces the result is the same.
class SentenceSplitter {
public:
    /// Sentences that @p piece completes.
    [[nodiscard]] std::vector<SentenceSpan> push(std::string_view piece);
    /// What is left; the answer ends here.
    [[nodiscard]] std::vector<SentenceSpan> finish();

private:
    [[nodiscard]] std::vector<SentenceSpan> take(bool atEnd);

    std::string m_text;
    std::size_t m_taken = 0;
    bool m_marksInFront = false; // of the line that m_taken stands in
};

/// The whole answer at once.
[[nodiscard]] std::vector<SentenceSpan> splitSentences(std::string_view answer);

/// Numbers of all citation marks "[3]", "[1, 2]", "[1][2]", "[1-3]", in order of appearance.
[[nodiscard]] std::vector<int> citationsIn(std::string_view sentence);
/// The sentence without its marks and without the gaps that they leave.
[[nodiscard]] std::string withoutCitations(std::string_view sentence);

} // namespace evidence
