// SPDX-License-Identifier: Apache-2.0
#include "inference/model/weights.h"

#include "inference/kernels/strip_layout.h"
#include "inference/kernels/thread_pool.h"
#include "inference/model/pack_file.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace model {

namespace {

using kernels::PackedMatrix;
using kernels::WeightType;

/// GGUF's own names say which of its types the kernels know.
std::optional<WeightType> weightType(TensorType type)
{
    const std::string_view name = nameOf(type);
    for (std::size_t i = 0; i < kernels::kWeightTypes; ++i) {
        const auto known = static_cast<WeightType>(i);
        if (kernels::nameOf(known) == name)
            return known;
    }
    return std::nullopt;
}

Error asModelError(const kernels::Error& error, const std::string& tensor)
{
    const std::string detail = "tensor " + quoted(tensor) + ": " + error.detail;
    switch (error.code) {
    case kernels::Errc::OutOfMemory:
        return {Errc::OutOfMemory, detail};
    case kernels::Errc::BadSize:
        return {Errc::BadFile, detail};
    default:
        return {Errc::Unsupported, detail};
    }
}

/// A tensor whose shape and type have been checked.
struct Checked {
    WeightType type;
    std::span<const std::byte> data;
};

class Loader {
public:
    /// @p from and @p to may be null.
    Loader(const GgufFile& file, kernels::ThreadPool& pool, const PackFile* from, PackWriter* to)
        : m_file(file)
        , m_pool(pool)
        , m_from(from)
        , m_to(to)
    {
    }

    Result<Checked> check(const std::string& name, std::size_t rows, std::size_t columns)
    {
        const auto tensor = m_file.tensor(name);
        if (!tensor)
            return std::unexpected(tensor.error());
        m_used.insert(tensor->name);
        const auto type = weightType(tensor->type);
        if (!type) {
            return std::unexpected(
                Error{Errc::Unsupported,
                      "tensor " + quoted(name) + " has type " + std::string(nameOf(tensor->type))});
        }
        if (tensor->dims[0] != columns || tensor->rows() != rows ||
            tensor->data.size() != rows * kernels::rowBytes(*type, columns)) {
            return std::unexpected(Error{Errc::BadFile, "tensor " + quoted(name) + " is not " +
                                                            std::to_string(columns) + " by " +
                                                            std::to_string(rows)});
        }
        return Checked{*type, tensor->data};
    }

    Result<void> matrix(const std::string& name, std::size_t rows, std::size_t columns,
                        PackedMatrix& out)
    {
        const auto tensor = check(name, rows, columns);
        if (!tensor)
            return std::unexpected(tensor.error());
        if (m_from != nullptr) {
            auto packed = m_from->matrix(name, tensor->type, rows, columns);
            if (!packed)
                return std::unexpected(packed.error());
            out = std::move(*packed);
            return {};
        }
        auto packed = PackedMatrix::pack(tensor->type, rows, columns, tensor->data, m_pool);
        if (!packed)
            return std::unexpected(asModelError(packed.error(), name));
        out = std::move(*packed);
        m_file.release(tensor->data);
        if (m_to != nullptr)
            m_to->add(name, out, m_pool);
        return {};
    }

    Result<void> vector(const std::string& name, std::size_t length, std::vector<float>& out)
    {
        const auto tensor = check(name, 1, length);
        if (!tensor)
            return std::unexpected(tensor.error());
        out.resize(length);
        kernels::dequantizeRow(tensor->type, tensor->data, out);
        return {};
    }

    Result<void> vectorIfThere(const std::string& name, std::size_t length, std::vector<float>& out)
    {
        return m_file.findTensor(name) == nullptr ? Result<void>{} : vector(name, length, out);
    }

    /// A tensor that nobody asked for means something that the forward pass would leave out.
    Result<void> nothingLeft() const
    {
        for (const Tensor& tensor : m_file.tensors()) {
            if (!m_used.contains(tensor.name)) {
                return std::unexpected(
                    Error{Errc::Unsupported, "unknown tensor " + quoted(tensor.name)});
            }
        }
        return {};
    }

    [[nodiscard]] bool has(const std::string& name) const
    {
        return m_file.findTensor(name) != nullptr;
    }

private:
    const GgufFile& m_file;
    kernels::ThreadPool& m_pool;
    const PackFile* m_from;
    PackWriter* m_to;
    std::set<std::string_view> m_used;
};

Result<void> loadAttention(Loader& load, const Config& config, const std::string& prefix,
                           LayerWeights& layer)
{
    const std::size_t d = config.embeddingLength;
    const std::size_t queries = std::size_t{config.heads} * config.headLength;
    const std::size_t keys = std::size_t{config.keyValueHeads} * config.headLength;
    if (auto ok = load.vector(prefix + "attn_norm.weight", d, layer.attentionNorm); !ok)
        return ok;
    if (auto ok = load.matrix(prefix + "attn_q.weight", queries, d, layer.query); !ok)
        return ok;
    if (auto ok = load.matrix(prefix + "attn_k.weight", keys, d, layer.key); !ok)
        return ok;
    if (auto ok = load.matrix(prefix + "attn_v.weight", keys, d, layer.value); !ok)
        return ok;
    if (auto ok = load.vectorIfThere(prefix + "attn_q.bias", queries, layer.queryBias); !ok)
        return ok;
    if (auto ok = load.vectorIfThere(prefix + "attn_k.bias", keys, layer.keyBias); !ok)
        return ok;
    if (auto ok = load.vectorIfThere(prefix + "attn_v.bias", keys, layer.valueBias); !ok)
        return ok;
    return load.matrix(prefix + "attn_output.weight", d, queries, layer.output);
}

Result<void> loadFeedForward(Loader& load, const Config& config, const std::string& prefix,
                             LayerWeights& layer)
{
    const std::size_t d = config.embeddingLength;
    const std::size_t f = config.feedForwardLength;
    if (auto ok = load.vector(prefix + "ffn_norm.weight", d, layer.feedForwardNorm); !ok)
        return ok;
    if (auto ok = load.matrix(prefix + "ffn_gate.weight", f, d, layer.gate); !ok)
        return ok;
    if (auto ok = load.matrix(prefix + "ffn_up.weight", f, d, layer.up); !ok)
        return ok;
    return load.matrix(prefix + "ffn_down.weight", d, f, layer.down);
}

Result<Weights> loadAll(Loader& load, const Config& config)
{
    Weights weights;
    const std::size_t d = config.embeddingLength;
    const auto embedding = load.check("token_embd.weight", config.vocabularySize, d);
    if (!embedding)
        return std::unexpected(embedding.error());
    weights.embeddingType = embedding->type;
    weights.embedding = embedding->data;

    const std::string output = load.has("output.weight") ? "output.weight" : "token_embd.weight";
    if (auto ok = load.matrix(output, config.vocabularySize, d, weights.output); !ok)
        return std::unexpected(ok.error());
    if (auto ok = load.vector("output_norm.weight", d, weights.outputNorm); !ok)
        return std::unexpected(ok.error());
    if (auto ok =
            load.vectorIfThere("rope_freqs.weight", config.ropeLength / 2, weights.ropeDivisors);
        !ok)
        return std::unexpected(ok.error());

    for (std::uint32_t i = 0; i < config.layers; ++i) {
        LayerWeights layer;
        const std::string prefix = "blk." + std::to_string(i) + ".";
        if (auto ok = loadAttention(load, config, prefix, layer); !ok)
            return std::unexpected(ok.error());
        if (auto ok = loadFeedForward(load, config, prefix, layer); !ok)
            return std::unexpected(ok.error());
        weights.layers.push_back(std::move(layer));
    }
    if (auto ok = load.nothingLeft(); !ok)
        return std::unexpected(ok.error());
    return weights;
}

Result<Weights> loadPacked(const GgufFile& file, const Config& config, kernels::ThreadPool& pool,
                           const PackFile& pack)
{
    if (const auto whole = pack.verify(pool); !whole)
        return std::unexpected(whole.error());
    Loader load(file, pool, &pack, nullptr);
    return loadAll(load, config);
}

} // namespace

Result<Weights> loadWeights(const GgufFile& file, const Config& config, kernels::ThreadPool& pool,
                            PackUse* packs)
{
    if (packs != nullptr && packs->from != nullptr) {
        auto weights = loadPacked(file, config, pool, *packs->from);
        packs->mapped = weights.has_value();
        if (weights || weights.error().code != Errc::BadPack)
            return weights;
        packs->refused = weights.error().detail;
    }
    std::optional<PackWriter> writer;
    if (packs != nullptr && packs->to != nullptr)
        writer.emplace(*packs->to, file.tensors().size());
    Loader load(file, pool, nullptr, writer ? &*writer : nullptr);
    auto weights = loadAll(load, config);
    if (weights && writer)
        packs->written = writer->finish();
    return weights;
}

std::size_t residentBytes(const GgufFile& file)
{
    std::size_t bytes = 0;
    for (const Tensor& tensor : file.tensors()) {
        const auto type = weightType(tensor.type);
        const bool matrix = tensor.dimensionCount > 1;
        if (!type || !matrix) {
            bytes += tensor.data.size();
            continue;
        }
        const std::size_t strips = (tensor.rows() + kernels::kStripRows - 1) / kernels::kStripRows;
        bytes += strips * kernels::stripBytes(*type, tensor.dims[0]);
    }
    return bytes;
}

} // namespace model
