// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "inference/model/model.h"
#include "tests/support/run_options.h"

#include <QDir>
#include <QFile>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

namespace {

constexpr std::size_t kTop = 128; // reference logits of a position, see data/real/README.md

/// The reference at one position: log-sum-exp of all logits, and the 128 largest.
struct Position {
    float logSumExp;
    std::array<std::uint32_t, kTop> ids;
    std::array<float, kTop> logits;
};
static_assert(sizeof(Position) == 4 + 8 * kTop);

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

std::vector<std::int32_t> idsOf(const QString& path)
{
    std::vector<std::int32_t> ids;
    for (const QByteArray& word : bytesOf(path).simplified().split(' '))
        ids.push_back(word.toInt());
    return ids;
}

double logSumExp(std::span<const float> logits)
{
    const double most = *std::ranges::max_element(logits);
    double total = 0;
    for (const float logit : logits)
        total += std::exp(logit - most);
    return most + std::log(total);
}

/// Kullback-Leibler divergence over the reference's 128 tokens and one bucket for the rest.
double divergence(const Position& reference, std::span<const float> logits)
{
    const double total = logSumExp(logits);
    double sum = 0;
    double restWanted = 1;
    double restGot = 1;
    for (std::size_t i = 0; i < kTop; ++i) {
        const double wanted = std::exp(double{reference.logits[i]} - reference.logSumExp);
        const double logGot = logits[reference.ids[i]] - total;
        sum += wanted * (std::log(wanted) - logGot);
        restWanted -= wanted;
        restGot -= std::exp(logGot);
    }
    if (restWanted > 1e-9 && restGot > 1e-12)
        sum += restWanted * std::log(restWanted / restGot);
    return sum;
}

struct Quality {
    double meanDivergence = 0;
    double sameChoice = 0;
};

/// Over all positions but the first.
Quality qualityOf(std::span<const Position> reference, std::span<const float> logits,
                  std::size_t vocabulary)
{
    Quality quality;
    for (std::size_t row = 1; row < reference.size(); ++row) {
        const auto mine = logits.subspan(row * vocabulary, vocabulary);
        quality.meanDivergence += divergence(reference[row], mine);
        const auto best = std::ranges::max_element(mine) - mine.begin();
        quality.sameChoice += best == reference[row].ids[0] ? 1 : 0;
    }
    const auto count = static_cast<double>(reference.size() - 1);
    return {quality.meanDivergence / count, quality.sameChoice / count};
}

} // namespace

class TestRealKl : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Bounds: twice the mean divergence of llama.cpp on the same text (data/real/README.md).
    void staysCloseToTheReference_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<bool>("generated");
        QTest::addColumn<double>("bound");
        QTest::newRow("135M prompt")
            << QStringLiteral("smollm2-135m-instruct-q4_1") << false << 2 * 0.00302;
        QTest::newRow("135M generated")
            << QStringLiteral("smollm2-135m-instruct-q4_1") << true << 2 * 0.00302;
#ifndef __SANITIZE_ADDRESS__ // the same code as above, and ten times its time
        QTest::newRow("1.5B prompt")
            << QStringLiteral("qwen2.5-coder-1.5b-instruct-q4_k_m") << false << 2 * 0.00186;
        QTest::newRow("1.5B generated")
            << QStringLiteral("qwen2.5-coder-1.5b-instruct-q4_k_m") << true << 2 * 0.00186;
#endif
    }

    void staysCloseToTheReference()
    {
        QFETCH(QString, name);
        QFETCH(bool, generated);
        QFETCH(double, bound);
        const QString shared = QStringLiteral(SHARED_DATA "/real/") + name;
        if (!QDir(QStringLiteral(SHARED_DATA)).exists())
            QSKIP("../shared/data is not here");
        const std::string path = support::realModel(name.toStdString() + ".gguf");
        if (path.empty()) {
            QVERIFY(support::realModelsMayBeAbsent());
            QSKIP("the real model is absent: CLOISTER_MODELS names no folder that holds it");
        }
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::ReadOnly));

        const auto ids = idsOf(shared + QStringLiteral(".note_a.ids"));
        const QByteArray top = bytesOf(shared + QStringLiteral(".note_a.top"));
        QCOMPARE(static_cast<std::size_t>(top.size()), ids.size() * sizeof(Position));
        std::vector<Position> reference(ids.size());
        std::memcpy(reference.data(), top.constData(), static_cast<std::size_t>(top.size()));

        const auto gguf = model::GgufFile::open(file.handle());
        QVERIFY(gguf.has_value());
        auto loaded = model::Model::load(
            *gguf, {.threads = std::min(4U, std::max(1U, std::thread::hardware_concurrency()))});
        QVERIFY2(loaded, loaded ? "" : loaded.error().detail.c_str());
        const std::size_t vocabulary = (*loaded)->config().vocabularySize;
        auto cache = (*loaded)->makeCache(static_cast<std::uint32_t>(ids.size()));
        QVERIFY(cache.has_value());
        std::vector<float> logits(ids.size() * vocabulary);
        const auto done = (*loaded)->forward(
            ids, *cache, generated ? model::Phase::Generation : model::Phase::Prompt,
            model::Logits::All, logits, {});
        QVERIFY(done.has_value());

        const Quality quality = qualityOf(reference, logits, vocabulary);
        qInfo("mean KL %.5f (bound %.5f), same first choice %.4f", quality.meanDivergence, bound,
              quality.sameChoice);
        QVERIFY(quality.meanDivergence < bound);
        QVERIFY(quality.sameChoice > 0.94); // llama.cpp: 0.954 on the 135M, 0.981 on the 1.5B
    }
};

QTEST_GUILESS_MAIN(TestRealKl)
#include "tst_real_kl.moc"
