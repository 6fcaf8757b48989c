// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "inference/model/model.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace {

constexpr char kGolden[] = TEST_DATA "/golden/";
constexpr char kSharedGolden[] = SHARED_DATA "/golden/"; // the larger ones stay there

std::vector<float> floatsOf(const QString& path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray bytes = file.readAll();
    std::vector<float> values(static_cast<std::size_t>(bytes.size()) / sizeof(float));
    std::memcpy(values.data(), bytes.constData(), values.size() * sizeof(float));
    return values;
}

std::vector<std::int32_t> tokensOf(const QString& path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    std::vector<std::int32_t> tokens;
    const QJsonArray array = QJsonDocument::fromJson(file.readAll())[u"tokens"].toArray();
    for (const QJsonValue& token : array)
        tokens.push_back(token.toInt());
    return tokens;
}

/// How a sequence is given to the model.
struct Cut {
    std::size_t chunk; // tokens of a call
    model::Phase phase;
};

constexpr Cut kCuts[] = {{1000, model::Phase::Prompt},
                         {16, model::Phase::Prompt},
                         {7, model::Phase::Prompt},
                         {1, model::Phase::Prompt},
                         {1, model::Phase::Generation}};

std::vector<float> logitsOf(model::Model& model, std::span<const std::int32_t> tokens, Cut cut)
{
    const std::size_t vocabulary = model.config().vocabularySize;
    std::vector<float> logits(tokens.size() * vocabulary);
    auto cache = model.makeCache(static_cast<std::uint32_t>(tokens.size()));
    if (!cache)
        return {};
    for (std::size_t first = 0; first < tokens.size(); first += cut.chunk) {
        const std::size_t count = std::min(cut.chunk, tokens.size() - first);
        const auto done =
            model.forward(tokens.subspan(first, count), *cache, cut.phase, model::Logits::All,
                          std::span(logits).subspan(first * vocabulary, count * vocabulary), {});
        if (!done)
            return {};
    }
    return logits;
}

float largestDifference(std::span<const float> a, std::span<const float> b)
{
    if (a.size() != b.size() || a.empty())
        return INFINITY;
    float most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!(std::abs(a[i] - b[i]) <= most))
            most = std::isnan(a[i]) ? INFINITY : std::abs(a[i] - b[i]);
    }
    return most;
}

/// Rows whose largest logit is another one than the reference's, although the reference's two
/// largest are further apart than @p margin.
int otherChoices(std::span<const float> got, std::span<const float> want, std::size_t vocabulary,
                 float margin)
{
    int wrong = 0;
    for (std::size_t row = 0; row < want.size(); row += vocabulary) {
        const auto reference = want.subspan(row, vocabulary);
        const auto best = std::ranges::max_element(reference);
        float second = -INFINITY;
        for (auto it = reference.begin(); it != reference.end(); ++it) {
            if (it != best)
                second = std::max(second, *it);
        }
        const auto mine = got.subspan(row, vocabulary);
        const auto chosen = std::ranges::max_element(mine) - mine.begin();
        if (*best - second > margin && chosen != best - reference.begin())
            ++wrong;
    }
    return wrong;
}

} // namespace

class TestGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void matchesTheReference_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("json");
        QTest::addColumn<float>("exactBound");
        for (const char* name : {"llama2", "llama3", "llama3-wide", "qwen2"}) {
            QTest::newRow(name) << QString::fromLatin1(kGolden) << QString::fromLatin1(name)
                                << QString::fromLatin1(name) << 1e-4F;
        }
        const auto addQuantised = [](const char* folder, const char* name) {
            QTest::newRow(name) << QString::fromLatin1(folder)
                                << QStringLiteral("quant/") + QString::fromLatin1(name)
                                << QStringLiteral("llama3-wide") << 2e-3F;
        };
        for (const char* name : {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K_S", "Q4_K_S",
                                 "Q4_K_M", "Q5_K_S", "Q6_K", "IQ4_NL", "IQ4_XS"})
            addQuantised(kGolden, name);
        for (const char* name : {"F16", "BF16"})
            addQuantised(kSharedGolden, name);
    }

    void matchesTheReference()
    {
        QFETCH(QString, folder);
        QFETCH(QString, file);
        QFETCH(QString, json);
        QFETCH(float, exactBound);
        if (!QDir(QStringLiteral(SHARED_DATA)).exists() && folder == QLatin1String(kSharedGolden))
            QSKIP("../shared/data is not here");
        const QString base = folder + file;
        const auto want = floatsOf(base + QStringLiteral(".logits.f32"));
        const auto tokens = tokensOf(QString::fromLatin1(kGolden) + json + QStringLiteral(".json"));
        QFile opened(base + QStringLiteral(".gguf"));
        QVERIFY(opened.open(QIODevice::ReadOnly));
        QVERIFY(!want.empty() && !tokens.empty());
        const auto gguf = model::GgufFile::open(opened.handle());
        QVERIFY(gguf.has_value());
        const auto [least, most] = std::ranges::minmax(want);
        // Tiny random networks, their attention sharp, lose more by bfloat16 than real ones.
        const bool quantised = file.startsWith(QLatin1String("quant/"));
        const float defaultBound = (quantised ? 0.02F : 0.04F) * (most - least);

        // Heads of eight random numbers without meaning lose more by an int8 scale than real ones.
        const auto values = quantised ? kernels::ValueFormat::Int8 : kernels::ValueFormat::Half;
        for (const bool exact : {true, false}) {
            auto loaded =
                model::Model::load(*gguf, {.threads = 2, .exact = exact, .values = values});
            QVERIFY2(loaded, loaded ? "" : loaded.error().detail.c_str());
            const std::size_t vocabulary = (*loaded)->config().vocabularySize;
            const float bound = exact ? exactBound : defaultBound;
            for (const Cut& cut : kCuts) {
                const auto got = logitsOf(**loaded, tokens, cut);
                const float off = largestDifference(got, want);
                const QString what = QStringLiteral("exact %1, chunk %2, generation %3: off by %4")
                                         .arg(exact)
                                         .arg(cut.chunk)
                                         .arg(cut.phase == model::Phase::Generation)
                                         .arg(static_cast<double>(off));
                QVERIFY2(off <= bound, qPrintable(what));
                QCOMPARE(otherChoices(got, want, vocabulary, bound), 0);
            }
        }
    }

    void chunkingAndThreadsChangeNoBit()
    {
        QFile opened(QString::fromLatin1(kGolden) + QStringLiteral("quant/Q4_K_M.gguf"));
        QVERIFY(opened.open(QIODevice::ReadOnly));
        const auto gguf = model::GgufFile::open(opened.handle());
        QVERIFY(gguf.has_value());
        const auto tokens =
            tokensOf(QString::fromLatin1(kGolden) + QStringLiteral("llama3-wide.json"));
        auto one = model::Model::load(*gguf, {.threads = 1});
        auto three = model::Model::load(*gguf, {.threads = 3});
        QVERIFY(one && three);
        const auto whole = logitsOf(**one, tokens, kCuts[0]);
        for (const Cut& cut : kCuts) {
            if (cut.phase == model::Phase::Prompt)
                QCOMPARE(logitsOf(**three, tokens, cut), whole);
        }
        // The control: the other arithmetic does give other bits.
        const auto generated = logitsOf(**one, tokens, kCuts[4]);
        QVERIFY(generated != whole);
        QCOMPARE(logitsOf(**three, tokens, kCuts[4]), generated);
    }
};

QTEST_GUILESS_MAIN(TestGolden)
#include "tst_golden.moc"
