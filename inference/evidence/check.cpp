// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/check.h"

#include "inference/evidence/compare.h"
#include "inference/evidence/reattach.h"
#include "inference/evidence/sentences.h"

#include <algorithm>

namespace evidence {

struct Checker::Items {
    std::vector<EvidenceItem> items;
    std::vector<ReadItem> read;
    std::vector<std::string> drugs;
};

namespace {

using Items = std::vector<const ReadItem*>;

/// A line such as "Current medications:" announces and claims nothing.
bool isHeading(std::string_view text, const Reading& claim)
{
    return text.ends_with(':') && claim.numbers.empty() && claim.dates.empty();
}

std::string withoutBullet(std::string_view text)
{
    std::size_t at = 0;
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '*' || text[at] == '-' || text[at] == '#'))
        ++at;
    std::size_t digits = at;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9')
        ++digits;
    const bool numbered = digits > at && digits - at <= 2 && digits + 1 < text.size() &&
                          (text[digits] == '.' || text[digits] == ')') && text[digits + 1] == ' ';
    std::string out(text.substr(numbered ? digits + 2 : at));
    std::erase(out, '*'); // emphasis marks
    return out;
}

std::size_t overlap(const Reading& claim, const ReadItem& item)
{
    std::size_t count = 0;
    for (const TermClaim& term : claim.terms) {
        if (term.name.empty())
            continue;
        count += std::ranges::any_of(item.reading.terms,
                                     [&](const TermClaim& other) {
                                         return other.role == term.role && other.name == term.name;
                                     })
                     ? 3
                     : 0;
    }
    for (const NumberClaim& number : claim.numbers) {
        count += std::ranges::any_of(item.reading.numbers,
                                     [&](const NumberClaim& other) {
                                         return other.number.value == number.number.value;
                                     })
                     ? 2
                     : 0;
    }
    for (const WordClaim& word : claim.words)
        count += !word.common && item.reading.stems.contains(word.stem) ? 1 : 0;
    return count;
}

struct Support {
    Items items;
    std::vector<Doubt> doubts;
};

bool contradicts(const std::vector<Doubt>& doubts)
{
    return std::ranges::any_of(doubts, &Doubt::contradicts);
}

/// Evidence for a sentence that cites none: one item, else the few that share most with it.
Support support(const Reading& claim, const std::vector<ReadItem>& all)
{
    constexpr std::size_t kMost = 4;
    std::vector<std::pair<std::size_t, const ReadItem*>> ranked;
    for (const ReadItem& item : all) {
        if (const std::size_t shared = overlap(claim, item); shared > 0)
            ranked.emplace_back(shared, &item);
    }
    std::ranges::stable_sort(ranked, std::ranges::greater(),
                             [](const auto& entry) { return entry.first; });
    Support best;
    const auto consider = [&](Items items) {
        std::vector<Doubt> found = doubts(claim, items);
        const bool better =
            best.items.empty() || std::pair(contradicts(found), found.size()) <
                                      std::pair(contradicts(best.doubts), best.doubts.size());
        if (better)
            best = {std::move(items), std::move(found)};
        return best.doubts.empty();
    };
    for (const auto& [shared, item] : ranked) {
        if (consider({item}))
            return best;
    }
    Items together;
    for (std::size_t i = 0; i < std::min(kMost, ranked.size()); ++i) {
        together.push_back(ranked[i].second);
        if (together.size() > 1 && consider(together))
            break;
    }
    // What the sentence does not need is not cited for it.
    for (std::size_t i = best.items.size(); best.items.size() > 1 && i-- > 0;) {
        Items fewer = best.items;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        if (doubts(claim, fewer).size() <= best.doubts.size() && !contradicts(doubts(claim, fewer)))
            best = {fewer, doubts(claim, fewer)};
    }
    return best;
}

Verdict verdictOf(const std::vector<Doubt>& doubts)
{
    if (contradicts(doubts))
        return Verdict::NotSupported;
    return doubts.empty() ? Verdict::Supported : Verdict::Partly;
}

std::vector<Finding> findingsOf(const std::vector<Doubt>& doubts)
{
    std::vector<Finding> findings;
    findings.reserve(doubts.size());
    for (const Doubt& doubt : doubts)
        findings.push_back(doubt.finding);
    return findings;
}

void attach(Sentence& sentence, const Reading& claim, const std::vector<ReadItem>& all)
{
    // A number without a word about it stands somewhere in every record.
    const bool bare = claim.terms.empty() && claim.dates.empty() &&
                      std::ranges::all_of(claim.words, &WordClaim::common);
    Support found = bare ? Support() : support(claim, all);
    if (found.items.empty() || contradicts(found.doubts)) {
        sentence.verdict = Verdict::NotSupported;
        sentence.findings.push_back({Reason::NothingCited, {}});
        return;
    }
    for (const ReadItem* item : found.items)
        sentence.cited.push_back(item->item->number);
    std::ranges::sort(sentence.cited);
    sentence.attached = true;
    sentence.verdict = verdictOf(found.doubts);
    sentence.findings = findingsOf(found.doubts);
}

/// What a sentence cites, each once however often it is written: "[4] [4]", "[1, 1]".
struct Cited {
    Items items;
    std::vector<int> unknown; // numbers of no item
};

Cited citedBy(std::string_view written, const std::vector<ReadItem>& all)
{
    Cited cited;
    for (const int number : citationsIn(written)) {
        const auto item = std::ranges::find_if(
            all, [&](const ReadItem& read) { return read.item->number == number; });
        if (item != all.end() && !std::ranges::contains(cited.items, &*item))
            cited.items.push_back(&*item);
        else if (item == all.end() && !std::ranges::contains(cited.unknown, number))
            cited.unknown.push_back(number);
    }
    return cited;
}

std::vector<int> numbersOf(const Cited& cited)
{
    std::vector<int> numbers = cited.unknown;
    for (const ReadItem* item : cited.items)
        numbers.push_back(item->item->number);
    std::ranges::sort(numbers);
    return numbers;
}

} // namespace

Checker::Checker(const Evidence& evidence)
    : m_items(std::make_unique<Items>(Items{evidence.items, {}, evidence.drugs}))
{
    std::ranges::sort(m_items->drugs);
    for (const EvidenceItem& item : m_items->items) {
        m_items->read.push_back({&item, read(item.text, m_items->drugs)});
        for (const Word& word : wordsOf(item.label))
            m_items->read.back().reading.stems.insert(word.stem);
    }
}

Checker::~Checker() = default;
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;

Sentence Checker::check(std::string_view written) const
{
    Sentence sentence{.text = std::string(written), .cited = {}, .findings = {}};
    const std::string bare = withoutBullet(withoutCitations(written));
    const Reading claim = read(bare, m_items->drugs);
    if (!claimsAnything(claim) || isHeading(bare, claim)) {
        sentence.verdict = Verdict::NoClaim;
        return sentence;
    }
    const Cited cited = citedBy(written, m_items->read);
    const std::vector<Doubt> found = doubts(claim, cited.items);
    const bool stands = !cited.items.empty() && found.empty();
    const bool none = cited.items.empty() && cited.unknown.empty();
    const ReadItem* instead =
        stands || none ? nullptr : soleSupport(claim, found, m_items->read, cited.items);
    if (instead != nullptr) {
        sentence.cited = {instead->item->number};
        sentence.corrected = numbersOf(cited);
        sentence.verdict = Verdict::Supported;
        return sentence;
    }
    if (cited.items.empty()) {
        attach(sentence, claim, m_items->read);
    } else {
        for (const ReadItem* item : cited.items)
            sentence.cited.push_back(item->item->number);
        std::ranges::sort(sentence.cited);
        sentence.verdict = verdictOf(found);
        sentence.findings = findingsOf(found);
    }
    if (!cited.unknown.empty() && sentence.verdict == Verdict::Supported)
        sentence.verdict = Verdict::Partly;
    for (const int number : cited.unknown)
        sentence.findings.push_back({Reason::UnknownCitation, "[" + std::to_string(number) + "]"});
    return sentence;
}

Sentence check(std::string_view sentence, const Evidence& evidence)
{
    return Checker(evidence).check(sentence);
}

} // namespace evidence
