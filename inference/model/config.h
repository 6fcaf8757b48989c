// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <cstdint>
#include <string>

namespace model {

class GgufFile;

/// Which family of networks a file holds. One file per family says what is peculiar to it.
enum class Family { Llama, Qwen2 };

/// Which two elements of a head form the pair that a rotary position turns.
enum class RopeKind {
    Interleaved, // (2i, 2i + 1)
    HalfSplit,   // (i, i + d/2)
};

/// The numbers that shape a network, read from a file's metadata and checked against each other.
struct Config {
    Family family = Family::Llama;
    std::string architecture; // as the file names it
    std::uint32_t contextLength = 0;
    std::uint32_t embeddingLength = 0; // D
    std::uint32_t layers = 0;
    std::uint32_t feedForwardLength = 0; // F
    std::uint32_t heads = 0;             // H
    std::uint32_t keyValueHeads = 0;     // Hkv, divides H
    std::uint32_t headLength = 0;        // d, of queries, keys and values
    std::uint32_t vocabularySize = 0;    // V: rows of the embedding
    RopeKind ropeKind = RopeKind::Interleaved;
    std::uint32_t ropeLength = 0; // elements of a head that are turned, even, at most d
    float ropeBase = 10000.0F;
    float ropeScale = 1.0F; // positions are divided by it (linear scaling)
    float normEpsilon = 1e-5F;
};

/// Errors: Unsupported for another architecture or rope scaling; Missing, WrongType and BadFile
/// with the key for values that are absent, out of range or at odds with each other.
Result<Config> readConfig(const GgufFile& file);

} // namespace model
