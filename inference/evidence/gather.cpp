// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/gather.h"

#include "inference/evidence/conflicts.h"
#include "inference/evidence/coverage.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/facts.h"
#include "inference/evidence/passages.h"
#include "inference/evidence/topics.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <cmath>
#include <format>
#include <map>
#include <unordered_set>

namespace evidence {

namespace {

/// A piece of the record with what speaks for it.
struct Candidate {
    EvidenceItem item;
    double weight = 0; // of the question's terms that it holds
    double score = 0;
    std::string series; // measurements of one name; empty: none
};

// Shares of a score that no term gives. A term that few entries hold weighs about 3 to 8.
constexpr double kKindScore = 1.5;   // the kind of entry that the question asks for
constexpr double kWindowScore = 1.5; // inside the dates of the question
constexpr double kOutsideShare = 0.2;
constexpr std::size_t kPerSeries = 4;
/// Less than this share of what the question names must be in the record, else nothing is told.
constexpr double kLeastShare = 0.25;

class Gathering {
public:
    Gathering(Topics topics, const records::Chart& chart, const PassageSource& source,
              const Budget& budget, Day today)
        : m_chart(chart)
        , m_source(source)
        , m_budget(budget)
        , m_topics(std::move(topics))
    {
        m_evidence.today = today;
    }

    Evidence run()
    {
        m_evidence.coverage = coverageOf(m_chart);
        m_evidence.drugs = drugWords(m_chart);
        collectFacts();
        collectPassages();
        weighTerms();
        rankFacts();
        rankPassages();
        if (!abstains()) {
            select();
            addConflicts();
        }
        if (m_evidence.items.empty() && !m_evidence.abstention)
            abstain();
        return std::move(m_evidence);
    }

private:
    // ---- candidates ----

    void addFact(EvidenceItem item, std::string series = {})
    {
        m_facts.push_back(
            {.item = std::move(item), .weight = 0, .score = 0, .series = std::move(series)});
    }

    void collectFacts()
    {
        addFact(factOf(m_chart.patient));
        for (const records::Allergy& allergy : m_chart.allergies)
            addFact(factOf(allergy));
        for (const records::Condition& condition : m_chart.conditions)
            addFact(factOf(condition));
        for (const records::Medication& medication : m_chart.medications) {
            // Renewed orders of one medicine in one state are one fact: the newest stands for them.
            addFact(factOf(medication), "medication " + lowered(medication.code.name()) +
                                            std::to_string(static_cast<int>(medication.state)));
        }
        for (const records::Encounter& encounter : m_chart.encounters)
            addFact(factOf(encounter));
        for (const records::OtherEntry& entry : m_chart.others)
            addFact(factOf(entry));
        for (const Panel& panel : panelsOf(m_chart)) {
            const records::Observation& first = *panel.front();
            addFact(factOf(panel),
                    "value " + lowered(first.panel.empty() ? first.code.name() : first.panel));
        }
        m_factStems.reserve(m_facts.size());
        for (const Candidate& fact : m_facts) {
            std::unordered_set<std::string> stems;
            for (const Word& word : wordsOf(fact.item.text))
                stems.insert(word.stem);
            m_factStems.push_back(std::move(stems));
        }
    }

    void collectPassages()
    {
        const std::size_t wanted = 4 * m_budget.items;
        if (m_source) {
            std::string query;
            for (const Term& term : m_topics.terms) {
                for (const std::string& stem : term.stems)
                    query += (query.empty() ? "" : " ") + stem;
                if (!term.stems.contains(term.written))
                    query += " " + term.written;
            }
            if (!query.empty())
                m_found = m_source(query, wanted);
            std::erase_if(m_found, [&](const Passage& passage) {
                return passage.document >= m_chart.documents.size() ||
                       passage.begin >= passage.end ||
                       passage.end > m_chart.documents[passage.document].text.size();
            });
        }
        // A text search that finds whole words only, or nothing, is helped out by stems.
        if (m_found.empty() && !m_topics.terms.empty())
            m_found = searchDocuments(m_chart, m_topics.terms, wanted);
        if (m_topics.terms.empty() || m_topics.everything)
            addNewestDocuments();
    }

    /// The head of the newest documents, for questions that name nothing to look for.
    void addNewestDocuments()
    {
        constexpr std::size_t kNewest = 4;
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < m_chart.documents.size(); ++i) {
            if (!m_chart.documents[i].text.empty() && isInWindow(m_chart.documents[i].date))
                order.push_back(i);
        }
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
            return records::earlier(m_chart.documents[b].date, m_chart.documents[a].date);
        });
        const bool asked = m_topics.everything || m_topics.latest || m_topics.from || m_topics.to;
        for (std::size_t i = 0; asked && i < std::min(kNewest, order.size()); ++i) {
            m_found.push_back(
                {.document = order[i],
                 .begin = 0,
                 .end = std::min<std::uint64_t>(m_chart.documents[order[i]].text.size(),
                                                3 * m_budget.passageBytes)});
        }
    }

    // ---- weights ----

    [[nodiscard]] bool holds(std::size_t fact, const Term& term) const
    {
        return std::ranges::any_of(
            term.stems, [&](const std::string& stem) { return m_factStems[fact].contains(stem); });
    }

    /// A term weighs more the fewer pieces of the record hold it; one that none holds weighs most.
    void weighTerms()
    {
        const auto total = static_cast<double>(m_facts.size() + m_found.size());
        for (Term& term : m_topics.terms) {
            double holding = 0;
            for (std::size_t i = 0; i < m_facts.size(); ++i)
                holding += holds(i, term) ? 1 : 0;
            term.weight = 1;
            const std::vector<Term> alone{term};
            for (const Passage& passage : m_found)
                holding += heldWeight(m_chart, passage, alone) > 0 ? 1 : 0;
            term.weight = std::log(1 + (total + 1) / (holding + 0.5));
            if (holding > 0)
                m_present += term.weight;
            else
                m_evidence.notFound.push_back(term.written);
            m_asked += term.weight;
        }
    }

    [[nodiscard]] bool isInWindow(const records::Date& date) const
    {
        if (!m_topics.from && !m_topics.to)
            return true;
        const auto first = firstDayOf(date.year, date.month, date.day);
        const auto last = lastDayOf(date.year, date.month, date.day);
        return first && last && (!m_topics.from || *last >= *m_topics.from) &&
               (!m_topics.to || *first <= *m_topics.to);
    }

    [[nodiscard]] double recency(const records::Date& date) const
    {
        const auto day = firstDayOf(date.year, date.month, date.day);
        const auto now =
            firstDayOf(m_evidence.today.year, m_evidence.today.month, m_evidence.today.day);
        if (!day || !now)
            return 0;
        return 0.5 / (1 + std::max(0, *now - *day) / 365.0);
    }

    [[nodiscard]] bool isOfKind(const EvidenceItem& item) const
    {
        if (m_topics.family && item.family)
            return true;
        if (m_topics.everything) {
            return item.topic == Topic::Allergy || item.topic == Topic::Condition ||
                   item.topic == Topic::Medication || item.topic == Topic::Observation;
        }
        return m_topics.kinds.contains(item.topic) && !item.family;
    }

    void rankFacts()
    {
        const bool window = m_topics.from || m_topics.to;
        std::vector<Candidate> ranked;
        for (std::size_t i = 0; i < m_facts.size(); ++i) {
            Candidate& fact = m_facts[i];
            for (const Term& term : m_topics.terms)
                fact.weight += holds(i, term) ? term.weight : 0;
            const bool kind = isOfKind(fact.item);
            const bool inWindow = isInWindow(fact.item.date);
            // The kind alone is enough only where nothing narrower is asked for.
            const bool byKind = kind && m_topics.terms.empty();
            const bool byDate = window && inWindow && fact.item.date.known() &&
                                m_topics.terms.empty() && m_topics.kinds.empty();
            if (fact.weight <= 0 && !byKind && !byDate)
                continue;
            fact.score = fact.weight + (kind ? kKindScore : 0) +
                         (window && inWindow ? kWindowScore : 0) + recency(fact.item.date);
            if (window && !inWindow)
                fact.score *= kOutsideShare;
            ranked.push_back(std::move(fact));
        }
        std::ranges::stable_sort(ranked, std::ranges::greater(), &Candidate::score);
        std::map<std::string, std::size_t> taken;
        for (Candidate& fact : ranked) {
            const std::size_t most = fact.series.starts_with("medication") ? 1 : kPerSeries;
            if (fact.series.empty() || taken[fact.series]++ < most)
                m_rankedFacts.push_back(std::move(fact));
        }
    }

    void rankPassages()
    {
        std::unordered_set<std::string> texts;
        for (const Passage& passage : m_found) {
            const Passage part = narrowed(m_chart, passage, m_topics.terms, m_budget.passageBytes);
            Candidate candidate{.item = passageOf(m_chart, part.document, part.begin, part.end,
                                                  m_budget.passageBytes),
                                .weight = heldWeight(m_chart, part, m_topics.terms),
                                .series = {}};
            if ((!m_topics.terms.empty() && candidate.weight <= 0 && !m_topics.everything) ||
                candidate.item.text.empty())
                continue;
            candidate.score = candidate.weight + recency(candidate.item.date);
            if ((m_topics.from || m_topics.to) && !isInWindow(candidate.item.date))
                candidate.score *= kOutsideShare;
            // Notes are carried forward: the same words are told once, by the best place.
            if (texts.insert(lowered(candidate.item.text)).second &&
                !overlapsRanked(candidate.item))
                m_rankedPassages.push_back(std::move(candidate));
        }
        // The search's own order decides between passages that hold the same terms.
        std::ranges::stable_sort(
            m_rankedPassages, std::ranges::greater(),
            [](const Candidate& candidate) { return std::round(candidate.score * 2); });
    }

    [[nodiscard]] bool overlapsRanked(const EvidenceItem& item) const
    {
        return std::ranges::any_of(m_rankedPassages, [&](const Candidate& other) {
            return other.item.document == item.document && other.item.begin < item.end &&
                   item.begin < other.item.end;
        });
    }

    // ---- decision and selection ----

    [[nodiscard]] bool abstains()
    {
        const bool nothing = m_rankedFacts.empty() && m_rankedPassages.empty();
        const bool mostlyMissing = m_asked > 0 && m_present < kLeastShare * m_asked;
        if (!nothing && !mostlyMissing)
            return false;
        abstain();
        return true;
    }

    void abstain()
    {
        const Coverage& coverage = m_evidence.coverage;
        Abstention abstention;
        abstention.searched = {std::format("entries ({})", coverage.entries),
                               std::format("documents ({})", coverage.searched)};
        std::string what;
        for (const std::string& word : m_evidence.notFound)
            what += (what.empty() ? "\"" : ", \"") + word + "\"";
        if (!m_topics.ofThePatient && m_present <= 0) {
            abstention.reason = Abstention::Reason::OutOfScope;
            abstention.text = "This is not a question about the patient's record.";
        } else if (coverage.unreadable > 0 && coverage.searched == 0) {
            abstention.reason = Abstention::Reason::OnlyUnreadable;
            abstention.text = std::format(
                "Nothing was found in {} entries, and none of the {} documents can be read.",
                coverage.entries, coverage.documents);
        } else {
            abstention.reason = Abstention::Reason::NotRecorded;
            abstention.text =
                std::format("Nothing about {} is recorded in {} entries and {} documents.",
                            what.empty() ? "this" : what, coverage.entries, coverage.searched);
            if (coverage.unreadable > 0)
                abstention.text += std::format(" {} cannot be read.", coverage.unreadable);
        }
        m_evidence.abstention = std::move(abstention);
    }

    /// Facts and passages are fused by their ranks, since their scores do not compare.
    void select()
    {
        constexpr double kFusion = 8;
        struct Ranked {
            double score;
            Candidate* candidate;
        };
        std::vector<Ranked> all;
        for (std::vector<Candidate>* list : {&m_rankedFacts, &m_rankedPassages}) {
            double best = 1e-9;
            for (const Candidate& candidate : *list)
                best = std::max(best, candidate.weight);
            for (std::size_t i = 0; i < list->size(); ++i) {
                Candidate& candidate = (*list)[i];
                all.push_back({(1 + candidate.weight / best) / (kFusion + static_cast<double>(i)),
                               &candidate});
            }
        }
        std::ranges::stable_sort(all, std::ranges::greater(), &Ranked::score);
        std::size_t bytes = 0;
        for (const Ranked& ranked : all) {
            EvidenceItem& item = ranked.candidate->item;
            if (m_evidence.items.size() >= m_budget.items)
                break;
            if (bytes + item.text.size() > m_budget.bytes)
                continue;
            bytes += item.text.size();
            add(m_evidence.items, std::move(item));
        }
    }

    /// Disagreements that touch what was gathered; their items come on top of the budget, because
    /// a reader must see both sides.
    void addConflicts()
    {
        constexpr std::size_t kMost = 3;
        const auto gathered = static_cast<int>(m_evidence.items.size());
        std::vector<EvidenceItem> items = m_evidence.items;
        std::vector<Conflict> conflicts = findConflicts(m_chart, ConflictScope::All, items);
        for (const Conflict& conflict : conflicts) {
            const bool touches =
                std::ranges::any_of(conflict.sentences, [&](const Sentence& sentence) {
                    return std::ranges::any_of(sentence.cited,
                                               [&](int number) { return number <= gathered; });
                });
            if (!touches || m_evidence.conflicts.size() >= kMost)
                continue;
            Conflict kept{.kind = conflict.kind, .sentences = {}};
            for (const Sentence& sentence : conflict.sentences) {
                Sentence renumbered = sentence;
                for (int& number : renumbered.cited)
                    number = add(m_evidence.items, items[static_cast<std::size_t>(number) - 1]);
                const std::size_t body = sentence.text.size() - marks(sentence.cited).size() - 1;
                renumbered.text = sentence.text.substr(0, body) + marks(renumbered.cited) + ".";
                kept.sentences.push_back(std::move(renumbered));
            }
            m_evidence.conflicts.push_back(std::move(kept));
        }
    }

    const records::Chart& m_chart;
    const PassageSource& m_source;
    const Budget& m_budget;
    Topics m_topics;
    std::vector<Candidate> m_facts;
    std::vector<std::unordered_set<std::string>> m_factStems;
    std::vector<Passage> m_found;
    std::vector<Candidate> m_rankedFacts;
    std::vector<Candidate> m_rankedPassages;
    double m_asked = 0;
    double m_present = 0;
    Evidence m_evidence;
};

} // namespace

Evidence gather(std::string_view question, const records::Chart& chart,
                const PassageSource& passages, const Budget& budget, Day today,
                std::span<const std::string> earlier)
{
    return Gathering(topicsOf(question, earlier, chart, today), chart, passages, budget, today)
        .run();
}

} // namespace evidence
