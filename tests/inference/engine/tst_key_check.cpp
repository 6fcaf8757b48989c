// SPDX-License-Identifier: Apache-2.0
// Which layers of a model may keep keys as int8: the choice on figures made up, and the check on
// networks that bear it and that don't.
#include "inference/engine/key_check.h"
#include "inference/model/gguf.h"
#include "tests/support/another_model.h"
#include "tests/support/loaded.h"
#include "tests/support/run_options.h"
#include "tests/support/tiny_model.h"

#include <QFile>
#include <QTest>

#include <climits>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

using engine::chooseKeyLayers;
using engine::KeyFigures;
using engine::KeyText;
using engine::KeyVerdict;
using engine::LayerSet;

namespace {

constexpr double kMost = KeyFigures::kMostDivergence;

/// Harms that add up.
class MadeUp {
public:
    explicit MadeUp(std::vector<double> harms)
        : m_harms(std::move(harms))
    {
    }
    model::Result<KeyFigures> measure(const LayerSet& layers, KeyText text)
    {
        (text == KeyText::Whole ? whole : alone) += 1;
        KeyFigures figures;
        for (std::size_t i = 0; i < layers.size(); ++i)
            figures.prompt += layers[i] ? m_harms[i] : 0.0;
        return figures;
    }
    model::Result<KeyVerdict> choose()
    {
        return chooseKeyLayers(m_harms.size(), [this](const LayerSet& layers, KeyText text) {
            return measure(layers, text);
        });
    }
    int whole = 0;
    int alone = 0;

private:
    std::vector<double> m_harms;
};

/// Another model that knows so few tokens: the check takes no more of its text.
class Short : public support::AnotherModel {
public:
    Short(model::Model& network, std::uint32_t tokens)
        : AnotherModel(network)
        , m_config(network.config())
    {
        m_config.contextLength = std::min(m_config.contextLength, tokens);
    }
    [[nodiscard]] const model::Config& config() const override { return m_config; }

private:
    model::Config m_config;
};

support::Loaded tried(std::array<float, 2> biases)
{
    return support::Loaded(support::tinyModelWithKeyBias(biases), {.threads = 2});
}

std::string told(const KeyVerdict& verdict)
{
    std::string text;
    for (const bool layer : verdict.layers)
        text += layer ? '1' : '0';
    return text + " " + std::to_string(verdict.figures.prompt) + " " +
           std::to_string(verdict.figures.generated) + " " +
           std::to_string(verdict.figures.sameChoice);
}

} // namespace

class TestKeyCheck : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void figuresPassUpToTheirBounds()
    {
        const KeyFigures most{.prompt = kMost, .generated = kMost, .sameChoice = 0.99};
        QVERIFY(most.pass());
        const auto over = [&](double KeyFigures::* which, double value) {
            KeyFigures figures = most;
            figures.*which = value;
            return figures;
        };
        constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
        QVERIFY(!over(&KeyFigures::prompt, kMost * 1.001).pass());
        QVERIFY(!over(&KeyFigures::generated, kMost * 1.001).pass());
        QVERIFY(!over(&KeyFigures::sameChoice, 0.9899).pass());
        for (double KeyFigures::* which :
             {&KeyFigures::prompt, &KeyFigures::generated, &KeyFigures::sameChoice})
            QVERIFY(!over(which, kNan).pass());
    }

    void allLayersWhereTheyPassTogether()
    {
        MadeUp harms(std::vector<double>(30, kMost / 31));
        const auto verdict = harms.choose();
        QVERIFY(verdict);
        QCOMPARE(verdict->allowed(), std::size_t{30});
        QCOMPARE(harms.whole, 1);
        QCOMPARE(harms.alone, 0);
    }

    void theLeastHarmfulThatPassTogether_data()
    {
        QTest::addColumn<std::vector<double>>("harms"); // in parts of the bound
        QTest::addColumn<std::set<int>>("allowed");
        QTest::newRow("one ruins it") << std::vector{0.1, 40.0, 0.2, 0.05} << std::set{0, 2, 3};
        QTest::newRow("by harm, not by place")
            << std::vector{0.7, 0.3, 0.6, 0.1, 0.2} << std::set{1, 3, 4};
        QTest::newRow("each alone, no two") << std::vector{0.9, 0.8, 0.95} << std::set{1};
        QTest::newRow("none") << std::vector{3.0, 1.5, 1.01} << std::set<int>{};
        QTest::newRow("the only layer") << std::vector{2.0} << std::set<int>{};
        QTest::newRow("what is no number") << std::vector{0.1, std::nan(""), 0.2} << std::set{0, 2};
    }

    void theLeastHarmfulThatPassTogether()
    {
        QFETCH(std::vector<double>, harms);
        QFETCH(std::set<int>, allowed);
        for (double& harm : harms)
            harm *= kMost;
        MadeUp madeUp(harms);
        const auto verdict = madeUp.choose();
        QVERIFY(verdict);
        std::set<int> got;
        for (std::size_t i = 0; i < harms.size(); ++i)
            if (verdict->layers[i])
                got.insert(static_cast<int>(i));
        QVERIFY(got == allowed);
        // Those of the set; of all layers where there is none.
        const LayerSet shown = got.empty() ? LayerSet(harms.size(), true) : verdict->layers;
        const auto figures = madeUp.measure(shown, KeyText::Whole);
        QVERIFY(verdict->figures == *figures || std::isnan(figures->prompt));
        QCOMPARE(verdict->figures.pass(), !got.empty());
    }

    void fewPassesForManyLayers()
    {
        std::vector<double> harms(80, kMost / 50);
        harms[7] = 1.0;
        MadeUp madeUp(harms);
        const auto verdict = madeUp.choose();
        QVERIFY(verdict);
        QVERIFY(verdict->allowed() >= 49 && verdict->allowed() <= 50);
        QVERIFY(!verdict->layers[7]);
        QCOMPARE(madeUp.alone, 80);
        QVERIFY(madeUp.whole <= 1 + 7);
    }

    void errorsEndIt()
    {
        for (int good = 0; good < 5; ++good) {
            int left = good;
            const auto verdict =
                chooseKeyLayers(4, [&](const LayerSet&, KeyText) -> model::Result<KeyFigures> {
                    if (left-- == 0)
                        return std::unexpected(model::Error{model::Errc::OutOfMemory, "made up"});
                    return KeyFigures{.prompt = 2 * kMost};
                });
            QVERIFY(!verdict);
            QCOMPARE(verdict.error().code, model::Errc::OutOfMemory);
        }
    }

    /// Both ways: a network with a large bias on its keys is refused in the layers that have it,
    /// and nowhere else.
    void aLargeBiasOfKeysIsFound_data()
    {
        QTest::addColumn<float>("first");
        QTest::addColumn<float>("second");
        QTest::newRow("none") << 0.0F << 0.0F;
        QTest::newRow("small ones") << 0.5F << -0.5F;
        QTest::newRow("first layer") << 300.0F << 0.0F;
        QTest::newRow("second layer") << 0.0F << -300.0F;
        QTest::newRow("both") << 300.0F << 300.0F;
    }

    void aLargeBiasOfKeysIsFound()
    {
        QFETCH(float, first);
        QFETCH(float, second);
        const support::Loaded model = tried({first, second});
        const auto verdict = engine::checkKeys(*model.network, *model.tokenizer);
        QVERIFY(verdict);
        const LayerSet wanted = {std::abs(first) < 1.0F, std::abs(second) < 1.0F};
        QVERIFY2(verdict->layers == wanted, told(*verdict).c_str());
        QCOMPARE(verdict->figures.pass(), verdict->allowed() > 0);
        // The same again, whatever the network keeps meanwhile.
        model.network->keepInt8Keys(LayerSet(2, true));
        QVERIFY(engine::checkKeys(*model.network, *model.tokenizer).value() == *verdict);
    }

    void onlyTheLayersThatAreNamedChange()
    {
        const support::Loaded model = tried({});
        const auto formats = [&] {
            std::vector<kernels::KeyFormat> all;
            for (const model::KvLayer& layer : model.network->kvLayers())
                all.push_back(layer.keyFormat);
            return all;
        };
        using enum kernels::KeyFormat;
        QVERIFY(formats() == (std::vector{Half, Half}));
        model.network->keepInt8Keys({false, true});
        QVERIFY(formats() == (std::vector{Half, Int8}));
        const auto exact = model::Model::load(*model.file, {.exact = true});
        (*exact)->keepInt8Keys({true, true});
        QCOMPARE((*exact)->kvLayers()[0].keyFormat, Single);
    }

    /// What a prompt gives must not depend on how it is cut, with kinds that differ by layer too.
    void layersOfDifferentKindsReadThePromptAlike()
    {
        const support::Loaded model = tried({});
        model.network->keepInt8Keys({true, false});
        std::vector<std::int32_t> tokens(150);
        for (std::size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = static_cast<std::int32_t>('a' + i * i % 26);
        const auto logitsOf = [&](std::size_t cut) {
            auto cache = model.network->makeCache(200).value();
            std::vector<float> logits(model.network->config().vocabularySize);
            const std::span<const std::int32_t> all(tokens);
            if (cut > 0 && !model.network->forward(all.first(cut), cache, model::Phase::Prompt,
                                                   model::Logits::None, {}, {}))
                return std::vector<float>();
            if (!model.network->forward(all.subspan(cut), cache, model::Phase::Prompt,
                                        model::Logits::Last, logits, {}))
                return std::vector<float>();
            return logits;
        };
        const std::vector<float> whole = logitsOf(0);
        QVERIFY(!whole.empty());
        for (const std::size_t cut : {1, 31, 64, 149})
            QVERIFY(logitsOf(cut) == whole);
    }

    /// Shows what comes out for the real files; facts/engine.md section 6 has seen int8 keys ruin
    /// the Qwen ones.
    void realModels_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<unsigned>("tokens");
#ifdef __SANITIZE_ADDRESS__ // the code counts, not the figures; the others take ten times the time
        QTest::newRow("135M") << QStringLiteral("smollm2-135m-instruct-q4_1.gguf") << 16U;
#else
        QTest::newRow("135M") << QStringLiteral("smollm2-135m-instruct-q4_1.gguf") << UINT_MAX;
        // What the large bias of their first layer does shows in a few words; the whole text, some
        // thousand rows of float32 each, would take minutes.
        QTest::newRow("0.5B") << QStringLiteral("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf") << 16U;
        QTest::newRow("1.5B") << QStringLiteral("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf") << 16U;
#endif
    }

    void realModels()
    {
        QFETCH(QString, name);
        const std::string path = support::realModel(name.toStdString());
        if (path.empty()) {
            QVERIFY(support::realModelsMayBeAbsent());
            QSKIP("the real model is absent: CLOISTER_MODELS names no folder that holds it");
        }
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto gguf = model::GgufFile::open(file.handle());
        QVERIFY(gguf.has_value());
        const auto tokenizer = model::Tokenizer::load(*gguf);
        const auto network = model::Model::load(
            *gguf, {.threads = std::min(4U, std::max(1U, std::thread::hardware_concurrency()))});
        QVERIFY(tokenizer && network);
        QFETCH(unsigned, tokens);
        Short cut(**network, tokens);
        const auto verdict = engine::checkKeys(cut, *tokenizer);
        QVERIFY(verdict);
        qInfo("%s", told(*verdict).c_str());
        QCOMPARE(verdict->layers.size(), std::size_t{(*network)->config().layers});
        QCOMPARE(verdict->figures.pass(), verdict->allowed() > 0);
        if (name.startsWith(QStringLiteral("qwen"))) // its first layer's bias is the largest
            QVERIFY(!verdict->layers[0]);
    }
};

QTEST_GUILESS_MAIN(TestKeyCheck)
#include "tst_key_check.moc"
