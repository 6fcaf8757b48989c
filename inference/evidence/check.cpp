// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/check.h"

#include "inference/evidence/compare.h"
#include "inference/evidence/contradictions.h"
#include "inference/evidence/copies.h"
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

/// Judges by what is cited, put right where the author wrote the wrong number.
void judge(Sentence& sentence, const Reading& claim, const Cited& cited,
           const std::vector<ReadItem>& all)
{
    const std::vector<Doubt> found = doubts(claim, cited.items);
    const bool stands = !cited.items.empty() && found.empty();
    const bool none = cited.items.empty() && cited.unknown.empty();
    const ReadItem* instead =
        stands || none ? nullptr : soleSupport(claim, found, all, cited.items);
    if (instead != nullptr) {
        sentence.cited = {instead->item->number};
        sentence.corrected = numbersOf(cited);
        sentence.verdict = Verdict::Supported;
        return;
    }
    if (cited.items.empty()) {
        attach(sentence, claim, all);
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
}

/// The items that @p sentence rests on.
Items itemsOf(const Sentence& sentence, const std::vector<ReadItem>& all)
{
    Items items;
    for (const ReadItem& item : all) {
        if (std::ranges::contains(sentence.cited, item.item->number))
            items.push_back(&item);
    }
    return items;
}

/// The cited item, or without a citation any, that @p bare is copied from.
Items copiedFrom(std::string_view bare, const Cited& cited, const std::vector<ReadItem>& all)
{
    if (!cited.unknown.empty())
        return {};
    for (const ReadItem& item : all) {
        const bool meant = cited.items.empty() || std::ranges::contains(cited.items, &item);
        if (meant && isCopy(bare, *item.item))
            return {&item};
    }
    return {};
}

/// A copy is told in the record's words and tense; only its values may be old.
Reading valuesOf(const Reading& claim)
{
    Reading values = claim;
    values.now = false;
    return values;
}

void heed(Sentence& sentence, const ReadItem* contrary)
{
    if (contrary == nullptr)
        return;
    sentence.verdict = Verdict::NotSupported;
    sentence.findings.push_back(
        {Reason::Contradicted, "[" + std::to_string(contrary->item->number) + "]"});
}

/// "Tobacco smoking status Never smoker", "Virus RNA Not detected": the result tells of its name.
void settle(ReadItem& read)
{
    if (read.item->kind != Kind::Fact || read.item->topic != Topic::Observation)
        return;
    bool negated = false;
    bool past = false;
    const auto note = [&](const Place& place) {
        negated = negated || (place.sentence == 0 && place.negated);
        past = past || (place.sentence == 0 && place.past);
    };
    std::ranges::for_each(read.reading.terms, note);
    std::ranges::for_each(read.reading.words, note);
    const auto mark = [&](Place& place) {
        place.negated = place.negated || (place.sentence == 0 && negated);
        place.past = place.past || (place.sentence == 0 && past);
    };
    std::ranges::for_each(read.reading.terms, mark);
    std::ranges::for_each(read.reading.words, mark);
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
        settle(m_items->read.back());
    }
}

Checker::~Checker() = default;
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;

Sentence Checker::check(std::string_view written, const Context& context) const
{
    Sentence sentence{.text = std::string(written), .cited = {}, .findings = {}};
    const std::string bare = withoutBullet(withoutCitations(written));
    const Reading claim = read(spokenOut(bare, context, m_items->drugs), m_items->drugs);
    if (!claimsAnything(claim) || isHeading(bare, claim)) {
        sentence.verdict = Verdict::NoClaim;
        return sentence;
    }
    const Reading question = read(context.question, m_items->drugs);
    const Asked asked{.question = context.question.empty() ? nullptr : &question,
                      .latest = asksForTheLast(question) && question.dates.empty()};
    const Cited cited = citedBy(written, m_items->read);
    if (const auto copied = copiedFrom(bare, cited, m_items->read); !copied.empty()) {
        sentence.cited = numbersOf(cited.items.empty() ? Cited{copied, {}} : cited);
        sentence.attached = cited.items.empty();
        sentence.verdict = Verdict::Supported;
        heed(sentence, contradicting(valuesOf(claim), copied, m_items->read, asked));
        return sentence;
    }
    judge(sentence, claim, cited, m_items->read);
    if (sentence.verdict != Verdict::NotSupported)
        heed(sentence,
             contradicting(claim, itemsOf(sentence, m_items->read), m_items->read, asked));
    if (sentence.verdict == Verdict::NotSupported && !sentence.corrected.empty()) {
        sentence.cited = numbersOf({cited.items, {}}); // only what stands has its number put right
        sentence.corrected.clear();
    }
    return sentence;
}

Sentence check(std::string_view sentence, const Evidence& evidence, const Context& context)
{
    return Checker(evidence).check(sentence, context);
}

} // namespace evidence
