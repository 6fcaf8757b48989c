// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "inference/model/model.h"
#include "tests/inference/kernels/made_weights.h"
#include "tests/support/gguf_writer.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

using kernels::WeightType;
using model::TensorType;

namespace {

constexpr std::uint32_t kVocabulary = 100;
constexpr std::uint32_t kHeadLength = 64;

/// The lengths of a network of one layer: those of real models, where the type can hold them.
struct Shape {
    std::uint32_t width;
    std::uint32_t feedForward;
    std::uint32_t heads;
    std::uint32_t keyValueHeads;
};
constexpr Shape kBlocksOf32[] = {{576, 96, 9, 3}, {640, 960, 10, 2}, {896, 608, 14, 2}};
constexpr Shape kBlocksOf256[] = {{256, 768, 4, 2}};

TensorType tensorTypeOf(WeightType type)
{
    for (std::uint32_t number = 0; number < 64; ++number) {
        if (model::nameOf(static_cast<TensorType>(number)) == kernels::nameOf(type))
            return static_cast<TensorType>(number);
    }
    return TensorType::F64;
}

std::string bytesOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A file with random weights of @p type, or with the same numbers as float32.
class File {
public:
    File(WeightType type, const Shape& shape, bool widened)
        : m_type(type)
        , m_widened(widened)
    {
        addConfig(shape);
        const std::uint32_t d = shape.width;
        const std::uint32_t keys = shape.keyValueHeads * kHeadLength;
        matrix("token_embd.weight", d, kVocabulary);
        matrix("output.weight", d, kVocabulary);
        norm("output_norm.weight", d);
        norm("blk.0.attn_norm.weight", d);
        matrix("blk.0.attn_q.weight", d, d);
        matrix("blk.0.attn_k.weight", d, keys);
        matrix("blk.0.attn_v.weight", d, keys);
        matrix("blk.0.attn_output.weight", d, d);
        norm("blk.0.ffn_norm.weight", d);
        matrix("blk.0.ffn_gate.weight", d, shape.feedForward);
        matrix("blk.0.ffn_up.weight", d, shape.feedForward);
        matrix("blk.0.ffn_down.weight", shape.feedForward, d);
    }

    [[nodiscard]] std::string bytes() const { return m_writer.file(); }

private:
    void addConfig(const Shape& shape)
    {
        m_writer.add("general.architecture", "llama");
        m_writer.add("llama.block_count", 1U);
        m_writer.add("llama.context_length", 64U);
        m_writer.add("llama.embedding_length", shape.width);
        m_writer.add("llama.feed_forward_length", shape.feedForward);
        m_writer.add("llama.attention.head_count", shape.heads);
        m_writer.add("llama.attention.head_count_kv", shape.keyValueHeads);
        m_writer.add("llama.attention.layer_norm_rms_epsilon", 1e-5F);
        m_writer.add("llama.rope.dimension_count", kHeadLength);
        m_writer.add("llama.rope.freq_base", 10000.0F);
    }

    void matrix(const char* name, std::uint32_t columns, std::uint32_t rows)
    {
        std::string data;
        std::vector<float> values(columns);
        for (std::uint32_t r = 0; r < rows; ++r) {
            const auto row = made::row(m_type, columns, made::Bits::Random, ++m_seed);
            kernels::dequantizeRow(m_type, row, values);
            m_squares += std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
            m_count += columns;
            data += bytesOf(m_widened ? std::as_bytes(std::span(values)) : std::span(row));
        }
        m_writer.addTensor(name, m_widened ? TensorType::F32 : tensorTypeOf(m_type),
                           {columns, rows}, data);
    }

    /// Brings what the matrices put out to about one, whatever the scale of their type.
    void norm(const char* name, std::uint32_t length)
    {
        const auto weight = static_cast<float>(std::sqrt(m_count / (m_squares * length)));
        const std::vector<float> weights(length, weight);
        m_writer.addTensor(name, TensorType::F32, {length},
                           bytesOf(std::as_bytes(std::span(weights))));
    }

    WeightType m_type;
    bool m_widened;
    unsigned m_seed = 0;
    double m_squares = 0;
    double m_count = 0;
    support::GgufWriter m_writer;
};

/// Logits of a few tokens. @p phase Generation: one after the other.
std::vector<float> logitsOf(const std::string& file, bool exact, model::Phase phase)
{
    const auto gguf = model::GgufFile::parse(std::as_bytes(std::span(file)));
    if (!gguf)
        return {};
    auto loaded = model::Model::load(*gguf, {.threads = 2, .exact = exact});
    if (!loaded)
        return {};
    auto cache = (*loaded)->makeCache(16).value();
    constexpr std::int32_t kTokens[] = {3, 1, 4, 15, 92, 65, 35, 89, 79};
    std::vector<float> logits(std::size(kTokens) * kVocabulary);
    const std::size_t step = phase == model::Phase::Prompt ? std::size(kTokens) : 1;
    for (std::size_t at = 0; at < std::size(kTokens); at += step) {
        const auto out = std::span(logits).subspan(at * kVocabulary, step * kVocabulary);
        if (!(*loaded)->forward(std::span(kTokens).subspan(at, step), cache, phase,
                                model::Logits::All, out, {}))
            return {};
    }
    return logits;
}

/// The largest difference, as a part of the range of @p want.
double off(std::span<const float> got, std::span<const float> want)
{
    if (got.size() != want.size() || want.empty())
        return INFINITY;
    const auto [least, most] = std::ranges::minmax(want);
    double largest = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
        const double difference = std::abs(double{got[i]} - want[i]);
        largest = difference <= largest ? largest : difference;
    }
    return largest / (double{most} - least);
}

} // namespace

/// A network in every weight type gives what the same numbers give as float32.
class TestWeightTypes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyTypeAndLength_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("shape");
        for (const WeightType type : made::kTypes) {
            const std::size_t shapes = shapesOf(type).size();
            for (std::size_t shape = 0; shape < shapes; ++shape) {
                QTest::addRow("%s %u", kernels::nameOf(type).data(), shapesOf(type)[shape].width)
                    << static_cast<int>(type) << static_cast<int>(shape);
            }
        }
    }

    void everyTypeAndLength()
    {
        QFETCH(int, type);
        QFETCH(int, shape);
        const auto weightType = static_cast<WeightType>(type);
        const Shape& lengths = shapesOf(weightType)[static_cast<std::size_t>(shape)];
        const std::string file = File(weightType, lengths, false).bytes();
        const std::string widened = File(weightType, lengths, true).bytes();
        for (const model::Phase phase : {model::Phase::Prompt, model::Phase::Generation}) {
            const auto want = logitsOf(widened, true, phase);
            const double exact = off(logitsOf(file, true, phase), want);
            const double fast = off(logitsOf(file, false, phase), want);
            const QString what =
                QStringLiteral("exact off by %1 of the range, fast by %2").arg(exact).arg(fast);
            QVERIFY2(exact < 1e-4, qPrintable(what));
            QVERIFY2(fast < 0.05, qPrintable(what)); // the activations are rounded
        }
    }

private:
    static std::span<const Shape> shapesOf(WeightType type)
    {
        return kernels::blockOf(type).values == 256 ? std::span<const Shape>(kBlocksOf256)
                                                    : std::span<const Shape>(kBlocksOf32);
    }
};

QTEST_GUILESS_MAIN(TestWeightTypes)
#include "tst_weight_types.moc"
