// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/context.h"

#include "inference/evidence/compare.h"
#include "inference/evidence/sentences.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

/// Begins a question that "yes" answers.
bool isClosed(View word)
{
    constexpr std::array<View, 22> kWords{
        "is",    "are",  "was",   "were", "has",    "have", "had", "do",  "does",  "did",  "can",
        "could", "will", "would", "may",  "should", "must", "any", "isn", "doesn", "hasn", "still"};
    return std::ranges::contains(kWords, word);
}

/// "yes" or "no" in a sentence that says nothing else; "".
View bareReply(View text, const std::vector<std::string>& drugs)
{
    const std::vector<Word> words = wordsOf(text);
    if (words.empty())
        return {};
    const auto reply = std::ranges::find_if(
        words, [](const Word& word) { return word.text == "yes" || word.text == "no"; });
    const bool edge = reply != words.end() && (reply == words.begin() || reply + 1 == words.end());
    if (!edge || claimsAnything(read(text, drugs)))
        return {};
    return reply->text == "yes" ? View("yes") : View("no");
}

std::string withoutQuestionMark(View question)
{
    std::string out(question);
    while (!out.empty() && (out.back() == '?' || out.back() == ' '))
        out.pop_back();
    return out;
}

/// The medicine or the problem named first in @p text; "".
std::string firstNamed(View text, const std::vector<std::string>& drugs)
{
    const Reading reading = read(text, drugs);
    const auto term = std::ranges::find_if(reading.terms, [](const TermClaim& other) {
        return other.role == Role::Drug || other.role == Role::Disease;
    });
    return term == reading.terms.end() ? std::string() : term->shown;
}

/// "It was stopped": a status of something that only a pronoun names.
bool pointsBack(View text, const std::vector<Word>& words, const std::vector<std::string>& drugs)
{
    constexpr std::array<View, 4> kPronouns{"it", "this", "that", "both"};
    if (words.size() < 2 || !std::ranges::contains(kPronouns, View(words[0].text)))
        return false;
    const Reading reading = read(text, drugs);
    const bool status = std::ranges::any_of(
        reading.terms, [](const TermClaim& term) { return isStatus(term.role); });
    return status && std::ranges::none_of(reading.terms, [](const TermClaim& term) {
               return (term.role == Role::Drug || term.role == Role::Disease) && !term.cause;
           });
}

} // namespace

std::string spokenOut(View text, const Context& context, const std::vector<std::string>& drugs)
{
    const std::vector<Word> asked = wordsOf(context.question);
    const View reply = bareReply(text, drugs);
    if (!reply.empty() && !asked.empty() && isClosed(asked[0].text)) {
        const std::string question = withoutQuestionMark(context.question);
        return (reply == "no" ? "not " : "") + question;
    }
    const std::vector<Word> words = wordsOf(text);
    if (!pointsBack(text, words, drugs))
        return std::string(text);
    std::string named = firstNamed(withoutCitations(context.saidBefore), drugs);
    if (named.empty())
        named = firstNamed(context.question, drugs);
    if (named.empty())
        return std::string(text);
    return named + std::string(text.substr(words[0].end));
}

} // namespace evidence
