// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/model_hash.h"

#include <array>
#include <cstddef>
#include <cstdint>

/// The bytes of pack files: docs/formats/pack.md. Little endian, as the processors of every tier.
namespace model {

inline constexpr std::uint32_t kPackVersion = 1;
inline constexpr std::array<char, 8> kPackSealMagic = {'C', 'L', 'P', 'A', 'C', 'K', 'E', 'D'};
inline constexpr std::array<char, 8> kPackHeaderMagic = {'C', 'L', 'S', 'T', 'R', 'I', 'P', 'S'};

/// Strips begin at multiples of it, so that they share no page.
inline constexpr std::size_t kPackAlignment = 4096;
inline constexpr std::size_t kPackMostTensors = 1 << 16;

/// The first 64 bytes: whose strips these are, said by whoever has hashed the model.
struct PackSeal {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t zero;
    ModelHash model;
    std::array<std::uint32_t, 4> zeros;
};
static_assert(sizeof(PackSeal) == 64);

/// At byte 64, written when everything behind it stands.
struct PackHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t layout; // kernels::stripLayoutMark()
    std::uint32_t tier;   // 0: every tier reads the same strips
    std::uint32_t tensors;
    std::uint64_t fileBytes;
    std::array<std::uint32_t, 7> zeros;
    std::uint32_t crc; // of the 60 bytes before and the table behind
};
static_assert(sizeof(PackHeader) == 64);

/// From byte 128 on, one for each tensor.
struct PackEntry {
    std::array<char, 64> name; // ends with zeros
    std::uint32_t type;        // kernels::WeightType
    std::uint32_t sum;         // kernels::pieceSum() of the strips
    std::uint64_t rows;
    std::uint64_t columns;
    std::uint64_t offset; // of the strips, from the beginning of the file
    std::uint64_t bytes;
    std::array<std::uint64_t, 3> zeros;
};
static_assert(sizeof(PackEntry) == 128);

} // namespace model
