// SPDX-License-Identifier: Apache-2.0
#include "inference/model/config.h"

#include "inference/model/gguf.h"

#include <algorithm>
#include <cmath>

namespace model {

namespace {

// Far above every model that exists; keeps the products of two sizes within 64 bits.
constexpr std::uint64_t kMostSize = 1U << 24;
// The same for what a row of activations may hold: working memory is a few hundred such rows.
constexpr std::uint64_t kMostColumns = 1U << 19;

std::unexpected<Error> bad(const std::string& key, std::string_view what)
{
    return std::unexpected(Error{Errc::BadFile, key + ": " + std::string(what)});
}

/// Reads the keys of one architecture, "qwen2.block_count" and so on.
class Reader {
public:
    Reader(const GgufFile& file, std::string architecture)
        : m_file(file)
        , m_prefix(std::move(architecture) + ".")
    {
    }

    [[nodiscard]] std::string key(std::string_view name) const
    {
        return m_prefix + std::string(name);
    }

    /// A size, 1..kMostSize. Without @p otherwise the key must be there.
    Result<void> size(std::string_view name, std::uint32_t& out, std::uint64_t otherwise = 0) const
    {
        const auto value = otherwise == 0 ? m_file.unsignedInteger(key(name))
                                          : m_file.unsignedIntegerOr(key(name), otherwise);
        if (!value)
            return std::unexpected(value.error());
        if (*value == 0 || *value > kMostSize)
            return bad(key(name), "out of range");
        out = static_cast<std::uint32_t>(*value);
        return {};
    }

    /// The same, where the file may hold one number for each layer: they must agree.
    Result<void> sizeOfLayers(std::string_view name, std::uint32_t layers, std::uint32_t& out) const
    {
        const auto values = m_file.perLayer(key(name), layers);
        if (!values)
            return std::unexpected(values.error());
        const std::uint64_t first = values->front();
        if (!std::ranges::all_of(*values, [&](std::uint64_t v) { return v == first; }))
            return std::unexpected(Error{Errc::Unsupported, key(name) + " differs by layer"});
        if (first == 0 || first > kMostSize)
            return bad(key(name), "out of range");
        out = static_cast<std::uint32_t>(first);
        return {};
    }

    Result<void> positive(std::string_view name, float& out, double otherwise) const
    {
        const auto value = m_file.numberOr(key(name), otherwise);
        if (!value)
            return std::unexpected(value.error());
        if (!std::isfinite(*value) || *value <= 0)
            return bad(key(name), "not a positive number");
        out = static_cast<float>(*value);
        return {};
    }

private:
    const GgufFile& m_file;
    std::string m_prefix;
};

Result<void> readSizes(const Reader& read, Config& config)
{
    if (auto ok = read.size("block_count", config.layers); !ok)
        return ok;
    if (config.layers > 4096)
        return bad(read.key("block_count"), "out of range");
    if (auto ok = read.size("context_length", config.contextLength); !ok)
        return ok;
    if (auto ok = read.size("embedding_length", config.embeddingLength); !ok)
        return ok;
    if (auto ok = read.sizeOfLayers("feed_forward_length", config.layers, config.feedForwardLength);
        !ok)
        return ok;
    return read.sizeOfLayers("attention.head_count", config.layers, config.heads);
}

Result<void> readHeads(const GgufFile& file, const Reader& read, Config& config)
{
    config.keyValueHeads = config.heads;
    if (file.has(read.key("attention.head_count_kv"))) {
        if (auto ok =
                read.sizeOfLayers("attention.head_count_kv", config.layers, config.keyValueHeads);
            !ok)
            return ok;
    }
    if (config.heads > config.embeddingLength || config.heads % config.keyValueHeads != 0)
        return bad(read.key("attention.head_count_kv"), "does not divide head_count");

    const std::uint32_t usual = config.embeddingLength / config.heads;
    if (auto ok = read.size("attention.key_length", config.headLength, usual); !ok)
        return ok;
    std::uint32_t valueLength = 0;
    if (auto ok = read.size("attention.value_length", valueLength, config.headLength); !ok)
        return ok;
    if (valueLength != config.headLength)
        return std::unexpected(Error{Errc::Unsupported, "value_length other than key_length"});

    const std::uint64_t columns = std::uint64_t{config.heads} * config.headLength;
    if (std::max<std::uint64_t>({columns, config.embeddingLength, config.feedForwardLength}) >
        kMostColumns)
        return bad(read.key("embedding_length"), "or another length is out of range");

    if (auto ok = read.size("rope.dimension_count", config.ropeLength, config.headLength); !ok)
        return ok;
    if (config.ropeLength % 2 != 0 || config.ropeLength > config.headLength)
        return bad(read.key("rope.dimension_count"), "odd or longer than a head");
    return {};
}

Result<void> readRope(const GgufFile& file, const Reader& read, Config& config)
{
    if (auto ok = read.positive("rope.freq_base", config.ropeBase, 10000.0); !ok)
        return ok;
    const std::string key = read.key("rope.scaling.type");
    std::string_view type = "none";
    if (file.has(key)) {
        const auto named = file.string(key);
        if (!named)
            return std::unexpected(named.error());
        type = *named;
    }
    if (type == "linear")
        return read.positive("rope.scaling.factor", config.ropeScale, 1.0);
    if (type != "none")
        return std::unexpected(Error{Errc::Unsupported, "rope scaling " + quoted(type)});
    return {};
}

Result<void> readFamily(const GgufFile& file, Config& config)
{
    const auto architecture = file.string("general.architecture");
    if (!architecture)
        return std::unexpected(architecture.error());
    config.architecture = std::string(*architecture);
    if (config.architecture == "llama") {
        config.family = Family::Llama;
        config.ropeKind = RopeKind::Interleaved;
    } else if (config.architecture == "qwen2") {
        config.family = Family::Qwen2;
        config.ropeKind = RopeKind::HalfSplit;
    } else {
        return std::unexpected(
            Error{Errc::Unsupported, "the architecture " + quoted(config.architecture) +
                                         " is not supported; llama and qwen2 are"});
    }
    const auto experts = file.unsignedIntegerOr(config.architecture + ".expert_count", 0);
    if (!experts)
        return std::unexpected(experts.error());
    if (*experts != 0)
        return std::unexpected(Error{Errc::Unsupported, "mixture of experts"});
    return {};
}

} // namespace

Result<Config> readConfig(const GgufFile& file)
{
    Config config;
    if (auto ok = readFamily(file, config); !ok)
        return std::unexpected(ok.error());
    const Reader read(file, config.architecture);
    if (auto ok = readSizes(read, config); !ok)
        return std::unexpected(ok.error());
    if (auto ok = readHeads(file, read, config); !ok)
        return std::unexpected(ok.error());
    if (auto ok = readRope(file, read, config); !ok)
        return std::unexpected(ok.error());
    if (auto ok = read.positive("attention.layer_norm_rms_epsilon", config.normEpsilon, 1e-5); !ok)
        return std::unexpected(ok.error());

    const auto embedding = file.tensor("token_embd.weight");
    if (!embedding)
        return std::unexpected(embedding.error());
    if (embedding->rows() == 0 || embedding->rows() > kMostSize)
        return bad("token_embd.weight", "rows out of range");
    config.vocabularySize = static_cast<std::uint32_t>(embedding->rows());
    return config;
}

} // namespace model
