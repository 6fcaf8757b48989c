// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/half.h"
#include "inference/kernels/weight_type.h"

#include <cstring>
#include <random>
#include <vector>

/// Random numbers and rows of weights for the tests of the kernels.
namespace made {

enum class Bits {
    Random,
    NoneSet, // the smallest of a code, often the largest magnitude
    AllSet,  // every quantised weight and scale at its largest
    Extreme, // of a signed byte: -128
};

inline std::vector<float> floats(std::size_t count, unsigned seed, float spread = 1.0F)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<float> values(count);
    for (float& value : values)
        value = normal(random);
    return values;
}

/// Where a block keeps its half-precision factors, which must be ordinary numbers.
inline std::vector<std::size_t> factorOffsets(kernels::WeightType type)
{
    switch (type) {
    case kernels::WeightType::Q4_1:
    case kernels::WeightType::Q5_1:
    case kernels::WeightType::Q4_K:
    case kernels::WeightType::Q5_K:
        return {0, 2};
    case kernels::WeightType::Q2_K:
        return {80, 82};
    case kernels::WeightType::Q3_K:
        return {108};
    case kernels::WeightType::Q4_0:
    case kernels::WeightType::Q5_0:
    case kernels::WeightType::Q8_0:
    case kernels::WeightType::IQ4_NL:
    case kernels::WeightType::IQ4_XS:
        return {0};
    case kernels::WeightType::Q6_K:
        return {208};
    default:
        return {};
    }
}

/// The bytes of @p count weights as a file would hold them.
inline std::vector<std::byte> row(kernels::WeightType type, std::size_t count, Bits bits,
                                  unsigned seed)
{
    std::mt19937 random(seed);
    const kernels::Block block = kernels::blockOf(type);
    std::vector<std::byte> bytes(kernels::rowBytes(type, count));
    if (block.values == 1) {
        const auto values = floats(count, seed);
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint16_t small = type == kernels::WeightType::F16
                                            ? kernels::halfFromFloat(values[i])
                                            : kernels::bfloatFromFloat(values[i]);
            if (type == kernels::WeightType::F32)
                std::memcpy(bytes.data() + 4 * i, &values[i], 4);
            else
                std::memcpy(bytes.data() + 2 * i, &small, 2);
        }
        return bytes;
    }
    for (std::byte& byte : bytes) {
        byte = bits == Bits::Random    ? static_cast<std::byte>(random())
               : bits == Bits::NoneSet ? std::byte{0}
               : bits == Bits::AllSet  ? std::byte{0xFF}
                                       : std::byte{0x80};
    }
    for (std::size_t at = 0; at < bytes.size(); at += block.bytes) {
        for (const std::size_t offset : factorOffsets(type)) {
            const auto factor = static_cast<float>(random() % 1000 + 1) * 1e-4F;
            const std::uint16_t half = kernels::halfFromFloat(random() % 2 == 0 ? factor : -factor);
            std::memcpy(bytes.data() + at + offset, &half, 2);
        }
        if (type == kernels::WeightType::MXFP4) // 2^-17 .. 2^-2
            bytes[at] = static_cast<std::byte>(110 + random() % 16);
    }
    return bytes;
}

inline const std::vector<kernels::WeightType> kTypes = [] {
    std::vector<kernels::WeightType> types;
    for (std::size_t i = 0; i < kernels::kWeightTypes; ++i)
        types.push_back(static_cast<kernels::WeightType>(i));
    return types;
}();

} // namespace made
