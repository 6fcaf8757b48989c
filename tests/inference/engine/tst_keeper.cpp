// SPDX-License-Identifier: Apache-2.0
// What one worker gives away of the prompts it has read, another takes back, and reads on from
// there with the same bits; nobody but the same user and patient finds it, and nothing else is
// taken.
#include "inference/engine/keeper.h"
#include "inference/engine/scheduler.h"
#include "inference/model/gguf.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <random>

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
        m_bytes = support::tinyModel();
        auto file = model::GgufFile::parse(std::as_bytes(std::span(m_bytes)));
        QVERIFY(file);
        m_file = std::make_unique<model::GgufFile>(*std::move(file));
        auto tokenizer = model::Tokenizer::load(*m_file);
        QVERIFY(tokenizer);
        m_tokenizer = std::make_unique<model::Tokenizer>(*std::move(tokenizer));
        m_network = networkWith({.threads = 2});
        QVERIFY(m_network);
    }

    void readsOnWithTheSameBits()
    {
        const Tokens chart = text(700, 1);
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
        const Outcome other = ask(second, kAnna, text(700, 2), 30);
        QVERIFY(other.bits != cold.bits);
        QCOMPARE(other.cached, 0U);
    }

    void promptsThatBeganAlikeShareWhatTheyShare()
    {
        Desk first = desk();
        const Tokens chart = text(320, 3);
        Tokens longer = chart;
        const Tokens tail = text(200, 4);
        longer.insert(longer.end(), tail.begin(), tail.end());
        Tokens branch(chart.begin(), chart.begin() + 160);
        branch.insert(branch.end(), tail.begin(), tail.end());
        const Tokens apart = text(100, 5);
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
        const Tokens chart = text(1000, 6);
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
        const Tokens chart = text(300, 7);
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
        ask(one, kAnna, text(300, 6), 1);
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
        one.scheduler->forget(kAnna.user);
        QVERIFY(one.keeper->piece(kAnna, 1).empty());
        QVERIFY(one.keeper->piece(kAnna, 0).empty());
    }

    void refusesAllElse()
    {
        const Tokens chart = text(100, 8);
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
        Desk exact = desk({.threads = 1, .exact = true});
        QCOMPARE(exact.keeper->restore(kAnna, piece), 0U);
        // Control: as it was, it is taken.
        QVERIFY(second.keeper->restore(kAnna, piece) > 0);
    }

    void whatWasUnusedForLongestMakesRoom()
    {
        Desk first = desk();
        const Tokens chart = text(320, 9);
        ask(first, kAnna, chart, 1);
        const auto pieces = piecesOf(*first.keeper, kAnna);
        Desk narrow = desk({.threads = 2}, 12);
        ask(narrow, {.user = 3, .patient = 3}, text(200, 10), 1);
        QVERIFY(narrow.keeper->restore(kAnna, pieces.at(0)) > 0);
        QVERIFY(piecesOf(*narrow.keeper, kAnna) == pieces);
        Desk tooNarrow = desk({.threads = 2}, 6);
        QCOMPARE(tooNarrow.keeper->restore(kAnna, pieces.at(0)), 0U);
        QCOMPARE(tooNarrow.scheduler->pool().usedPages(), 0U);
    }

    void piecesComeInOrder()
    {
        Desk one = desk();
        ask(one, kAnna, text(100, 11), 1);
        QVERIFY(one.keeper->piece(kAnna, 1).empty()); // nothing was begun
        QVERIFY(!one.keeper->piece(kAnna, 0).empty());
        QVERIFY(one.keeper->piece({.user = 1, .patient = 11}, 1).empty());
        QVERIFY(one.keeper->piece(kAnna, 3).empty());
    }

private:
    static Tokens text(std::size_t count, unsigned seed)
    {
        std::mt19937 random(seed);
        Tokens tokens;
        for (std::size_t i = 0; i < count; ++i)
            tokens.push_back(static_cast<std::int32_t>('a' + random() % 26));
        return tokens;
    }

    std::unique_ptr<model::Model> networkWith(const model::Model::Options& options)
    {
        auto network = model::Model::load(*m_file, options);
        return network ? *std::move(network) : nullptr;
    }

    Desk desk(const model::Model::Options& options = {.threads = 2}, std::uint32_t pages = 400)
    {
        model::Model* network = m_network.get();
        if (options.exact) {
            if (!m_exact)
                m_exact = networkWith(options);
            network = m_exact.get();
        }
        Desk made;
        auto scheduler = Scheduler::create(*network, m_tokenizer.get(), {.pages = pages});
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

    std::string m_bytes;
    std::unique_ptr<model::GgufFile> m_file;
    std::unique_ptr<model::Tokenizer> m_tokenizer;
    std::unique_ptr<model::Model> m_network;
    std::unique_ptr<model::Model> m_exact; // its keys and values are larger
};

QTEST_GUILESS_MAIN(TestKeeper)
#include "tst_keeper.moc"
