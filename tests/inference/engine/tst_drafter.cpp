// SPDX-License-Identifier: Apache-2.0
// A draft model changes how fast an answer comes, never what it says: whatever it drafts, and
// whatever is asked for.
#include "inference/engine/same_vocabulary.h"
#include "inference/engine/scheduler.h"
#include "tests/inference/engine/made_work.h"
#include "tests/support/another_model.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/loaded.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <algorithm>
#include <map>
#include <memory>

using engine::Account;
using engine::Event;
using engine::otherVocabulary;
using engine::RequestId;
using engine::Scheduler;
using engine::Step;
using engine::Work;
using support::Loaded;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::uint32_t kPages = 200;

struct Outcome {
    Tokens tokens;
    std::string text;
    std::vector<float> logprobs;
    std::optional<Step::Kind> end;
    Account account;

    /// What the request got, not what it cost.
    bool operator==(const Outcome& other) const
    {
        return tokens == other.tokens && text == other.text && logprobs == other.logprobs &&
               end == other.end;
    }
};
using Outcomes = std::map<RequestId, Outcome>;

/// Another model, and how often it generated.
class Counted : public support::AnotherModel {
public:
    using AnotherModel::AnotherModel;
    model::Result<void> generate(std::span<const model::Part> parts,
                                 const std::stop_token& stop) override
    {
        ++generated;
        return AnotherModel::generate(parts, stop);
    }

    std::size_t generated = 0;
};

/// A file of a vocabulary alone.
std::string vocabularyOf(const std::vector<std::string>& tokens,
                         const std::vector<std::int32_t>& kinds, const std::string& name)
{
    support::GgufWriter writer;
    writer.add("general.name", name);
    writer.add("tokenizer.ggml.model", "gpt2");
    writer.add("tokenizer.ggml.pre", "smollm");
    writer.add("tokenizer.ggml.tokens", tokens);
    writer.add("tokenizer.ggml.token_type", kinds);
    return writer.file();
}

std::optional<model::Error> difference(const std::string& answer, const std::string& draft)
{
    const auto a = model::GgufFile::parse(std::as_bytes(std::span(answer)));
    const auto b = model::GgufFile::parse(std::as_bytes(std::span(draft)));
    if (!a || !b)
        return model::Error{model::Errc::Io, "the test's own files are broken"};
    return otherVocabulary(*a, *b);
}

} // namespace

class TestDrafter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_answer = std::make_unique<Loaded>(support::tinyModel());
        m_same = std::make_unique<Loaded>(support::tinyModel());
        m_wrong = std::make_unique<Loaded>(support::tinyModel("smollm", 7));
        for (const auto* loaded : {&m_answer, &m_same, &m_wrong})
            QVERIFY((*loaded)->network);
        QVERIFY(m_answer->tokenizer);
        m_trie = std::make_unique<engine::TokenTrie>(m_answer->tokenizer->vocabulary());
    }

    void draftsChangeNothing_data()
    {
        QTest::addColumn<bool>("same");
        QTest::addColumn<float>("temperature");
        for (const bool same : {true, false})
            for (const float temperature : {0.0F, 0.3F, 0.8F, 1.5F})
                QTest::addRow("%s, temperature %g", same ? "same model" : "always wrong",
                              static_cast<double>(temperature))
                    << same << temperature;
    }

    void draftsChangeNothing()
    {
        QFETCH(bool, same);
        QFETCH(float, temperature);
        Work wanted = madeWork(1, 90, 120);
        wanted.request.sampling = {.temperature = temperature, .seed = 3};
        const Outcome plain = runAll({wanted}, {.pages = kPages, .speculate = false}).at(1);
        const Outcome drafted = runAll({wanted}, drafting(same)).at(1);
        QVERIFY(drafted == plain);
        QCOMPARE(plain.account.draftedTokens, 0U);
        QVERIFY(drafted.account.draftedTokens > 80);
        const double held = static_cast<double>(drafted.account.heldTokens) /
                            static_cast<double>(drafted.account.draftedTokens);
        QVERIFY2(same ? held > 0.9 : held < 0.5, qPrintable(QString::number(held)));
    }

    void eightAtOnceAreAsAlone()
    {
        std::vector<Work> works;
        for (RequestId id = 1; id <= 8; ++id) {
            works.push_back(madeWork(id, 11 * id + 3, 40));
            if (id % 2 == 0)
                works.back().request.sampling = {.temperature = 0.7F, .topP = 0.95F, .seed = id};
        }
        for (const bool same : {true, false}) {
            const Outcomes together = runAll(works, drafting(same));
            for (const Work& wanted : works) {
                const Outcome alone =
                    runAll({wanted}, {.pages = kPages, .speculate = false}).at(wanted.id);
                QVERIFY(together.at(wanted.id) == alone);
                QVERIFY(together.at(wanted.id).account.draftedTokens > 0);
            }
        }
    }

    void wishesAreKept()
    {
        auto constraint = engine::Constraint::compile(
            {.kind = wire::Constraint::Kind::Pattern, .text = "(yes|no) [a-c ]{30,60}!"}, *m_trie);
        QVERIFY2(constraint, constraint ? "" : constraint.error().detail.c_str());
        for (const float temperature : {0.0F, 1.0F}) {
            Work masked = madeWork(1, 60, 100);
            masked.request.sampling = {.temperature = temperature, .seed = 5};
            masked.request.sampling.repetitionPenalty = 1.2F;
            masked.request.sampling.logprobs = true;
            masked.request.constraint = *constraint;
            Work stopped = madeWork(2, 60, 100);
            stopped.request.sampling = {.temperature = temperature, .seed = 6};
            const Outcome whole = runAll({stopped}, {.pages = kPages}).at(2);
            stopped.request.stops = {whole.text.substr(30, 3)};
            Work shortest = madeWork(3, 60, 1);
            for (const bool same : {true, false}) {
                const std::vector<Work> works = {masked, stopped, shortest};
                const Outcomes plain = runAll(works, {.pages = kPages, .speculate = false});
                const Outcomes drafted = runAll(works, drafting(same));
                QVERIFY(drafted == plain);
                QVERIFY(plain.at(1).end == Step::Kind::EndOfTurn);
                QVERIFY(plain.at(2).end == Step::Kind::StopText);
                QVERIFY(drafted.at(1).account.draftedTokens > 10);
                // The mask is the draft's too: the same model is right about what is allowed.
                if (same)
                    QVERIFY(drafted.at(1).account.heldTokens * 10 >
                            drafted.at(1).account.draftedTokens * 8);
                QCOMPARE(drafted.at(3).account.draftedTokens, 0U);
            }
        }
    }

    void littleMemoryChangesNothing()
    {
        std::vector<Work> works;
        for (RequestId id = 1; id <= 3; ++id)
            works.push_back(madeWork(id, 20, 150));
        const Outcomes plain = runAll(works, {.pages = kPages, .speculate = false});
        // Requests are put back, and drafts given up.
        Scheduler::Options narrow = drafting(true);
        narrow.pages = 8;
        QVERIFY(runAll(works, narrow) == plain);
        narrow.draftPages = 3;
        QVERIFY(runAll(works, narrow) == plain);
        narrow.pages = kPages;
        QVERIFY(runAll(works, narrow) == plain);
    }

    void whoFindsNoMemoryGoesWithoutAlone()
    {
        // Six pages each at the end: there is room for one of them.
        std::vector<Work> works;
        for (RequestId id = 1; id <= 3; ++id)
            works.push_back(madeWork(id, 20, 150));
        Scheduler::Options narrow = drafting(true);
        narrow.draftPages = 8;
        const Outcomes drafted = runAll(works, narrow);
        QVERIFY(drafted == runAll(works, {.pages = kPages, .speculate = false}));
        std::vector<std::uint32_t> counts;
        for (const auto& [id, outcome] : drafted)
            counts.push_back(outcome.account.draftedTokens);
        std::ranges::sort(counts);
        // Together they come to 64 tokens each.
        QVERIFY2(counts[0] > 10 && counts[0] < 60, qPrintable(QString::number(counts[0])));
        QVERIFY2(counts[2] > 100, qPrintable(QString::number(counts[2])));
    }

    void whoIsPutBackHasTheOthersDraftNothingAnew()
    {
        Counted counted(*m_same->network);
        Scheduler::Options narrow = drafting(true);
        narrow.pages = 8;
        narrow.draft = &counted;
        const auto scheduler = make(narrow);
        for (RequestId id = 1; id <= 3; ++id)
            QVERIFY(scheduler->add(madeWork(id, 20, 150)));
        std::size_t putBack = 0;
        std::map<RequestId, std::size_t> tokens;
        while (!scheduler->idle()) {
            const std::size_t before = counted.generated;
            scheduler->step([&](const Event& event) {
                if (std::holds_alternative<Step>(event.what))
                    ++tokens[event.id];
                else if (std::holds_alternative<engine::InQueue>(event.what) &&
                         tokens.contains(event.id))
                    ++putBack;
            });
            // One pass for each token of the longest draft.
            QVERIFY(counted.generated - before <= narrow.draftLength);
        }
        QVERIFY(putBack > 0);
        QVERIFY(counted.generated > 60);
    }

    void removedFreesItsDraft()
    {
        const auto scheduler = make(drafting(true));
        Work kept = madeWork(1, 100, 500);
        kept.scope = {.user = 1, .patient = 5};
        QVERIFY(scheduler->add(kept));
        QVERIFY(scheduler->add(madeWork(2, 100, 500)));
        for (int i = 0; i < 12; ++i)
            scheduler->step([](const Event&) {});
        const engine::Drafter& drafter = *scheduler->drafter();
        QVERIFY(drafter.pool().usedPages() > drafter.prefixes().pages());
        scheduler->remove(1);
        scheduler->remove(2);
        QCOMPARE(drafter.pool().usedPages(), std::uint32_t{3}); // whole pages of 100 tokens
        QCOMPARE(drafter.prefixes().pages(), std::size_t{3});
        scheduler->forget(1);
        QCOMPARE(drafter.pool().usedPages(), 0U);
    }

    void draftsOnlyWhereItPays()
    {
        // As dear as the model itself: what it drafts can't be worth it, and is not drafted.
        Scheduler::Options options = drafting(true);
        options.draftLength = 0;
        const Work wanted = madeWork(1, 90, 120);
        const Outcome plain = runAll({wanted}, {.pages = kPages, .speculate = false}).at(1);
        const Outcome drafted = runAll({wanted}, options).at(1);
        QVERIFY(drafted == plain);
        // Until it is known what they cost; drafted always are over 80.
        QVERIFY(drafted.account.draftedTokens < 60);
        // Without guesses at all there is no draft model either.
        options.speculate = false;
        QVERIFY(make(options)->drafter() == nullptr);
    }

    void otherVocabulariesAreRefused()
    {
        const Loaded& answer = *m_answer;
        QVERIFY(!otherVocabulary(*answer.file, *m_wrong->file));
        std::string patched = answer.bytes;
        const std::string the("\3\0\0\0\0\0\0\0the", 11);
        const auto at = patched.find(the);
        QVERIFY(at != std::string::npos);
        patched[at + 10] = 'a';
        const auto refused = difference(answer.bytes, patched);
        QVERIFY(refused && refused->code == model::Errc::OtherVocabulary);
        QCOMPARE(refused->detail,
                 std::string("the draft model 'Tiny random model' has another vocabulary than the "
                             "model 'Tiny random model': token 260 is not the same"));
        const auto none = difference(answer.bytes, support::tinyModel(""));
        QVERIFY(none && none->code == model::Errc::OtherVocabulary);
        QVERIFY(!difference(support::tinyModel(""), support::tinyModel("")));
    }

    void vocabulariesMayBeFilledUp()
    {
        const std::string small = vocabularyOf({"a", "b"}, {1, 1}, "small");
        const std::string filled = vocabularyOf({"a", "b", "x"}, {1, 1, 5}, "filled");
        const std::string longer = vocabularyOf({"a", "b", "x"}, {1, 1, 1}, "longer");
        const std::string special = vocabularyOf({"a", "b"}, {1, 3}, "special");
        QVERIFY(!difference(small, small));
        QVERIFY(!difference(small, filled));
        QVERIFY(!difference(filled, small));
        for (const std::string* other : {&longer, &special}) {
            QVERIFY(difference(small, *other)->code == model::Errc::OtherVocabulary);
            QVERIFY(difference(*other, small)->code == model::Errc::OtherVocabulary);
        }
        QCOMPARE(difference(small, longer)->detail,
                 std::string("the draft model 'longer' has another vocabulary than the model "
                             "'small': token 2 is not the same"));
    }

private:
    [[nodiscard]] Scheduler::Options drafting(bool same) const
    {
        return {.pages = kPages,
                .draft = (same ? m_same : m_wrong)->network.get(),
                .draftPages = kPages,
                .draftLength = 4};
    }

    std::unique_ptr<Scheduler> make(const Scheduler::Options& options)
    {
        auto scheduler = Scheduler::create(*m_answer->network, m_answer->tokenizer.get(), options);
        return scheduler ? *std::move(scheduler) : nullptr;
    }

    Outcomes runAll(const std::vector<Work>& works, const Scheduler::Options& options)
    {
        const auto scheduler = make(options);
        for (const Work& wanted : works)
            if (!scheduler || !scheduler->add(wanted))
                return {};
        Outcomes outcomes;
        while (!scheduler->idle())
            scheduler->step([&](const Event& event) {
                Outcome& outcome = outcomes[event.id];
                outcome.account = scheduler->account(event.id).value_or(outcome.account);
                const auto* step = std::get_if<Step>(&event.what);
                if (step == nullptr)
                    return;
                outcome.text += step->text;
                for (const engine::Likelihood& odds : step->odds)
                    outcome.logprobs.push_back(odds.logprob);
                if (step->kind == Step::Kind::Token)
                    outcome.tokens.push_back(step->token);
                else
                    outcome.end = step->kind;
            });
        return outcomes;
    }

    std::unique_ptr<Loaded> m_answer;
    std::unique_ptr<Loaded> m_same;
    std::unique_ptr<Loaded> m_wrong;
    std::unique_ptr<engine::TokenTrie> m_trie;
};

QTEST_GUILESS_MAIN(TestDrafter)
#include "tst_drafter.moc"
