// SPDX-License-Identifier: Apache-2.0
// The same question gives the same bits: alone or beside others, on one thread or two, with its
// beginning known or read anew, put back for want of memory or not, with tokens guessed or not, for
// every kind of weights, of keys and of values.
// What is compared is, for every token, what the model gave it and the twenty most likely: each of
// these numbers depends on all logits of its position.
#include "inference/engine/options.h"
#include "inference/engine/scheduler.h"
#include "inference/model/gguf.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <bit>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string_view>

using engine::Event;
using engine::RequestId;
using engine::Scheduler;
using engine::Scope;
using engine::Step;
using engine::Work;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::uint32_t kAnswer = 24;
#if defined(__SANITIZE_ADDRESS__) // all of it would take minutes there and show nothing more
constexpr int kConversations = 8;
constexpr std::size_t kTailStep = 9;
constexpr bool kEveryKind = false;
#else
constexpr int kConversations = 20;
constexpr std::size_t kTailStep = 1;
constexpr bool kEveryKind = true;
#endif
constexpr int kTurns = 3;

/// Source: FNV-1a.
class Hash {
public:
    void add(std::uint32_t value)
    {
        for (int byte = 0; byte < 4; ++byte) {
            m_value ^= value >> (8 * byte) & 0xFFU;
            m_value *= 1099511628211U;
        }
    }
    void add(const Step& step)
    {
        add(static_cast<std::uint32_t>(step.token));
        for (const auto& [token, logprob] : step.odds) {
            add(static_cast<std::uint32_t>(token));
            add(std::bit_cast<std::uint32_t>(logprob));
        }
    }
    [[nodiscard]] std::uint64_t value() const { return m_value; }
    bool operator==(const Hash&) const = default;

private:
    std::uint64_t m_value = 14695981039346656037U;
};

struct Answer {
    Hash hash;
    Tokens tokens;
    std::uint32_t cached = 0;
    std::uint32_t drafted = 0;
};
using Answers = std::map<RequestId, Answer>;

} // namespace

class TestDeterminism : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void sameQuestionSameBits_data()
    {
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<model::Model::Options>("options");
        using kernels::KeyFormat;
        using kernels::ValueFormat;
        for (const char* type : {"Q4_0", "BF16", "Q6_K", "Q8_0", "F32"}) {
            QTest::addRow("%s", type) << QByteArray(type) << model::Model::Options();
            if (!kEveryKind && type == std::string_view("BF16"))
                break;
        }
        // The slow tier has nothing that depends on threads or cuts of its own.
        for (const kernels::Tier tier : kernels::availableTiers())
            if (tier != kernels::Tier::Generic)
                QTest::addRow("Q4_K_M, %s", kernels::nameOf(tier).data())
                    << QByteArray("Q4_K_M") << model::Model::Options{.tier = tier};
        const auto kept = [](const char* name, KeyFormat keys, ValueFormat values) {
            QTest::addRow("Q4_0, keys and values %s", name)
                << QByteArray("Q4_0") << model::Model::Options{.keys = keys, .values = values};
        };
        kept("int8", KeyFormat::Int8, ValueFormat::Int8);
        if (!kEveryKind)
            return;
        kept("f16", KeyFormat::Half, ValueFormat::Half);
        kept("bf16", KeyFormat::Bfloat, ValueFormat::Bfloat);
    }

    void sameQuestionSameBits()
    {
        QFETCH(QByteArray, type);
        QFETCH(model::Model::Options, options);
        m_options = options;
        load(type.toStdString());
        const std::vector<std::uint64_t> expected = converse(1, {.pages = 400}, 1);
        QCOMPARE(expected.size(), std::size_t{kConversations * kTurns});
        // The hash sees what it should: other questions have others.
        QVERIFY(std::set(expected.begin(), expected.end()).size() == expected.size());

        QCOMPARE(converse(2, {.pages = 400}, 1), expected);
        // What the text repeats, whatever guessing costs on this machine.
        QCOMPARE(converse(2, {.pages = 400, .guessLength = 4}, 1), expected);
        QVERIFY(m_guessed > 0);
        QCOMPARE(converse(1, {.pages = 400, .speculate = false, .keepPrefixes = false}, 1),
                 expected);
        QVERIFY(m_cached == 0 && m_guessed == 0);
        QCOMPARE(converse(2, {.pages = 400}, 8), expected);
        QVERIFY(m_cached > 0);
        // Chunks that rest after every layer, tokens of the others in between.
        QCOMPARE(converse(1, {.pages = 400, .gap = std::chrono::microseconds(1)}, 8), expected);
        // Drafted by the same model, which is nearly always right, whatever that costs.
        const auto other = makeNetwork(1);
        QCOMPARE(converse(2,
                          {.pages = 400, .draft = other.get(), .draftPages = 100, .draftLength = 3},
                          8),
                 expected);
        QVERIFY(m_drafted > 0);
        // Kept beginnings are evicted, answers are put back and replayed.
        QCOMPARE(converse(2, {.pages = 16}, 8), expected);
        QVERIFY(m_putBack > 0);
    }

    void everyLengthOfTheTail()
    {
        m_options = {};
        load("Q4_K_M");
        const auto one = makeNetwork(1);
        const auto two = makeNetwork(2);
        for (std::size_t length = 64; length < 128; length += kTailStep) {
            const Tokens prompt = random(1, length);
            const Tokens beginning(prompt.begin(), prompt.begin() + 64);
            const Tokens other = random(2, 200);
            const Scheduler::Options plenty = {.pages = 100};
            const Answer alone = answerTo(*one, plenty, prompt, {});
            QCOMPARE(alone.tokens.size(), std::size_t{kAnswer});
            QVERIFY(answerTo(*two, plenty, prompt, {}).hash == alone.hash);
            const Scheduler::Options interrupted = {.pages = 100,
                                                    .gap = std::chrono::microseconds(1)};
            const Tokens shorter = random(3, length / 2);
            QVERIFY(answerTo(*two, interrupted, prompt, {.beside = {other, shorter}}).hash ==
                    alone.hash);
            // What stands before the tail was read with another question.
            const Answer known = answerTo(*two, plenty, prompt, {.before = {beginning, other}});
            QVERIFY(known.hash == alone.hash);
            QCOMPARE(known.cached, 32U * (length > 64 ? 2 : 1));
            // The same, and evicted since: the other question needs every page.
            const Answer evicted =
                answerTo(*two, {.pages = 7}, prompt, {.before = {beginning, other}});
            QVERIFY(evicted.hash == alone.hash);
            QCOMPARE(evicted.cached, 0U);
        }
    }

private:
    void load(const std::string& type)
    {
        const bool made = type == "F32" || type == "BF16";
        if (made)
            m_made = support::tinyModel(
                "", 1, type == "F32" ? model::TensorType::F32 : model::TensorType::BF16);
        auto file = made ? model::GgufFile::parse(std::as_bytes(std::span(m_made)))
                         : engine::openModelFile(TEST_DATA "/golden/quant/" + type + ".gguf");
        QVERIFY2(file, file ? "" : file.error().detail.c_str());
        m_file = std::make_unique<model::GgufFile>(*std::move(file));
    }

    std::unique_ptr<model::Model> makeNetwork(unsigned threads)
    {
        m_options.threads = threads;
        auto network = model::Model::load(*m_file, m_options);
        return network ? *std::move(network) : nullptr;
    }

    static Tokens random(std::uint64_t seed, std::size_t count)
    {
        std::mt19937_64 numbers(seed);
        Tokens tokens;
        // Few different ones, so that texts repeat themselves and guesses are made.
        for (std::size_t i = 0; i < count; ++i)
            tokens.push_back(static_cast<std::int32_t>(numbers() % 12));
        return tokens;
    }

    static Work work(RequestId id, Tokens prompt, Scope scope)
    {
        Work wanted{.id = id, .request = {}, .scope = scope, .sharedTokens = 0, .stop = {}};
        wanted.request.prompt = std::move(prompt);
        wanted.request.sampling = {.temperature = id % 2 == 0 ? 0.0F : 0.6F, .seed = id};
        wanted.request.sampling.logprobs = true;
        wanted.request.sampling.topLogprobs = 20;
        wanted.request.maxTokens = kAnswer;
        return wanted;
    }

    Answers finish(Scheduler& scheduler)
    {
        Answers answers;
        while (!scheduler.idle()) {
            std::map<RequestId, int> tokens; // of this step
            scheduler.step([&](const Event& event) {
                Answer& answer = answers[event.id];
                if (const auto account = scheduler.account(event.id)) {
                    answer.cached = account->cachedTokens;
                    answer.drafted = account->heldTokens;
                }
                if (std::holds_alternative<engine::InQueue>(event.what) && !answer.tokens.empty())
                    ++m_putBack;
                const auto* step = std::get_if<Step>(&event.what);
                if (step == nullptr || step->kind != Step::Kind::Token)
                    return;
                answer.hash.add(*step);
                answer.tokens.push_back(step->token);
                m_guessed += ++tokens[event.id] > 1 ? 1 : 0;
            });
        }
        return answers;
    }

    struct Company {
        std::vector<Tokens> before = {}; // asked by the same user, one after the other
        std::vector<Tokens> beside = {}; // by others
    };
    /// To the prompt alone.
    Answer answerTo(model::Model& network, const Scheduler::Options& options, const Tokens& prompt,
                    const Company& company)
    {
        constexpr Scope kAsker{1, 1};
        auto scheduler = Scheduler::create(network, nullptr, options);
        if (!scheduler)
            return {};
        for (const Tokens& question : company.before) {
            if (!(*scheduler)->add(work(1, question, kAsker)))
                return {};
            finish(**scheduler);
        }
        bool taken = (*scheduler)->add(work(1, prompt, kAsker)).has_value();
        for (RequestId id = 2; const Tokens& question : company.beside)
            taken = (*scheduler)->add(work(id++, question, {2, 2})).has_value() && taken;
        return taken ? finish(**scheduler).at(1) : Answer();
    }

    /// Every turn asks with all that was said before. @p together: conversations at a time.
    std::vector<std::uint64_t> converse(unsigned threads, const Scheduler::Options& options,
                                        int together)
    {
        m_cached = 0;
        m_drafted = 0;
        m_guessed = 0;
        m_putBack = 0;
        const auto network = makeNetwork(threads);
        auto scheduler = Scheduler::create(*network, nullptr, options);
        if (!scheduler)
            return {};
        std::vector<std::uint64_t> hashes(kConversations * kTurns);
        for (int first = 0; first < kConversations; first += together) {
            const int end = std::min(first + together, kConversations);
            std::map<int, Tokens> said;
            for (int turn = 0; turn < kTurns; ++turn) {
                for (int i = first; i < end; ++i) {
                    const auto id = static_cast<RequestId>(i + 1);
                    const Tokens more = random(id * 100 + static_cast<RequestId>(turn),
                                               static_cast<std::size_t>(30 + 3 * i + 17 * turn));
                    said[i].insert(said[i].end(), more.begin(), more.end());
                    if (!(*scheduler)->add(work(id, said[i], {.user = id, .patient = 1})))
                        return {};
                }
                const Answers answers = finish(**scheduler);
                for (int i = first; i < end; ++i) {
                    const Answer& answer = answers.at(static_cast<RequestId>(i + 1));
                    hashes[static_cast<std::size_t>(i * kTurns + turn)] = answer.hash.value();
                    said[i].insert(said[i].end(), answer.tokens.begin(), answer.tokens.end());
                    m_cached += answer.cached;
                    m_drafted += answer.drafted;
                }
            }
        }
        return hashes;
    }

    std::string m_made; // a file in memory
    std::unique_ptr<model::GgufFile> m_file;
    model::Model::Options m_options;
    std::uint64_t m_cached = 0;  // prompt tokens that were not read anew
    std::uint64_t m_drafted = 0; // tokens that were, and rightly
    int m_guessed = 0;           // tokens that came with another one in a step
    int m_putBack = 0;
};

QTEST_GUILESS_MAIN(TestDeterminism)
#include "tst_determinism.moc"
