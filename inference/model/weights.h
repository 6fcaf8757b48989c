// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/packed_matrix.h"
#include "inference/kernels/weight_type.h"
#include "inference/model/config.h"
#include "inference/model/error.h"
#include "inference/model/gguf.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace kernels {
class ThreadPool;
}

namespace model {

/// One decoder layer. D embedding, F feed-forward, H heads, Hkv key/value heads, d head length.
struct LayerWeights {
    std::vector<float> attentionNorm;   // [D]
    kernels::PackedMatrix query;        // [H d, D]
    kernels::PackedMatrix key;          // [Hkv d, D]
    kernels::PackedMatrix value;        // [Hkv d, D]
    std::vector<float> queryBias;       // [H d], or empty
    std::vector<float> keyBias;         // [Hkv d], or empty
    std::vector<float> valueBias;       // [Hkv d], or empty
    kernels::PackedMatrix output;       // [D, H d]
    std::vector<float> feedForwardNorm; // [D]
    kernels::PackedMatrix gate;         // [F, D]
    kernels::PackedMatrix up;           // [F, D]
    kernels::PackedMatrix down;         // [D, F]
};

/// The weights of a llama-like network, packed for the kernels.
struct Weights {
    kernels::WeightType embeddingType = kernels::WeightType::F32;
    std::span<const std::byte> embedding; // [V, D] in the file: only single rows are read
    std::vector<LayerWeights> layers;
    std::vector<float> outputNorm;   // [D]
    kernels::PackedMatrix output;    // [V, D]; the embedding again when the file ties them
    std::vector<float> ropeDivisors; // [rope length / 2], or empty
};

class PackFile;
class PackOutput;

/// How a load uses pack files, and what came of it.
struct PackUse {
    const PackFile* from = nullptr; // the matrices are read in place: it outlives the model
    PackOutput* to = nullptr;       // gets a pack where none was read

    // Set by the load.
    bool mapped = false;  // from was whole
    bool written = false; // to is whole but for its seal
    std::string refused;  // why from was not used; the tensors were packed again
};

/// Takes every matrix out of the pack, or packs every tensor and gives its pages in @p file back
/// before the next one. @p packs may be null.
/// Errors: Unsupported names a tensor of a type that the kernels do not know, or one that the
/// family does not have; Missing, BadFile (shape), OutOfMemory.
Result<Weights> loadWeights(const GgufFile& file, const Config& config, kernels::ThreadPool& pool,
                            PackUse* packs = nullptr);

/// Bytes that the weights of @p file take in memory: what the loaded model can't run without.
std::size_t residentBytes(const GgufFile& file);

} // namespace model
