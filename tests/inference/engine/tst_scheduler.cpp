// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler.h"
#include "tests/inference/engine/made_work.h"
#include "tests/support/loaded.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <map>
#include <memory>

using engine::Event;
using engine::InQueue;
using engine::PrefixCache;
using engine::Progress;
using engine::RequestId;
using engine::Scheduler;
using engine::Scope;
using engine::Step;
using engine::Work;
using kernels::kPageTokens;

namespace {

using Tokens = std::vector<std::int32_t>;

struct Outcome {
    Tokens tokens;
    std::string text;
    std::optional<Step::Kind> end;
    std::optional<model::Errc> failure;
    std::uint32_t cached = 0;
};
using Outcomes = std::map<RequestId, Outcome>;

} // namespace

class TestScheduler : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_model = std::make_unique<support::Loaded>(support::tinyModel(),
                                                    model::Model::Options{.threads = 2});
        QVERIFY(m_model->tokenizer && m_model->network);
    }

    void writesWhatTheModelSays()
    {
        const Work wanted = madeWork(1, 70, 40);
        const Outcome written = runAll({wanted}).at(1);
        QCOMPARE(written.tokens, byHand(wanted));
        QVERIFY(written.end == Step::Kind::MaxTokens);
        QCOMPARE(written.text.size(), std::size_t{40}); // one letter each
    }

    void neighboursChangeNothing()
    {
        std::vector<Work> works;
        for (RequestId id = 1; id <= 8; ++id) {
            works.push_back(madeWork(id, 11 * id + 3, 30));
            if (id % 2 == 0)
                works.back().request.sampling = {
                    .temperature = 0.8F, .topK = 20, .topP = 0.95F, .seed = id};
        }
        const Outcomes together = runAll(works);
        for (const Work& wanted : works) {
            const Outcome alone = runAll({wanted}, {.pages = 64, .speculate = false}).at(wanted.id);
            QCOMPARE(together.at(wanted.id).tokens, alone.tokens);
        }
    }

    void guessingChangesNothing()
    {
        for (const float temperature : {0.0F, 0.7F}) {
            Work wanted = madeWork(1, 90, 120);
            wanted.request.sampling = {.temperature = temperature, .seed = 3};
            // A text that repeats itself, so that there is something to guess.
            const Tokens once(wanted.request.prompt.begin(), wanted.request.prompt.begin() + 30);
            for (std::size_t i = 0; i < wanted.request.prompt.size(); ++i)
                wanted.request.prompt[i] = once[i % once.size()];
            QCOMPARE(runAll({wanted}).at(1).tokens,
                     runAll({wanted}, {.pages = 64, .speculate = false}).at(1).tokens);
        }
    }

    void littleMemoryChangesNothing()
    {
        std::vector<Work> works;
        for (RequestId id = 1; id <= 5; ++id)
            works.push_back(madeWork(id, 60, 60));
        // Room for two whole requests: the others wait, or are put back as answers grow.
        const Outcomes narrow = runAll(works, {.pages = 9});
        const Outcomes wide = runAll(works, {.pages = 200});
        QVERIFY(m_putBack == 0);
        for (const Work& wanted : works)
            QCOMPARE(narrow.at(wanted.id).tokens, wide.at(wanted.id).tokens);
    }

    void whoIsPutBackSaysTheSameAgain()
    {
        // All are let in with short prompts, then grow until there is no room for all.
        std::vector<Work> works;
        for (RequestId id = 1; id <= 3; ++id)
            works.push_back(madeWork(id, 20, 150));
        const Outcomes narrow = runAll(works, {.pages = 8});
        QVERIFY(m_putBack > 0);
        const Outcomes wide = runAll(works, {.pages = 200});
        for (const Work& wanted : works) {
            QCOMPARE(narrow.at(wanted.id).tokens, wide.at(wanted.id).tokens);
            QCOMPARE(narrow.at(wanted.id).text, wide.at(wanted.id).text);
        }
    }

    void refusesWhatNeverFits()
    {
        const auto scheduler = make({.pages = 4});
        auto added = scheduler->add(madeWork(1, 100, 29));
        QVERIFY(!added && added.error().code == model::Errc::OutOfPages);
        QCOMPARE(added.error().detail,
                 std::string("100 prompt tokens and up to 29 of the answer are 129, there is "
                             "memory for 128"));
        QVERIFY(scheduler->add(madeWork(2, 100, 28)));
        added = scheduler->add(madeWork(3, 4000, 97));
        QVERIFY(!added && added.error().code == model::Errc::ContextTooLong);
        QCOMPARE(added.error().detail,
                 std::string("4000 prompt tokens and up to 97 of the answer are 4097, the context "
                             "holds 4096"));
        Work strange = madeWork(4, 10, 10);
        strange.request.prompt[3] = -1;
        added = scheduler->add(std::move(strange));
        QVERIFY(!added && added.error().code == model::Errc::BadToken);
        QCOMPARE(finish(*scheduler).at(2).tokens.size(), std::size_t{28});
        QVERIFY(scheduler->idle());
    }

    void removedFreesEverything()
    {
        const auto scheduler = make({.pages = 64});
        QVERIFY(scheduler->add(madeWork(1, 100, 500)));
        QVERIFY(scheduler->add(madeWork(2, 900, 500)));
        for (int i = 0; i < 3; ++i)
            scheduler->step([](const Event&) {});
        QVERIFY(scheduler->pool().usedPages() > 0);
        scheduler->remove(2);
        scheduler->remove(1);
        scheduler->remove(7); // not there
        QVERIFY(scheduler->idle());
        QCOMPARE(scheduler->pool().usedPages(), static_cast<std::uint32_t>(scheduler->keptPages()));
    }

    void stoppedWhileReadingIsGone()
    {
        const auto scheduler = make({.pages = 200});
        std::stop_source stop;
        Work wanted = madeWork(1, 3000, 10);
        wanted.stop = stop.get_token();
        QVERIFY(scheduler->add(std::move(wanted)));
        stop.request_stop();
        bool spoke = false;
        for (int i = 0; i < 3; ++i)
            scheduler->step([&spoke](const Event&) { spoke = true; });
        QVERIFY(!spoke && scheduler->idle());
        QCOMPARE(scheduler->pool().usedPages(), 0U);
    }

    void sameRecordIsReadOnce()
    {
        const auto scheduler = make({.pages = 200});
        Work first = madeWork(1, 200, 20);
        first.scope = {.user = 1, .patient = 5};
        const Tokens expected = runAll({first}).at(1).tokens;
        QVERIFY(scheduler->add(first));
        QCOMPARE(finish(*scheduler).at(1).tokens, expected);

        Work again = first;
        again.id = 2;
        QVERIFY(scheduler->add(again));
        Outcome cached = finish(*scheduler).at(2);
        QCOMPARE(cached.cached, std::uint32_t{199 / kPageTokens * kPageTokens});
        QCOMPARE(cached.tokens, expected); // the same bits, not only nearly

        for (const Scope other : {Scope{1, 6}, Scope{2, 5}, PrefixCache::kShared}) {
            Work foreign = first;
            foreign.scope = other;
            QVERIFY(scheduler->add(foreign));
            cached = finish(*scheduler).at(1);
            QCOMPARE(cached.cached, 0U);
            QCOMPARE(cached.tokens, expected);
        }
        scheduler->forget(1);
        QVERIFY(scheduler->add(again));
        QCOMPARE(finish(*scheduler).at(2).cached, 0U);
    }

    void forgottenWhileItRunsIsNotKept()
    {
        const auto scheduler = make({.pages = 200});
        Work wanted = madeWork(1, 200, 5);
        wanted.scope = {.user = 1, .patient = 5};
        QVERIFY(scheduler->add(wanted));
        scheduler->forget(1);
        finish(*scheduler);
        QCOMPARE(scheduler->keptPages(), std::size_t{0});
        QVERIFY(scheduler->add(wanted)); // signed in again, by chance under the same number
        finish(*scheduler);
        QVERIFY(scheduler->keptPages() > 0);
    }

    void onlySharedTokensAreShared()
    {
        const auto scheduler = make({.pages = 200});
        Work first = madeWork(1, 200, 5);
        first.scope = {.user = 1, .patient = 5};
        first.sharedTokens = 70; // two whole pages and a part
        Work second = first;
        second.id = 2;
        second.scope = {.user = 2, .patient = 6};
        QVERIFY(scheduler->add(first));
        finish(*scheduler);
        QVERIFY(scheduler->add(second));
        QCOMPARE(finish(*scheduler).at(2).cached, std::uint32_t{2 * kPageTokens});
    }

    void nothingGeneratedIsKept()
    {
        const auto scheduler = make({.pages = 200});
        Work first = madeWork(1, 64, 100);
        first.scope = {.user = 1, .patient = 5};
        QVERIFY(scheduler->add(first));
        const Outcome answer = finish(*scheduler).at(1);
        Work next = first;
        next.id = 2;
        next.request.prompt.insert(next.request.prompt.end(), answer.tokens.begin(),
                                   answer.tokens.end());
        QVERIFY(scheduler->add(next));
        QCOMPARE(finish(*scheduler).at(2).cached, 64U);
    }

    void manyQuestionsOfOneDontHoldUpAnother()
    {
        // A gap so short that the first step is far from the end of any of them.
        const auto scheduler = make({.pages = 400, .gap = std::chrono::microseconds(1)});
        for (RequestId id = 1; id <= 6; ++id) {
            Work wanted = madeWork(id, 600, 2);
            wanted.scope = {.user = 1, .patient = id};
            QVERIFY(scheduler->add(std::move(wanted)));
        }
        Work other = madeWork(9, 600, 2);
        other.scope = {.user = 2, .patient = 1};
        std::vector<RequestId> ends;
        const auto note = [&ends](const Event& event) {
            const auto* step = std::get_if<Step>(&event.what);
            if (step != nullptr && step->kind != Step::Kind::Token)
                ends.push_back(event.id);
        };
        scheduler->step(note);
        QVERIFY(scheduler->add(std::move(other)));
        while (!scheduler->idle())
            scheduler->step(note);
        const auto place = std::ranges::find(ends, RequestId{9}) - ends.begin();
        QVERIFY2(place <= 2, qPrintable(QString::number(place)));
    }

    void answersGoOnWhileAPromptIsRead()
    {
        // A gap so short that each step reads one layer of a chunk.
        const auto scheduler = make({.pages = 400, .gap = std::chrono::microseconds(1)});
        QVERIFY(scheduler->add(madeWork(1, 10, 300)));
        for (int i = 0; i < 5; ++i)
            scheduler->step([](const Event&) {});
        QVERIFY(scheduler->add(madeWork(2, 3000, 2)));
        int tokens = 0;
        bool read = false;
        while (!read && !scheduler->idle()) {
            int inStep = 0;
            scheduler->step([&](const Event& event) {
                const auto* progress = std::get_if<Progress>(&event.what);
                read |= progress != nullptr && event.id == 2 && progress->done == progress->total;
                inStep += event.id == 1 && std::holds_alternative<Step>(event.what) ? 1 : 0;
            });
            tokens += inStep;
        }
        QVERIFY(read);
        QVERIFY2(tokens > 20, qPrintable(QString::number(tokens)));
    }

    void whoWaitsIsToldThePlace()
    {
        const auto scheduler = make({.pages = 64, .mostRunning = 1});
        for (RequestId id = 1; id <= 3; ++id)
            QVERIFY(scheduler->add(madeWork(id, 20, 3)));
        std::map<RequestId, std::vector<std::uint32_t>> places;
        while (!scheduler->idle())
            scheduler->step([&places](const Event& event) {
                if (const auto* queued = std::get_if<InQueue>(&event.what))
                    places[event.id].push_back(queued->place);
            });
        QVERIFY(!places.contains(1));
        QCOMPARE(places[2], (std::vector<std::uint32_t>{1}));
        QCOMPARE(places[3], (std::vector<std::uint32_t>{2, 1}));
    }

    void stopTextEndsTheAnswer()
    {
        Work wanted = madeWork(1, 70, 60);
        const Outcome whole = runAll({wanted}).at(1);
        wanted.request.stops = {whole.text.substr(20, 3)};
        const Outcome cut = runAll({wanted}).at(1);
        QVERIFY(cut.end == Step::Kind::StopText);
        QCOMPARE(cut.text, whole.text.substr(0, whole.text.find(wanted.request.stops[0])));
    }

private:
    std::unique_ptr<Scheduler> make(const Scheduler::Options& options)
    {
        auto scheduler = Scheduler::create(*m_model->network, m_model->tokenizer.get(), options);
        return scheduler ? *std::move(scheduler) : nullptr;
    }

    Outcomes finish(Scheduler& scheduler)
    {
        Outcomes outcomes;
        std::map<RequestId, bool> wrote;
        m_putBack = 0;
        while (!scheduler.idle()) {
            scheduler.step([&](const Event& event) {
                Outcome& outcome = outcomes[event.id];
                if (const auto account = scheduler.account(event.id))
                    outcome.cached = account->cachedTokens;
                if (const auto* failure = std::get_if<model::Error>(&event.what))
                    outcome.failure = failure->code;
                if (std::holds_alternative<InQueue>(event.what) && wrote[event.id])
                    ++m_putBack;
                const auto* step = std::get_if<Step>(&event.what);
                if (step == nullptr)
                    return;
                wrote[event.id] = true;
                outcome.text += step->text;
                if (step->kind == Step::Kind::Token)
                    outcome.tokens.push_back(step->token);
                else
                    outcome.end = step->kind;
            });
        }
        return outcomes;
    }

    Outcomes runAll(const std::vector<Work>& works,
                    const Scheduler::Options& options = {.pages = 200})
    {
        const auto scheduler = make(options);
        for (const Work& wanted : works)
            if (!scheduler->add(wanted))
                return {};
        Outcomes outcomes = finish(*scheduler);
        return outcomes;
    }

    /// Greedy, one token after the other, straight on the model.
    Tokens byHand(const Work& wanted)
    {
        const Tokens& prompt = wanted.request.prompt;
        model::Model& network = *m_model->network;
        auto cache =
            network.makeCache(static_cast<std::uint32_t>(prompt.size()) + wanted.request.maxTokens);
        std::vector<float> logits(network.config().vocabularySize);
        Tokens tokens;
        auto done =
            network.forward(prompt, *cache, model::Phase::Prompt, model::Logits::Last, logits, {});
        while (done && tokens.size() < wanted.request.maxTokens) {
            tokens.push_back(
                static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin()));
            done = network.forward(std::span(tokens).last(1), *cache, model::Phase::Generation,
                                   model::Logits::Last, logits, {});
        }
        return tokens;
    }

    std::unique_ptr<support::Loaded> m_model;
    int m_putBack = 0; // requests that were put back after they had begun to write
};

QTEST_GUILESS_MAIN(TestScheduler)
#include "tst_scheduler.moc"
