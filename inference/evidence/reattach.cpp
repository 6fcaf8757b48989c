// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/reattach.h"

#include "inference/evidence/comparing.h"

#include <algorithm>
#include <set>

namespace evidence {

namespace {

/// "It was 139." and "It was stopped because of a cough." fit many items; what they are about
/// stands elsewhere.
bool isAboutSomething(const Reading& claim)
{
    std::set<std::string> substance;
    bool told = false; // something that a status may be told of
    for (const WordClaim& word : claim.words) {
        if (word.common)
            continue;
        substance.insert(word.stem);
        told = told || !word.cause;
    }
    bool named = false;
    bool status = false;
    for (const TermClaim& term : claim.terms) {
        const bool treated = term.role == Role::Drug || term.role == Role::Disease;
        named = named || treated || term.role == Role::Measurement;
        told = told || (treated && !term.cause);
        status = status || isStatus(term.role);
    }
    if (status && !told)
        return false;
    const bool figure = !claim.numbers.empty() || !claim.dates.empty();
    return named || substance.size() >= (figure ? 1 : 2);
}

/// The cited items hold every word, and say that it is not so: no slip of a number.
bool sayTheOpposite(const std::vector<Doubt>& doubts)
{
    return !doubts.empty() && std::ranges::all_of(doubts, [](const Doubt& doubt) {
        const Reason reason = doubt.finding.reason;
        return doubt.opposite || reason == Reason::Negation || reason == Reason::Subject ||
               reason == Reason::Side;
    });
}

template <typename Claim>
std::vector<Claim> of(const std::vector<Claim>& claims, int sentence)
{
    std::vector<Claim> kept;
    std::ranges::copy_if(claims, std::back_inserter(kept),
                         [&](const Claim& claim) { return claim.sentence == sentence; });
    return kept;
}

/// What one sentence of an item says, under the item's own head.
ReadItem sentenceOf(const ReadItem& whole, int sentence)
{
    ReadItem part{whole.item,
                  {.terms = of(whole.reading.terms, sentence),
                   .numbers = of(whole.reading.numbers, sentence),
                   .dates = of(whole.reading.dates, sentence),
                   .words = of(whole.reading.words, sentence),
                   .sides = of(whole.reading.sides, sentence),
                   .statements = of(whole.reading.statements, sentence),
                   .reasons = whole.reading.reasons, // Place::reason counts in it
                   .stems = {},
                   .relatives = whole.reading.relatives,
                   .now = whole.reading.now}};
    for (Explanation& reason : part.reading.reasons) {
        if (reason.sentence != sentence)
            reason.of.clear();
    }
    for (const TermClaim& term : part.reading.terms)
        part.reading.stems.insert(term.stems.begin(), term.stems.end());
    for (const WordClaim& word : part.reading.words)
        part.reading.stems.insert(word.stem);
    for (const Word& word : wordsOf(whole.item->label))
        part.reading.stems.insert(word.stem);
    return part;
}

bool saysAll(const Reading& claim, const ReadItem& item)
{
    if (!doubts(claim, {&item}).empty())
        return false;
    if (item.item->kind == Kind::Fact)
        return true; // one entry tells of one thing
    std::set<int> sentences;
    for (const TermClaim& term : item.reading.terms)
        sentences.insert(term.sentence);
    for (const WordClaim& word : item.reading.words)
        sentences.insert(word.sentence);
    return std::ranges::any_of(sentences, [&](int sentence) {
        const ReadItem part = sentenceOf(item, sentence);
        return doubts(claim, {&part}).empty();
    });
}

} // namespace

const ReadItem* soleSupport(const Reading& claim, const std::vector<Doubt>& found,
                            const std::vector<ReadItem>& all,
                            const std::vector<const ReadItem*>& cited)
{
    if (!isAboutSomething(claim) || sayTheOpposite(found))
        return nullptr;
    const auto item = std::ranges::find_if(all, [&](const ReadItem& other) {
        return !std::ranges::contains(cited, &other) && saysAll(claim, other);
    });
    return item == all.end() ? nullptr : &*item;
}

} // namespace evidence
