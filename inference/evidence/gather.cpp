// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/gather.h"

#include "inference/evidence/abstention.h"
#include "inference/evidence/allergy_relations.h"
#include "inference/evidence/analytes.h"
#include "inference/evidence/conflicts.h"
#include "inference/evidence/coverage.h"
#include "inference/evidence/dates.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/facts.h"
#include "inference/evidence/passages.h"
#include "inference/evidence/spelling.h"
#include "inference/evidence/topics.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <cmath>
#include <format>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace evidence {

namespace {

/// A piece of the record with what speaks for it.
struct Candidate {
    EvidenceItem item;
    double weight = 0; // of the question's terms that it holds
    double score = 0;
    std::string series;                     // measurements of one name; empty: none
    std::vector<const Analyte*> analytes{}; // of a measurement's parts
    std::vector<bool> held{};               // which of the question's terms a fact holds
};

// Shares of a score that no term gives. A term that few entries hold weighs about 3 to 8.
constexpr double kKindScore = 1.5;   // the kind of entry that the question asks for
constexpr double kWindowScore = 1.5; // inside the dates of the question
constexpr double kOutsideShare = 0.2;
constexpr double kReportShare = 0.3; // names values and tells none
constexpr std::size_t kPerSeries = 4;
/// Where a question names nothing that a record is known to hold, at least this share of its words
/// must be there, else nothing is told.
constexpr double kLeastShare = 0.25;

class Gathering {
public:
    Gathering(Topics topics, std::vector<std::string> remarks, const records::Chart& chart,
              const PassageSource& source, const Budget& budget, Day today)
        : m_chart(chart)
        , m_source(source)
        , m_budget(budget)
        , m_topics(std::move(topics))
        , m_remarks(std::move(remarks))
    {
        m_evidence.today = today;
    }

    Evidence run()
    {
        m_evidence.coverage = coverageOf(m_chart);
        m_evidence.coverage.remarks = m_remarks;
        m_warnings = allergiesAgainst(m_topics, m_chart);
        m_evidence.drugs = drugWords(m_chart);
        collectFacts();
        collectPassages();
        weighTerms();
        rankFacts();
        rankPassages();
        if (!abstains()) {
            addWarnings();
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
        for (const records::OtherEntry& entry : m_chart.others) {
            // Reports list the names of values that stand for themselves: one of a name is enough.
            addFact(factOf(entry), entry.kind == "DiagnosticReport"
                                       ? "report " + lowered(entry.code.name())
                                       : std::string());
        }
        for (const Panel& panel : panelsOf(m_chart)) {
            const records::Observation& first = *panel.front();
            addFact(factOf(panel),
                    "value " + lowered(first.panel.empty() ? first.code.name() : first.panel));
            for (const records::Observation* part : panel)
                m_facts.back().analytes.push_back(analyteFor(*part));
        }
        markHeldTerms();
    }

    /// Charts repeat few measurements many times.
    const Analyte* analyteFor(const records::Observation& observation)
    {
        std::string key = observation.code.name();
        for (const records::Coding& coding : observation.code.codings)
            key += "\n" + coding.code;
        const auto [place, isNew] = m_analytes.try_emplace(std::move(key), nullptr);
        if (isNew)
            place->second = analyteOf(observation);
        return place->second;
    }

    void markHeldTerms()
    {
        const TermMatcher matcher(m_topics.terms);
        for (Candidate& fact : m_facts) {
            fact.held.assign(m_topics.terms.size(), false);
            matcher.visit(wordsOf(fact.item.text),
                          [&](std::size_t term) { fact.held[term] = true; });
            for (std::size_t i = 0; i < m_topics.terms.size(); ++i) {
                for (const Analyte* analyte : m_topics.terms[i].analytes)
                    fact.held[i] = fact.held[i] || std::ranges::contains(fact.analytes, analyte);
            }
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
                for (const std::vector<std::string>& phrase : term.phrases) {
                    for (const std::string& stem : phrase)
                        query += (query.empty() ? "" : " ") + stem;
                }
                if (!term.stems.contains(term.written))
                    query += " " + term.written;
            }
            if (!query.empty())
                m_found = m_source(query, wanted);
            std::erase_if(m_found, [&](const Passage& passage) {
                return passage.document >= m_chart.documents.size() ||
                       passage.begin >= passage.end ||
                       passage.end > m_chart.documents[passage.document].text.size() ||
                       heldWeight(m_chart, passage, m_topics.terms) <= 0;
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

    /// A term weighs more the fewer pieces of the record hold it; one that none holds weighs most.
    void weighTerms()
    {
        const auto total = static_cast<double>(m_facts.size() + m_found.size());
        for (std::size_t i = 0; i < m_topics.terms.size(); ++i) {
            Term& term = m_topics.terms[i];
            double holding = 0;
            for (const Candidate& fact : m_facts)
                holding += fact.held[i] ? 1 : 0;
            term.weight = 1;
            const std::vector<Term> alone{term};
            for (const Passage& passage : m_found)
                holding += heldWeight(m_chart, passage, alone) > 0 ? 1 : 0;
            term.weight = std::log(1 + (total + 1) / (holding + 0.5));
            const bool warned =
                std::ranges::contains(m_warnings, term.shown, &AllergyRelation::asked);
            if (holding > 0 || warned)
                m_present += term.weight;
            else
                m_missing.push_back(&term);
            m_namedAsked = m_namedAsked || term.named;
            m_namedPresent = m_namedPresent || (term.named && (holding > 0 || warned));
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
        for (Candidate& fact : m_facts) {
            bool kind = isOfKind(fact.item);
            for (std::size_t i = 0; i < m_topics.terms.size(); ++i) {
                fact.weight += fact.held[i] ? m_topics.terms[i].weight : 0;
                kind = kind || (fact.held[i] && m_topics.terms[i].topic == fact.item.topic);
            }
            const bool inWindow = isInWindow(fact.item.date);
            // The kind alone is enough only where nothing narrower is asked for. Who asks for an
            // allergy to something is told all of them, and that none is known.
            const bool byKind = kind && (m_topics.terms.empty() ||
                                         (asksForAllergies() && fact.item.topic == Topic::Allergy));
            const bool byDate = window && inWindow && fact.item.date.known() &&
                                m_topics.terms.empty() && m_topics.kinds.empty();
            if (fact.weight <= 0 && !byKind && !byDate)
                continue;
            fact.score = fact.weight + (kind ? kKindScore : 0) +
                         (window && inWindow ? kWindowScore : 0) + recency(fact.item.date);
            if (window && !inWindow)
                fact.score *= kOutsideShare;
            if (fact.series.starts_with("report "))
                fact.score *= kReportShare;
            ranked.push_back(std::move(fact));
        }
        std::ranges::stable_sort(ranked, std::ranges::greater(), &Candidate::score);
        std::map<std::string, std::size_t> taken;
        for (Candidate& fact : ranked) {
            const bool single =
                fact.series.starts_with("medication ") || fact.series.starts_with("report ");
            const std::size_t most = single ? 1 : kPerSeries;
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

    [[nodiscard]] bool asksForAllergies() const
    {
        return m_topics.kinds.contains(Topic::Allergy) && !m_topics.family &&
               !m_chart.allergies.empty();
    }

    [[nodiscard]] bool overlapsRanked(const EvidenceItem& item) const
    {
        return std::ranges::any_of(m_rankedPassages, [&](const Candidate& other) {
            return other.item.document == item.document && other.item.begin < item.end &&
                   item.begin < other.item.end;
        });
    }

    // ---- decision and selection ----

    /// What a record could hold decides: a medicine, a measurement, a disease that is found is
    /// told, whatever else the question says. A name that is not in the record may be another
    /// person's: then nothing is told.
    [[nodiscard]] bool abstains()
    {
        const bool nothing =
            m_rankedFacts.empty() && m_rankedPassages.empty() && m_warnings.empty();
        const bool stranger =
            std::ranges::any_of(m_missing, [](const Term* term) { return term->isProper; });
        const bool missing = asksForAllergies() ? m_rankedFacts.empty()
                             : m_namedAsked     ? !m_namedPresent
                                                : m_asked > 0 && m_present < kLeastShare * m_asked;
        if (!nothing && !stranger && !missing)
            return false;
        abstain();
        return true;
    }

    void abstain()
    {
        for (const Term* term : m_missing)
            m_evidence.notFound.push_back(term->written);
        m_evidence.abstention =
            abstentionFor(m_topics, m_missing, m_present > 0, m_evidence.coverage);
    }

    /// Allergies against what is asked about come first and count in no budget.
    void addWarnings()
    {
        for (const AllergyRelation& relation : m_warnings) {
            for (EvidenceItem& item : evidenceOf(relation, m_chart))
                add(m_evidence.items, std::move(item));
        }
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
    std::vector<std::string> m_remarks;
    std::vector<Candidate> m_facts;
    std::unordered_map<std::string, const Analyte*> m_analytes;
    std::vector<AllergyRelation> m_warnings;
    std::vector<const Term*> m_missing; // of m_topics
    std::vector<Passage> m_found;
    std::vector<Candidate> m_rankedFacts;
    std::vector<Candidate> m_rankedPassages;
    double m_asked = 0;
    double m_present = 0;
    bool m_namedAsked = false;
    bool m_namedPresent = false;
    Evidence m_evidence;
};

} // namespace

Evidence gather(std::string_view question, const records::Chart& chart,
                const PassageSource& passages, const Budget& budget, Day today,
                std::span<const std::string> earlier)
{
    Spelling spelling = spelled(question, chart);
    std::vector<std::string> before;
    for (const std::string& other : earlier)
        before.push_back(spelled(other, chart).question);
    return Gathering(topicsOf(spelling.question, before, chart, today), std::move(spelling.remarks),
                     chart, passages, budget, today)
        .run();
}

} // namespace evidence
