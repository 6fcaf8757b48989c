// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/key_check.h"

#include "inference/engine/odds.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

namespace engine {
namespace {

using kernels::KeyFormat;

constexpr std::size_t kTokens = 256;
constexpr std::size_t kGenerated = 32; // of them, the last, also as generated rows
constexpr std::size_t kBeginning = 64;
constexpr std::size_t kRows = 32; // at a time: their logits are held, each a whole vocabulary
constexpr std::size_t kTop = 128; // logits of a row that are kept to compare with

// Of nobody: what a chart reads like, with numbers, units, dates and names of drugs.
constexpr std::string_view kText =
    "Discharge summary. The patient, a retired teacher of 71 years, was admitted on 14 March with "
    "three days of increasing shortness of breath and swelling of both ankles. History of "
    "hypertension, atrial fibrillation and chronic kidney disease stage 3a. No known drug "
    "allergies. On arrival blood pressure was 158/94 mmHg, heart rate 112 per minute and "
    "irregular, oxygen saturation 91 % on room air, temperature 36.8 degrees. Auscultation "
    "revealed crackles over both lung bases. Laboratory results: sodium 136 mmol/L, potassium 4.9 "
    "mmol/L, creatinine 138 umol/L, haemoglobin 118 g/L, C-reactive protein 12 mg/L, NT-proBNP "
    "4210 ng/L. The chest radiograph showed an enlarged heart and small effusions on both sides, "
    "the left larger than the right. Echocardiography: left ventricular ejection fraction 38 %, "
    "moderate mitral regurgitation, no thrombus. Treatment with furosemide 40 mg intravenously "
    "twice daily led to a loss of 5.2 kg within six days. Bisoprolol was raised from 2.5 to 5 mg "
    "once daily, apixaban 5 mg twice daily was continued, and ibuprofen, which had been taken for "
    "knee pain, was stopped because of the kidney function. Before discharge the creatinine had "
    "fallen to 121 umol/L and the potassium was 4.4 mmol/L. We ask the general practitioner to "
    "measure weight, blood pressure and electrolytes within one week, to repeat the "
    "echocardiography in three months, and to refer the patient back at once should the weight "
    "rise by more than two kilograms in three days.";

/// What is kept of a row's logits: its largest ones, and the logarithm of the sum of exp of all.
struct Row {
    std::vector<std::uint32_t> places;
    std::vector<float> logits; // there
    double logSum = 0.0;
    std::size_t best = 0;
};

double logSumOf(std::span<const float> logits, std::size_t best)
{
    return logits[best] + std::log(sumOfWeights(logits, logits[best]));
}

Row rowOf(std::span<const float> logits)
{
    Row row{.places = {}, .logits = {}, .best = largestOf(logits)};
    row.logSum = logSumOf(logits, row.best);
    placesOfLargest(logits, std::min(kTop, logits.size()), row.places);
    for (const std::uint32_t place : row.places)
        row.logits.push_back(logits[place]);
    return row;
}

/// Kullback-Leibler divergence of @p got from @p wanted, over the latter's largest and one bucket
/// for the rest.
double divergenceOf(const Row& wanted, std::span<const float> got, std::size_t best)
{
    // Shares so small that rounding decides them.
    constexpr double kNothing = 1e-9;
    const double logSum = logSumOf(got, best);
    double divergence = 0.0;
    double restWanted = 1.0;
    double restGot = 1.0;
    for (std::size_t i = 0; i < wanted.places.size(); ++i) {
        const double logWanted = wanted.logits[i] - wanted.logSum;
        const double logGot = got[wanted.places[i]] - logSum;
        divergence += std::exp(logWanted) * (logWanted - logGot);
        restWanted -= std::exp(logWanted);
        restGot -= std::exp(logGot);
    }
    if (restWanted > kNothing && restGot > kNothing)
        divergence += restWanted * std::log(restWanted / restGot);
    return divergence;
}

struct Sums {
    double divergence = 0.0;
    std::size_t rows = 0;
    std::size_t same = 0;

    [[nodiscard]] double mean() const
    {
        return rows == 0 ? 0.0 : divergence / static_cast<double>(rows);
    }
};

class KeyTrial {
public:
    KeyTrial(model::Model& network, std::vector<std::int32_t> tokens)
        : m_network(network)
        , m_tokens(std::move(tokens))
        , m_vocabulary(network.config().vocabularySize)
        , m_generated(std::min(kGenerated, m_tokens.size() / 2))
    {
    }

    /// Reads the text with float16 in all layers, to compare with.
    model::Result<void> prepare()
    {
        const LayerSet none(m_network.config().layers, false);
        return pass(
            none, KeyText::Whole,
            [this](std::size_t, model::Phase phase, std::span<const float> logits) {
                (phase == model::Phase::Prompt ? m_read : m_written).push_back(rowOf(logits));
            });
    }

    model::Result<KeyFigures> measure(const LayerSet& layers, KeyText text)
    {
        Sums read;
        Sums written;
        const auto add = [&](std::size_t token, model::Phase phase, std::span<const float> logits) {
            const bool prompt = phase == model::Phase::Prompt;
            if (token == 0) // sees one key alone
                return;
            const Row& wanted =
                prompt ? m_read[token] : m_written[token + m_generated - m_tokens.size()];
            const std::size_t best = largestOf(logits);
            Sums& sums = prompt ? read : written;
            sums.divergence += divergenceOf(wanted, logits, best);
            sums.same += best == wanted.best ? 1 : 0;
            ++sums.rows;
        };
        if (auto done = pass(layers, text, add); !done)
            return std::unexpected(done.error());
        const std::size_t rows = std::max<std::size_t>(1, read.rows + written.rows);
        return KeyFigures{.prompt = read.mean(),
                          .generated = written.mean(),
                          .sameChoice = static_cast<double>(read.same + written.same) /
                                        static_cast<double>(rows)};
    }

private:
    /// Takes the place of a row's token, its kind, and its logits.
    using Take = std::function<void(std::size_t, model::Phase, std::span<const float>)>;

    model::Result<void> pass(const LayerSet& int8, KeyText text, const Take& take)
    {
        std::vector<model::KvLayer> layers = m_network.kvLayers();
        for (std::size_t i = 0; i < layers.size(); ++i)
            layers[i].keyFormat = int8[i] ? KeyFormat::Int8 : KeyFormat::Half;
        const auto pool =
            model::KvPool::create(std::move(layers), model::pagesFor(m_tokens.size()));
        if (!pool)
            return std::unexpected(pool.error());
        model::KvSequence sequence(**pool);
        if (text == KeyText::Beginning)
            return run(sequence, std::min(kBeginning, m_tokens.size()), model::Phase::Prompt, take);
        if (auto done = run(sequence, m_tokens.size(), model::Phase::Prompt, take); !done)
            return done;
        sequence.truncate(static_cast<std::uint32_t>(m_tokens.size() - m_generated));
        return run(sequence, m_tokens.size(), model::Phase::Generation, take);
    }

    /// From where @p sequence ends to token @p end.
    model::Result<void> run(model::KvSequence& sequence, std::size_t end, model::Phase phase,
                            const Take& take)
    {
        for (std::size_t first = sequence.length(); first < end; first = sequence.length()) {
            const std::size_t count = std::min(kRows, end - first);
            m_logits.resize(count * m_vocabulary);
            const model::Part part{&sequence,
                                   std::span<const std::int32_t>(m_tokens).subspan(first, count),
                                   model::Logits::All, m_logits};
            if (auto done = phase == model::Phase::Prompt
                                ? m_network.read(part, {})
                                : m_network.generate(std::span(&part, 1), {});
                !done)
                return done;
            for (std::size_t row = 0; row < count; ++row)
                take(first + row, phase,
                     std::span(m_logits).subspan(row * m_vocabulary, m_vocabulary));
        }
        return {};
    }

    model::Model& m_network;
    std::vector<std::int32_t> m_tokens;
    std::size_t m_vocabulary;
    std::size_t m_generated;     // tokens at the end that are generated rows too
    std::vector<Row> m_read;     // of every token, keys as float16
    std::vector<Row> m_written;  // of the last
    std::vector<float> m_logits; // [rows, V]
};

/// The layers that pass alone, the one that does least harm first.
model::Result<std::vector<std::size_t>> byHarm(std::size_t layers, const MeasureKeys& measure)
{
    std::vector<std::pair<double, std::size_t>> harms;
    for (std::size_t layer = 0; layer < layers; ++layer) {
        LayerSet alone(layers, false);
        alone[layer] = true;
        const auto figures = measure(alone, KeyText::Beginning);
        if (!figures)
            return std::unexpected(figures.error());
        const double harm = std::max(figures->prompt, figures->generated);
        if (harm <= KeyFigures::kMostDivergence)
            harms.emplace_back(harm, layer);
    }
    std::ranges::sort(harms);
    std::vector<std::size_t> order(harms.size());
    std::ranges::transform(harms, order.begin(), &std::pair<double, std::size_t>::second);
    return order;
}

} // namespace

std::size_t KeyVerdict::allowed() const
{
    return static_cast<std::size_t>(std::ranges::count(layers, true));
}

model::Result<KeyVerdict> chooseKeyLayers(std::size_t layers, const MeasureKeys& measure)
{
    const LayerSet all(layers, true);
    const auto together = measure(all, KeyText::Whole);
    if (!together)
        return std::unexpected(together.error());
    if (together->pass())
        return KeyVerdict{all, *together};
    const auto order = byHarm(layers, measure);
    if (!order)
        return std::unexpected(order.error());
    KeyVerdict best{LayerSet(layers, false), *together};
    std::size_t passing = 0;                                       // of the order
    std::size_t failing = std::min(order->size() + 1, all.size()); // not looked at beyond it
    while (failing - passing > 1) {
        const std::size_t count = (passing + failing) / 2;
        LayerSet some(layers, false);
        for (const std::size_t layer : std::span(*order).first(count))
            some[layer] = true;
        const auto figures = measure(some, KeyText::Whole);
        if (!figures)
            return std::unexpected(figures.error());
        (figures->pass() ? passing : failing) = count;
        if (figures->pass())
            best = {some, *figures};
    }
    return best;
}

model::Result<KeyVerdict> checkKeys(model::Model& network, const model::Tokenizer& tokenizer)
{
    std::vector<std::int32_t> tokens;
    if (const auto begin = tokenizer.vocabulary().beginOfText())
        tokens.push_back(*begin);
    tokenizer.encode(kText, model::Specials::AsText, tokens);
    tokens.resize(std::min({tokens.size(), kTokens, std::size_t{network.config().contextLength}}));
    if (auto begun = network.beginExact(); !begun)
        return std::unexpected(begun.error());
    KeyTrial trial(network, std::move(tokens));
    auto verdict = [&]() -> model::Result<KeyVerdict> {
        if (auto ready = trial.prepare(); !ready)
            return std::unexpected(ready.error());
        return chooseKeyLayers(network.config().layers, [&](const LayerSet& layers, KeyText text) {
            return trial.measure(layers, text);
        });
    }();
    network.endExact();
    return verdict;
}

} // namespace engine
