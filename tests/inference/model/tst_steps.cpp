// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "inference/model/model.h"

#include <QFile>
#include <QTest>
#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>

using kernels::KeyFormat;
using kernels::ValueFormat;
using model::KvPool;
using model::KvSequence;
using model::Logits;
using model::Part;

namespace {

/// Tokens that differ between sequences.
std::vector<std::int32_t> tokensOf(std::size_t count, unsigned seed, std::uint32_t vocabulary)
{
    std::vector<std::int32_t> tokens(count);
    for (std::size_t i = 0; i < count; ++i)
        tokens[i] = static_cast<std::int32_t>((seed * 7919 + i * 104729 + i * i) % vocabulary);
    return tokens;
}

} // namespace

/// The bits of a row depend on its sequence alone.
class TestSteps : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_file.setFileName(QStringLiteral(TEST_DATA "/golden/quant/Q4_K_M.gguf"));
        QVERIFY(m_file.open(QIODevice::ReadOnly));
        m_gguf.emplace(model::GgufFile::open(m_file.handle()).value());
        m_model = load({.threads = 2});
        m_single = load({.threads = 1});
        m_vocabulary = m_model->config().vocabularySize;
        m_pool = m_model->makePool(200).value();
    }

    void beAloneOrBesideOthers_data()
    {
        QTest::addColumn<int>("keys");
        QTest::addColumn<int>("values");
        QTest::newRow("half, int8") << 0 << 2;
        QTest::newRow("bfloat, half") << 1 << 0;
        QTest::newRow("int8, bfloat") << 2 << 1;
        QTest::newRow("single, single") << 3 << 3;
    }

    /// Eight sequences of different lengths, one of them long enough to be cut into stretches.
    void beAloneOrBesideOthers()
    {
        QFETCH(int, keys);
        QFETCH(int, values);
        const auto network = load({.threads = 2,
                                   .keys = static_cast<KeyFormat>(keys),
                                   .values = static_cast<ValueFormat>(values)});
        const auto pool = network->makePool(200).value();
        constexpr std::size_t kLengths[] = {1, 5, 31, 32, 64, 70, 100, 300};
        std::deque<KvSequence> together;
        std::vector<std::vector<float>> alone;
        std::vector<Part> parts;
        std::vector<float> out(std::size(kLengths) * m_vocabulary);
        for (std::size_t i = 0; i < std::size(kLengths); ++i) {
            const auto tokens = tokensOf(kLengths[i], i, m_vocabulary);
            const auto next = std::span(m_next).first(1);
            KvSequence single(*pool);
            read(*network, single, tokens);
            alone.push_back(generate(*network, single, next));

            read(*network, together.emplace_back(*pool), tokens);
            parts.push_back({&together.back(), next, Logits::Last,
                             std::span(out).subspan(i * m_vocabulary, m_vocabulary)});
        }
        QVERIFY(network->generate(parts, {}));
        for (std::size_t i = 0; i < alone.size(); ++i) {
            const auto mine = std::span(out).subspan(i * m_vocabulary, m_vocabulary);
            QVERIFY2(std::ranges::equal(mine, alone[i]), qPrintable(QString::number(i)));
        }
        QVERIFY(alone[3] != alone[4]); // the control
    }

    void readInChunksOfAnySize()
    {
        const auto tokens = tokensOf(150, 3, m_vocabulary);
        KvSequence whole(*m_pool);
        const auto want = read(*m_model, whole, tokens);
        const auto wantNext = generate(*m_model, whole, m_next);
        for (std::size_t chunk = 1; chunk <= 70; ++chunk) {
            KvSequence sequence(*m_pool);
            std::vector<float> got;
            for (std::size_t at = 0; at < tokens.size(); at += chunk) {
                const std::size_t count = std::min(chunk, tokens.size() - at);
                got = read(*m_model, sequence, std::span(tokens).subspan(at, count));
            }
            QVERIFY2(got == want, qPrintable(QString::number(chunk)));
            QVERIFY(generate(*m_model, sequence, m_next) == wantNext);
        }
    }

    void verifySeveralTokensAtOnce_data()
    {
        QTest::addColumn<quint32>("before");
        QTest::newRow("from the first page") << 3U;
        QTest::newRow("across a page") << 30U;
        QTest::newRow("across a block") << 62U;
        QTest::newRow("across a stretch") << 254U;
    }

    void verifySeveralTokensAtOnce()
    {
        QFETCH(quint32, before);
        const auto tokens = tokensOf(before, 1, m_vocabulary);
        KvSequence oneByOne(*m_pool);
        KvSequence atOnce(*m_pool);
        read(*m_model, oneByOne, tokens);
        read(*m_model, atOnce, tokens);
        std::vector<float> want;
        for (std::size_t i = 0; i < m_next.size(); ++i) {
            const auto row = generate(*m_model, oneByOne, std::span(m_next).subspan(i, 1));
            want.insert(want.end(), row.begin(), row.end());
        }
        std::vector<float> got(m_next.size() * m_vocabulary);
        const Part part{&atOnce, m_next, Logits::All, got};
        QVERIFY(m_model->generate(std::span(&part, 1), {}));
        QVERIFY(got == want);

        // Two of them are taken back, as a wrong guess is, and computed again.
        atOnce.truncate(atOnce.length() - 2);
        const auto again = generate(*m_model, atOnce, std::span(m_next).last(2));
        QVERIFY(std::ranges::equal(again, std::span(want).last(m_vocabulary)));
    }

    void oneThreadOrTwo()
    {
        const auto tokens = tokensOf(290, 4, m_vocabulary);
        KvSequence two(*m_pool);
        const auto pool = m_single->makePool(20).value();
        KvSequence one(*pool);
        QVERIFY(read(*m_model, two, tokens) == read(*m_single, one, tokens));
        QVERIFY(generate(*m_model, two, m_next) == generate(*m_single, one, m_next));
    }

    void sharedPagesOrOwn()
    {
        const auto tokens = tokensOf(100, 5, m_vocabulary);
        KvSequence own(*m_pool);
        const auto want = read(*m_model, own, tokens);
        const auto wantNext = generate(*m_model, own, m_next);

        KvSequence shared(*m_pool);
        QVERIFY(shared.append(own.blocks(0, 3)));
        const auto rest = std::span(tokens).subspan(shared.length());
        QVERIFY(read(*m_model, shared, rest) == want);
        QVERIFY(generate(*m_model, shared, m_next) == wantNext);

        // Taken back into a shared page, which is then copied.
        shared.truncate(90);
        QVERIFY(read(*m_model, shared, std::span(tokens).subspan(90)) == want);

        const auto saved = own.save(0, 3).value();
        KvSequence restored(*m_pool);
        QVERIFY(restored.restore(saved));
        QVERIFY(read(*m_model, restored, rest) == want);
    }

    void refusesWithoutAChange()
    {
        const auto pool = m_model->makePool(2).value();
        KvSequence one(*pool);
        KvSequence other(*pool);
        read(*m_model, one, tokensOf(20, 1, m_vocabulary));
        const auto many = tokensOf(33, 2, m_vocabulary);
        const Part parts[] = {{&one, std::span(m_next).first(1), Logits::None, {}},
                              {&other, many, Logits::None, {}}};
        const auto done = m_model->generate(parts, {});
        QVERIFY(!done);
        QCOMPARE(done.error().code, model::Errc::OutOfPages);
        QCOMPARE(one.length(), 20U);
        QCOMPARE(other.length(), 0U);
        QCOMPARE(pool->usedPages(), 1U);
    }

    void cancelledStepsLeaveNoTrace()
    {
        const auto tokens = tokensOf(60, 6, m_vocabulary);
        KvSequence one(*m_pool);
        KvSequence other(*m_pool);
        read(*m_model, one, tokens);
        read(*m_model, other, tokens);
        const std::uint32_t used = m_pool->usedPages();
        std::stop_source stop;
        stop.request_stop();
        const Part parts[] = {{&one, m_next, Logits::None, {}}, {&other, tokens, Logits::None, {}}};
        const auto done = m_model->generate(parts, stop.get_token());
        QVERIFY(!done);
        QCOMPARE(done.error().code, model::Errc::Cancelled);
        QCOMPARE(one.length(), 60U);
        QCOMPARE(m_pool->usedPages(), used);
        QVERIFY(generate(*m_model, one, m_next) == generate(*m_model, other, m_next));
    }

    /// More rows than a pass holds, wanted in part, from buffers that do not follow one another.
    void manyRowsInOneCall()
    {
        const auto tokens = tokensOf(200, 7, m_vocabulary);
        std::deque<KvSequence> sequences;
        std::vector<std::vector<float>> out(3, std::vector<float>(m_vocabulary));
        std::vector<Part> parts;
        for (std::vector<float>& logits : out)
            parts.push_back({&sequences.emplace_back(*m_pool), tokens, Logits::Last, logits});
        QVERIFY(m_model->generate(parts, {}));
        KvSequence alone(*m_pool);
        const auto want = generate(*m_model, alone, tokens);
        for (const std::vector<float>& logits : out)
            QVERIFY(logits == want);
    }

private:
    std::unique_ptr<model::Model> load(const model::Model::Options& options)
    {
        return model::Model::load(*m_gguf, options).value();
    }

    std::vector<float> read(model::Model& network, KvSequence& sequence,
                            std::span<const std::int32_t> tokens)
    {
        std::vector<float> logits(m_vocabulary);
        const auto done = network.read({&sequence, tokens, Logits::Last, logits}, {});
        return done ? logits : std::vector<float>();
    }

    std::vector<float> generate(model::Model& network, KvSequence& sequence,
                                std::span<const std::int32_t> tokens)
    {
        std::vector<float> logits(m_vocabulary);
        const Part part{&sequence, tokens, Logits::Last, logits};
        const auto done = network.generate(std::span(&part, 1), {});
        return done ? logits : std::vector<float>();
    }

    QFile m_file;
    std::optional<model::GgufFile> m_gguf;
    std::unique_ptr<model::Model> m_model;
    std::unique_ptr<model::Model> m_single;
    std::unique_ptr<KvPool> m_pool; // sequences of a test end before it
    std::uint32_t m_vocabulary = 0;
    const std::vector<std::int32_t> m_next{3, 1, 4, 1, 5};
};

QTEST_GUILESS_MAIN(TestSteps)
#include "tst_steps.moc"
