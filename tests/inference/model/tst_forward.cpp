// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "inference/model/model.h"

#include <QFile>
#include <QTest>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>

using model::Errc;
using model::Logits;
using model::Phase;

class TestForward : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_file.setFileName(QStringLiteral(TEST_DATA "/golden/quant/Q4_K_M.gguf"));
        QVERIFY(m_file.open(QIODevice::ReadOnly));
        m_gguf.emplace(model::GgufFile::open(m_file.handle()).value());
        m_model = model::Model::load(*m_gguf, {.threads = 2}).value();
        m_logits.resize(m_model->config().vocabularySize);
    }

    void refusesTokensOutsideTheVocabulary()
    {
        auto cache = m_model->makeCache(16).value();
        const auto size = static_cast<std::int32_t>(m_model->config().vocabularySize);
        for (const std::int32_t bad : {-1, size, INT32_MIN, INT32_MAX}) {
            const std::vector<std::int32_t> tokens{1, bad};
            const auto done = run(tokens, cache);
            QVERIFY(!done);
            QCOMPARE(done.error().code, Errc::BadToken);
            QCOMPARE(cache.length(), 0U);
        }
    }

    void refusesMoreThanTheCacheHolds()
    {
        auto cache = m_model->makeCache(20).value();
        QCOMPARE(cache.capacity(), 20U);
        const std::vector<std::int32_t> tokens(15, 3);
        QVERIFY(run(tokens, cache));
        const auto done = run(std::span(tokens).first(6), cache);
        QVERIFY(!done);
        QCOMPARE(done.error().code, Errc::ContextTooLong);
        QVERIFY(done.error().detail.contains("21") && done.error().detail.contains("20"));
        QVERIFY(run(std::span(tokens).first(5), cache)); // exactly full
        QCOMPARE(cache.length(), 20U);
    }

    void refusesMoreThanTheContext()
    {
        const std::uint32_t most = m_model->config().contextLength;
        QVERIFY(m_model->makeCache(most));
        const auto cache = m_model->makeCache(most + 1);
        QVERIFY(!cache);
        QCOMPARE(cache.error().code, Errc::ContextTooLong);
    }

    void takingBackTokensLeavesNoTrace()
    {
        const std::vector<std::int32_t> kept{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
        const std::vector<std::int32_t> other(40, 60);
        auto cache = m_model->makeCache(100).value();
        QVERIFY(run(kept, cache));
        const auto want = m_logits;
        cache.truncate(10);
        QVERIFY(run(other, cache));
        QVERIFY(m_logits != want);
        cache.truncate(10);
        QVERIFY(run(std::span(kept).subspan(10), cache));
        QCOMPARE(m_logits, want);
    }

    void zeroesWhatIsTakenBack()
    {
        auto cache = m_model->makeCache(64).value();
        const std::vector<std::int32_t> tokens(40, 9);
        QVERIFY(run(tokens, cache));
        const model::KvPool& pool = cache.sequence().pool();
        const std::size_t bytes = pool.pages() * pool.pageBytes(0);
        QVERIFY(anySet(pool.data(0, 0), bytes)); // the control
        cache.truncate(0);
        QVERIFY(!anySet(pool.data(0, 0), bytes));
    }

    void stopsWhenAsked()
    {
        auto cache = m_model->makeCache(64).value();
        const std::vector<std::int32_t> tokens{1, 2, 3};
        QVERIFY(run(tokens, cache));
        std::stop_source stop;
        stop.request_stop();
        for (const Phase phase : {Phase::Prompt, Phase::Generation}) {
            const auto done =
                m_model->forward(tokens, cache, phase, Logits::Last, m_logits, stop.get_token());
            QVERIFY(!done);
            QCOMPARE(done.error().code, Errc::Cancelled);
            QCOMPARE(cache.length(), 3U); // what it held before
        }
        QVERIFY(run(tokens, cache));
    }

    /// A long prompt, stopped from another thread. The two race, so it is tried until the stop
    /// comes before the end.
    void stopsInTheMiddleOfAPrompt()
    {
        const std::vector<std::int32_t> tokens(m_model->config().contextLength, 2);
        auto cache = m_model->makeCache(m_model->config().contextLength).value();
        bool stopped = false;
        for (int attempt = 0; attempt < 50 && !stopped; ++attempt) {
            cache.truncate(0);
            std::stop_source stop;
            std::jthread other([&] { stop.request_stop(); });
            const auto done = m_model->forward(tokens, cache, Phase::Prompt, Logits::Last, m_logits,
                                               stop.get_token());
            other.join();
            stopped = !done;
            if (stopped) {
                QCOMPARE(done.error().code, Errc::Cancelled);
                QCOMPARE(cache.length(), 0U);
            }
        }
        QVERIFY(stopped);
    }

    void namesTheTensorOfAnUnknownType_data()
    {
        QTest::addColumn<quint32>("number");
        // Only types whose blocks take no more bytes than Q4_K's, so that the reader has nothing to
        // object to.
        for (const model::TensorType type :
             {model::TensorType::IQ1_S, model::TensorType::IQ1_M, model::TensorType::IQ2_XXS,
              model::TensorType::IQ2_XS, model::TensorType::IQ2_S, model::TensorType::IQ3_XXS,
              model::TensorType::IQ3_S, model::TensorType::TQ1_0, model::TensorType::TQ2_0,
              model::TensorType::NVFP4, model::TensorType::Q1_0, model::TensorType::Q2_0})
            QTest::newRow(model::nameOf(type).data()) << static_cast<quint32>(type);
    }

    void namesTheTensorOfAnUnknownType()
    {
        QFETCH(quint32, number);
        QByteArray bytes = fileBytes();
        const std::string name = "blk.1.ffn_down.weight";
        const qsizetype at = bytes.indexOf(QByteArray::fromStdString(name));
        QVERIFY(at > 0);
        // Behind the name: u32 dimensions, two u64, then the type.
        const qsizetype typeAt = at + static_cast<qsizetype>(name.size()) + 4 + 16;
        std::memcpy(bytes.data() + typeAt, &number, 4);
        const auto file = model::GgufFile::parse(
            std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size()))));
        QVERIFY2(file, file ? "" : file.error().detail.c_str());
        const auto loaded = model::Model::load(*file, {});
        QVERIFY(!loaded);
        QCOMPARE(loaded.error().code, Errc::Unsupported);
        QVERIFY(loaded.error().detail.contains(name));
        QVERIFY(loaded.error().detail.ends_with(
            std::string(model::nameOf(static_cast<model::TensorType>(number)))));
    }

    /// What was computed one way is not taken up again another way.
    void namesAllThatDecidesTheBits()
    {
        std::set<std::string> names = {m_model->arithmetic()};
        QVERIFY(names.begin()->contains("numerics "));
        QVERIFY(names.insert(loadedWith({.threads = 1, .exact = true})).second);
        for (const kernels::Tier tier : kernels::availableTiers()) {
            const bool isNew = names.insert(loadedWith({.threads = 1, .tier = tier})).second;
            QCOMPARE(isNew, tier != kernels::bestTier());
        }
        // The control: threads decide nothing.
        QCOMPARE(loadedWith({.threads = 1}), m_model->arithmetic());
    }

    void refusesAnotherFamily()
    {
        QByteArray bytes = fileBytes();
        const QByteArray key = "general.architecture";
        const qsizetype at = bytes.indexOf(key) + key.size() + 4 + 8;
        QCOMPARE(bytes.mid(at, 5), QByteArray("llama"));
        bytes.replace(at, 5, "other");
        const auto file = model::GgufFile::parse(
            std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size()))));
        QVERIFY(file.has_value());
        const auto loaded = model::Model::load(*file, {});
        QVERIFY(!loaded);
        QCOMPARE(loaded.error().code, Errc::Unsupported);
    }

private:
    model::Result<void> run(std::span<const std::int32_t> tokens, model::KvCache& cache)
    {
        return m_model->forward(tokens, cache, Phase::Prompt, Logits::Last, m_logits, {});
    }

    [[nodiscard]] std::string loadedWith(const model::Model::Options& options) const
    {
        const auto loaded = model::Model::load(*m_gguf, options);
        return loaded ? (*loaded)->arithmetic() : loaded.error().detail;
    }

    static bool anySet(const std::byte* bytes, std::size_t count)
    {
        return std::any_of(bytes, bytes + count, [](std::byte b) { return b != std::byte{0}; });
    }

    QByteArray fileBytes()
    {
        m_file.seek(0);
        return m_file.readAll();
    }

    QFile m_file;
    std::optional<model::GgufFile> m_gguf;
    std::unique_ptr<model::Model> m_model;
    std::vector<float> m_logits;
};

QTEST_GUILESS_MAIN(TestForward)
#include "tst_forward.moc"
