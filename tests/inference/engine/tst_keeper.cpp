// SPDX-License-Identifier: Apache-2.0
// What one worker gives away of the prompts it has read, another takes back, and reads on from
// there with the same bits; nobody but the same user and patient finds it, and nothing else is
// taken.
#include "inference/engine/keeper.h"
#include "inference/engine/scheduler.h"
#include "tests/inference/engine/made_work.h"
#include "tests/support/loaded.h"
#include "tests/support/run_options.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <random>
#include <tuple>

using engine::Event;
using engine::Keeper;
using engine::RequestId;
using engine::Scheduler;
using engine::Scope;
using engine::Step;
using engine::Work;
using kernels::kPageTokens;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr Scope kAnna{.user = 1, .patient = 10};
const std::string kArithmetic = "made up";

struct Outcome {
    std::vector<std::uint32_t> bits; // of every token and of what the model gave it and others
    std::uint32_t cached = 0;
    bool operator==(const Outcome&) const = default;
};

/// A scheduler with its keeper: what a worker has.
struct Desk {
    std::unique_ptr<Scheduler> scheduler;
    std::unique_ptr<Keeper> keeper;

    void keepInPieces(std::size_t pages)
    {
        keeper = std::make_unique<Keeper>(*scheduler, kArithmetic,
                                          pages * scheduler->pool().bytesPerPage());
    }
};

std::vector<std::string> piecesOf(Keeper& keeper, Scope scope)
{
    std::vector<std::string> pieces;
    for (std::string piece = keeper.piece(scope, 0); !piece.empty();
         piece = keeper.piece(scope, static_cast<std::uint32_t>(pieces.size())))
        pieces.push_back(std::move(piece));
    return pieces;
}

} // namespace

class TestKeeper : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        using Options = model::Model::Options;
        const std::string bytes = support::tinyModel();
        m_model = std::make_unique<support::Loaded>(bytes, Options{.threads = 2});
        m_exact = std::make_unique<support::Loaded>(bytes, Options{.threads = 1, .exact = true});
        QVERIFY(m_model->tokenizer && m_model->network && m_exact->network);
    }

    void readsOnWithTheSameBits()
    {
        const Tokens chart = madeText(700, 1);
        Desk first = desk();
        const Outcome cold = ask(first, kAnna, chart, 30);
        QCOMPARE(cold.cached, 0U);
        const auto pieces = piecesOf(*first.keeper, kAnna);
        QVERIFY(!pieces.empty());

        Desk second = desk();
        for (const std::string& piece : pieces)
            QVERIFY(second.keeper->restore(kAnna, piece) > 0);
        const Outcome warm = ask(second, kAnna, chart, 30);
        QCOMPARE(warm.bits, cold.bits);
        QCOMPARE(warm.cached, std::uint32_t{700 / kPageTokens * kPageTokens});
        // Control: another chart's answer has other bits, and finds nothing.
        const Outcome other = ask(second, kAnna, madeText(700, 2), 30);
        QVERIFY(other.bits != cold.bits);
        QCOMPARE(other.cached, 0U);
    }

    void promptsThatBeganAlikeShareWhatTheyShare()
    {
        Desk first = desk();
        const Tokens chart = madeText(320, 3);
        Tokens longer = chart;
        const Tokens tail = madeText(200, 4);
        longer.insert(longer.end(), tail.begin(), tail.end());
        Tokens branch(chart.begin(), chart.begin() + 160);
        branch.insert(branch.end(), tail.begin(), tail.end());
        const Tokens apart = madeText(100, 5);
        for (const Tokens& prompt : {longer, branch, apart})
            ask(first, kAnna, prompt, 1);
        const std::size_t pages = first.scheduler->keptPages();
        const auto pieces = piecesOf(*first.keeper, kAnna);

        Desk second = desk();
        for (const std::string& piece : pieces)
            QVERIFY(second.keeper->restore(kAnna, piece) > 0);
        QCOMPARE(second.scheduler->keptPages(), pages);
        for (const Tokens& prompt : {longer, branch, apart})
            QCOMPARE(ask(second, kAnna, prompt, 1).cached,
                     static_cast<std::uint32_t>((prompt.size() - 1) / kPageTokens * kPageTokens));
        // What was used last comes first: all that fits, where not everything does.
        Desk third = desk();
        QCOMPARE(third.keeper->restore(kAnna, pieces.front()),
                 static_cast<std::uint32_t>(apart.size() / kPageTokens * kPageTokens));
    }

    void manyPiecesEachNeedThoseBefore()
    {
        Desk first = desk();
        first.keepInPieces(4);
        const Tokens chart = madeText(1000, 6);
        const Outcome cold = ask(first, kAnna, chart, 3);
        const auto pieces = piecesOf(*first.keeper, kAnna);
        QCOMPARE(pieces.size(), std::size_t{8}); // of 31 pages, 4 in each

        Desk second = desk();
        QCOMPARE(second.keeper->restore(kAnna, pieces[1]), 0U);
        QCOMPARE(second.scheduler->keptPages(), std::size_t{0});
        std::uint32_t known = 0;
        for (const std::string& piece : pieces) {
            const std::uint32_t now = second.keeper->restore(kAnna, piece);
            QVERIFY(now > known);
            known = now;
        }
        QCOMPARE(second.keeper->restore(kAnna, pieces[0]) > 0, true); // known already
        QCOMPARE(ask(second, kAnna, chart, 3).bits, cold.bits);
    }

    void nobodyElseFindsIt()
    {
        const Tokens chart = madeText(300, 7);
        Desk first = desk();
        ask(first, kAnna, chart, 1);
        for (const Scope other : {Scope{.user = 1, .patient = 11}, Scope{.user = 2, .patient = 10},
                                  Scope{.user = 0, .patient = 0}, Scope{.user = 0, .patient = 10}})
            QVERIFY(first.keeper->piece(other, 0).empty());
        const auto pieces = piecesOf(*first.keeper, kAnna);
        Desk second = desk();
        QVERIFY(second.keeper->restore(kAnna, pieces[0]) > 0);
        for (const Scope other : {Scope{.user = 1, .patient = 11}, Scope{.user = 2, .patient = 10}})
            QCOMPARE(ask(second, other, chart, 1).cached, 0U);
        QVERIFY(ask(second, kAnna, chart, 1).cached > 0);
        QCOMPARE(second.keeper->restore({.user = 0, .patient = 10}, pieces[0]), 0U);
        // What was forgotten is not given away.
        second.scheduler->forget(kAnna.user);
        QVERIFY(second.keeper->piece(kAnna, 0).empty());
    }

    void whatWasForgottenBetweenTwoPiecesIsNotGiven()
    {
        Desk one = desk();
        one.keepInPieces(1);
        ask(one, kAnna, madeText(300, 6), 1);
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
        one.scheduler->forget(kAnna.user);
        QVERIFY(one.keeper->piece(kAnna, 1).empty());
        QVERIFY(one.keeper->piece(kAnna, 0).empty());
    }

    void refusesAllElse()
    {
        const Tokens chart = madeText(100, 8);
        Desk first = desk();
        ask(first, kAnna, chart, 1);
        const std::string piece = piecesOf(*first.keeper, kAnna).at(0);
        Desk second = desk();
        const auto refused = [&](const std::string& bytes) {
            return second.keeper->restore(kAnna, bytes) == 0 &&
                   second.scheduler->pool().usedPages() == 0;
        };
        for (std::size_t cut = 0; cut < piece.size(); cut += cut < 600 ? 1 : 997)
            QVERIFY(refused(piece.substr(0, cut)));
        QVERIFY(refused(piece + "x"));
        // Every bit before the keys and values decides; but for those that say which tokens.
        const std::size_t tokensBegin = 4 + 4 + 4 + kArithmetic.size() + 4 + 4;
        for (std::size_t byte = 0; byte < tokensBegin; ++byte)
            for (int bit = 0; bit < 8; ++bit) {
                std::string changed = piece;
                changed[byte] = static_cast<char>(changed[byte] ^ (1 << bit));
                QVERIFY2(refused(changed), qPrintable(QString::number(byte)));
            }
        std::string outside = piece;
        outside[tokensBegin + 3] = '\x7f'; // a token far beyond the vocabulary
        QVERIFY(refused(outside));
        // Another processor's arithmetic; another layout.
        Desk other = desk();
        other.keeper = std::make_unique<Keeper>(*other.scheduler, "made up otherwise");
        QCOMPARE(other.keeper->restore(kAnna, piece), 0U);
        Desk exact = deskOf(*m_exact, 400);
        QCOMPARE(exact.keeper->restore(kAnna, piece), 0U);
        // Control: as it was, it is taken.
        QVERIFY(second.keeper->restore(kAnna, piece) > 0);
    }

    /// A piece was sealed by the service, but by whom it was made is not known for ever.
    void survivesMutations()
    {
        Desk first = desk();
        ask(first, kAnna, madeText(100, 12), 1);
        const std::string piece = piecesOf(*first.keeper, kAnna).at(0);
        const std::size_t saved = 4 + 4 + 4 + kArithmetic.size() + 4 + 4 + 4 * 96;
        Desk second = desk();
        std::mt19937 random(21);
        int taken = 0;
        int refused = 0;
        for (int round = 0; round < support::rounds(2000, 1000000); ++round) {
            std::string bytes = piece;
            for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
                // Mostly what says how the rest is to be read.
                const std::size_t upTo = random() % 3 == 0 ? bytes.size() : saved + 100;
                const std::size_t at = random() % std::min(upTo, bytes.size());
                if (random() % 8 == 0)
                    bytes.resize(at + 1);
                else
                    bytes[at] = static_cast<char>(random());
            }
            const bool known = second.keeper->restore(kAnna, bytes) > 0;
            QCOMPARE(known, second.scheduler->pool().usedPages() > 0);
            ++(known ? taken : refused);
            // Numbers that no attention ever computed: answers without sense, and nothing else.
            if (known && taken % 50 == 1)
                ask(second, kAnna, madeText(110, 12), 2);
            second.scheduler->forget(kAnna.user);
            QCOMPARE(second.scheduler->pool().usedPages(), 0U);
        }
        QVERIFY(taken > 100 && refused > 100);
        QVERIFY(second.keeper->restore(kAnna, piece) > 0);
    }

    /// One kind of keys and values for one chart: what was kept as another is read anew.
    void keysAndValuesOfAnotherKindAreRefused()
    {
        using Keys = kernels::KeyFormat;
        using Values = kernels::ValueFormat;
        const Tokens chart = madeText(100, 13);
        std::vector<std::unique_ptr<support::Loaded>> models;
        std::vector<Desk> desks;
        std::vector<std::string> pieces;
        for (const auto& [keys, values, int8] :
             {std::tuple{Keys::Half, Values::Int8, false},
              std::tuple{Keys::Bfloat, Values::Int8, false}, // as large as the first
              std::tuple{Keys::Half, Values::Bfloat, false},
              std::tuple{Keys::Half, Values::Half, false},
              std::tuple{Keys::Half, Values::Int8, true}}) {
            models.push_back(std::make_unique<support::Loaded>(
                support::tinyModel(),
                model::Model::Options{.threads = 2, .keys = keys, .values = values}));
            QVERIFY(models.back()->network);
            if (int8)
                models.back()->network->keepInt8Keys({false, true});
            Desk made = deskOf(*models.back(), 40);
            ask(made, kAnna, chart, 1);
            pieces.push_back(piecesOf(*made.keeper, kAnna).at(0));
            made.scheduler->forget(kAnna.user);
            desks.push_back(std::move(made));
        }
        for (std::size_t to = 0; to < desks.size(); ++to)
            for (std::size_t from = 0; from < pieces.size(); ++from) {
                QCOMPARE(desks[to].keeper->restore(kAnna, pieces[from]) > 0, to == from);
                desks[to].scheduler->forget(kAnna.user);
            }
        desks.clear(); // before the models
    }

    void whatWasUnusedForLongestMakesRoom()
    {
        Desk first = desk();
        const Tokens chart = madeText(320, 9);
        ask(first, kAnna, chart, 1);
        const auto pieces = piecesOf(*first.keeper, kAnna);
        Desk narrow = desk(12);
        ask(narrow, {.user = 3, .patient = 3}, madeText(200, 10), 1);
        QVERIFY(narrow.keeper->restore(kAnna, pieces.at(0)) > 0);
        QVERIFY(piecesOf(*narrow.keeper, kAnna) == pieces);
        Desk tooNarrow = desk(6);
        QCOMPARE(tooNarrow.keeper->restore(kAnna, pieces.at(0)), 0U);
        QCOMPARE(tooNarrow.scheduler->pool().usedPages(), 0U);
        // What can't fit anyhow costs nobody anything.
        ask(tooNarrow, {.user = 3, .patient = 3}, madeText(100, 10), 1);
        QCOMPARE(tooNarrow.scheduler->keptPages(), std::size_t{3});
        QCOMPARE(tooNarrow.keeper->restore(kAnna, pieces.at(0)), 0U);
        QCOMPARE(tooNarrow.scheduler->keptPages(), std::size_t{3});
    }

    void whoIsForgottenIsNotRemembered()
    {
        Desk one = desk();
        one.keepInPieces(1);
        ask(one, kAnna, madeText(300, 6), 1);
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
        one.keeper->forget(2); // the control: somebody else
        QVERIFY(!one.keeper->piece(kAnna, 1).empty());
        one.keeper->forget(kAnna.user);
        QVERIFY(one.keeper->piece(kAnna, 2).empty());
        // The scheduler still has it: who asks anew gets it anew.
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
    }

    void piecesComeInOrder()
    {
        Desk one = desk();
        ask(one, kAnna, madeText(100, 11), 1);
        QVERIFY(one.keeper->piece(kAnna, 1).empty()); // nothing was begun
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
        QVERIFY(one.keeper->piece({.user = 1, .patient = 11}, 1).empty());
        QVERIFY(one.keeper->piece(kAnna, 3).empty());
    }

private:
    Desk desk(std::uint32_t pages = 400) { return deskOf(*m_model, pages); }

    static Desk deskOf(const support::Loaded& loaded, std::uint32_t pages)
    {
        Desk made;
        auto scheduler =
            Scheduler::create(*loaded.network, loaded.tokenizer.get(), {.pages = pages});
        made.scheduler = *std::move(scheduler);
        made.keeper = std::make_unique<Keeper>(*made.scheduler, kArithmetic);
        return made;
    }

    Outcome ask(Desk& desk, Scope scope, const Tokens& prompt, std::uint32_t maxTokens)
    {
        Work work{.id = 1, .request = {}, .scope = scope, .sharedTokens = 0, .stop = {}};
        work.request.prompt = prompt;
        work.request.maxTokens = maxTokens;
        work.request.sampling.logprobs = true;
        work.request.sampling.topLogprobs = 20;
        Outcome outcome;
        if (!desk.scheduler->add(std::move(work)))
            return outcome;
        while (!desk.scheduler->idle())
            desk.scheduler->step([&](const Event& event) {
                if (const auto account = desk.scheduler->account(event.id))
                    outcome.cached = account->cachedTokens;
                const auto* step = std::get_if<Step>(&event.what);
                if (step == nullptr)
                    return;
                outcome.bits.push_back(static_cast<std::uint32_t>(step->token));
                for (const auto& [token, logprob] : step->odds) {
                    outcome.bits.push_back(static_cast<std::uint32_t>(token));
                    outcome.bits.push_back(std::bit_cast<std::uint32_t>(logprob));
                }
            });
        return outcome;
    }

    std::unique_ptr<support::Loaded> m_model;
    std::unique_ptr<support::Loaded> m_exact; // its keys and values are larger
};

QTEST_GUILESS_MAIN(TestKeeper)
#include "tst_keeper.moc"
