// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tiny_model.h"

#include "tests/support/gguf_writer.h"

#include <random>

namespace support {
namespace {

constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kFeedForward = 128;
constexpr std::uint32_t kLayers = 2;
constexpr std::uint32_t kHeads = 4;
constexpr std::uint32_t kKeyValueHeads = 2;
constexpr std::uint32_t kHeadLength = kWidth / kHeads;
constexpr std::int32_t kSpecials = 3;
constexpr unsigned kUsualSeed = 20261123;
constexpr float kRange = 0.3F; // of weights

/// As byte-level vocabularies write a byte: printable Latin-1 as itself, the rest from 256 on.
std::string printable(unsigned byte)
{
    unsigned code = 256;
    const auto itself = [](unsigned b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b != 173 && b <= 255);
    };
    for (unsigned other = 0; other < byte; ++other)
        code += itself(other) ? 0 : 1;
    if (itself(byte))
        code = byte;
    if (code < 128)
        return {static_cast<char>(code)};
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

class Weights {
public:
    explicit Weights(unsigned seed)
        : m_engine(seed)
    {
    }

    /// Uniform in ±@p range. Not std::uniform_real_distribution, whose numbers no standard fixes.
    std::string random(std::size_t count, float range)
    {
        std::string bytes;
        for (std::size_t i = 0; i < count; ++i)
            append(bytes, (static_cast<float>(m_engine() >> 8) / (1 << 23) - 1.0F) * range);
        return bytes;
    }

private:
    std::mt19937 m_engine;
};

std::string constant(std::size_t count, float value)
{
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
        append(bytes, value);
    return bytes;
}

/// Of float32 numbers: bfloat16 ones.
std::string upperHalves(const std::string& values)
{
    std::string halves;
    for (std::size_t at = 0; at < values.size(); at += sizeof(float))
        halves += values.substr(at + sizeof(float) / 2, sizeof(float) / 2);
    return halves;
}

std::vector<std::string> tokensByNumber()
{
    std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    for (unsigned byte = 0; byte < 256; ++byte)
        tokens.push_back(printable(byte));
    tokens.insert(tokens.end(), {"th", "the"});
    return tokens;
}

void addVocabulary(GgufWriter& writer, std::string_view preTokenizer)
{
    const std::vector<std::string> tokens = tokensByNumber();
    const std::vector<std::string> merges = {"t h", "th e"};
    std::vector<std::int32_t> kinds(kSpecials, 3);
    kinds.resize(tokens.size(), 1);

    writer.add("tokenizer.ggml.model", "gpt2");
    writer.add("tokenizer.ggml.pre", preTokenizer);
    writer.add("tokenizer.ggml.tokens", tokens);
    writer.add("tokenizer.ggml.token_type", kinds);
    writer.add("tokenizer.ggml.merges", merges);
    writer.add("tokenizer.ggml.bos_token_id", 0U);
    writer.add("tokenizer.ggml.eos_token_id", 2U);
    writer.add("tokenizer.ggml.add_bos_token", false);
}

/// Rows of tokens that are to be written are random, all others zero: their score stays below the
/// best of the others.
std::string outputRows(const std::vector<std::string>& tokens, Weights& weights)
{
    const std::string written = printable(' ') + "abcdefghijklmnopqrstuvwxyz.";
    std::string rows;
    for (std::size_t id = 0; id < tokens.size(); ++id) {
        const bool wanted = id >= kSpecials && written.find(tokens[id]) != std::string::npos;
        rows += wanted ? weights.random(kWidth, 1.0F) : constant(kWidth, 0.0F);
    }
    return rows;
}

/// On the last element of every head, which turns so slowly that it says next to nothing of places.
std::string biasOfKeys(float bias)
{
    std::string bytes;
    for (std::uint32_t i = 0; i < kKeyValueHeads * kHeadLength; ++i)
        append(bytes, (i + 1) % kHeadLength == 0 ? bias : 0.0F);
    return bytes;
}

std::string tinyModelOf(std::string_view preTokenizer, unsigned seed, model::TensorType matrices,
                        float keyRange, std::array<float, kLayers> keyBiases)
{
    GgufWriter writer;
    writer.add("general.architecture", "llama");
    writer.add("general.name", "Tiny random model");
    writer.add("llama.block_count", kLayers);
    writer.add("llama.context_length", 4096U);
    writer.add("llama.embedding_length", kWidth);
    writer.add("llama.feed_forward_length", kFeedForward);
    writer.add("llama.attention.head_count", kHeads);
    writer.add("llama.attention.head_count_kv", kKeyValueHeads);
    writer.add("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    writer.add("llama.rope.dimension_count", kHeadLength);
    writer.add("llama.rope.freq_base", 10000.0F);
    const auto tokens = tokensByNumber();
    if (!preTokenizer.empty())
        addVocabulary(writer, preTokenizer);

    Weights weights(seed);
    const auto add = [&](const std::string& name, std::uint64_t in, std::uint64_t out,
                         const std::string& values) {
        writer.addTensor(name, matrices, {in, out},
                         matrices == model::TensorType::BF16 ? upperHalves(values) : values);
    };
    const auto matrix = [&](const std::string& name, std::uint64_t in, std::uint64_t out,
                            float range = kRange) {
        add(name, in, out, weights.random(in * out, range));
    };
    const auto norm = [&](const std::string& name) {
        writer.addTensor(name, model::TensorType::F32, {kWidth}, constant(kWidth, 1.0F));
    };
    add("token_embd.weight", kWidth, tokens.size(), weights.random(kWidth * tokens.size(), 1.0F));
    for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + '.';
        norm(block + "attn_norm.weight");
        matrix(block + "attn_q.weight", kWidth, kWidth);
        matrix(block + "attn_k.weight", kWidth, kKeyValueHeads * kHeadLength, keyRange);
        if (keyBiases[layer] != 0.0F)
            writer.addTensor(block + "attn_k.bias", model::TensorType::F32,
                             {kKeyValueHeads * kHeadLength}, biasOfKeys(keyBiases[layer]));
        matrix(block + "attn_v.weight", kWidth, kKeyValueHeads * kHeadLength);
        matrix(block + "attn_output.weight", kWidth, kWidth);
        norm(block + "ffn_norm.weight");
        matrix(block + "ffn_gate.weight", kWidth, kFeedForward);
        matrix(block + "ffn_up.weight", kWidth, kFeedForward);
        matrix(block + "ffn_down.weight", kFeedForward, kWidth);
    }
    norm("output_norm.weight");
    add("output.weight", kWidth, tokens.size(), outputRows(tokens, weights));
    return writer.file();
}

} // namespace

std::string tinyModel(std::string_view preTokenizer, unsigned seed, model::TensorType matrices)
{
    return tinyModelOf(preTokenizer, seed, matrices, kRange, {});
}

std::string tinyModelWithKeyBias(std::array<float, 2> biases)
{
    return tinyModelOf("smollm", kUsualSeed, model::TensorType::F32, kRange / 10, biases);
}

} // namespace support
