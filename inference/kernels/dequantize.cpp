// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/weight_type.h"

#include "inference/kernels/block_codes.h"
#include "inference/kernels/codebooks.h"
#include "inference/kernels/half.h"

#include <cassert>
#include <cstring>

namespace kernels {

namespace {

std::uint16_t readU16(const std::uint8_t* bytes)
{
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

float readHalf(const std::uint8_t* bytes)
{
    return floatFromHalf(readU16(bytes));
}

void dequantizePlain(WeightType type, const std::uint8_t* row, std::span<float> out)
{
    if (type == WeightType::F32) {
        std::memcpy(out.data(), row, out.size_bytes());
        return;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint16_t bits = readU16(row + 2 * i);
        out[i] = type == WeightType::F16 ? floatFromHalf(bits) : floatFromBfloat(bits);
    }
}

// d: half, 32 int8. w = d q
void dequantizeQ8_0(const std::uint8_t* block, float* out)
{
    const float d = readHalf(block);
    for (std::size_t j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + j]));
}

// d: half, first in the block. w = d (q - zero)
void dequantizeCentered(int zero, const std::uint8_t* block, const std::uint8_t* codes, float* out)
{
    const float d = readHalf(block);
    for (std::size_t j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(codes[j] - zero);
}

// d, m: half, first in the block. w = d q + m
void dequantizeWithMinimum(const std::uint8_t* block, const std::uint8_t* codes, float* out)
{
    const float d = readHalf(block);
    const float m = readHalf(block + 2);
    for (std::size_t j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(codes[j]) + m;
}

/// A block of 256 whose groups have a scale and a minimum. w = (d sc) q - dmin m
struct MinimumGroups {
    std::size_t groupLength;
    std::size_t scaleOffset; // of d in the block; dmin follows
};
void dequantizeMinimumGroups(WeightType type, MinimumGroups layout, const std::uint8_t* block,
                             const std::uint8_t* codes, float* out)
{
    const float d = readHalf(block + layout.scaleOffset);
    const float dmin = readHalf(block + layout.scaleOffset + 2);
    for (std::size_t i = 0; i < 256; i += layout.groupLength) {
        const auto [scale, minimum] = groupScale(type, block, i / layout.groupLength);
        const float factor = d * static_cast<float>(scale);
        const float offset = dmin * static_cast<float>(minimum);
        for (std::size_t l = i; l < i + layout.groupLength; ++l)
            out[l] = factor * static_cast<float>(codes[l]) - offset;
    }
}

/// A block of 256 whose groups of 16 have a scale with a sign. w = (d sc) (q - zero)
struct CenteredGroups {
    std::size_t scaleOffset; // of d in the block
    int zero;
};
void dequantizeCenteredGroups(WeightType type, CenteredGroups layout, const std::uint8_t* block,
                              const std::uint8_t* codes, float* out)
{
    const float d = readHalf(block + layout.scaleOffset);
    for (std::size_t i = 0; i < 256; i += 16) {
        const float factor = d * static_cast<float>(signedGroupScale(type, block, i / 16));
        for (std::size_t l = i; l < i + 16; ++l)
            out[l] = factor * static_cast<float>(codes[l] - layout.zero);
    }
}

// w = d T[q]
void dequantizeCoded(float d, const std::int8_t* codebook, const std::uint8_t* codes, float* out)
{
    for (std::size_t j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(codebook[codes[j]]);
}

// d: half; eight groups of 32 with a scale. w = (d sc) T[q]
void dequantizeIQ4_XS(const std::uint8_t* block, const std::uint8_t* codes, float* out)
{
    const float d = readHalf(block);
    for (std::size_t group = 0; group < 8; ++group) {
        const auto scale = signedGroupScale(WeightType::IQ4_XS, block, group);
        dequantizeCoded(d * static_cast<float>(scale), kIq4Codebook, codes + 32 * group,
                        out + 32 * group);
    }
}

void dequantizeBlock(WeightType type, const std::uint8_t* block, float* out)
{
    if (type == WeightType::Q8_0)
        return dequantizeQ8_0(block, out);
    std::uint8_t codes[256];
    blockCodes(type, block, codes);
    switch (type) {
    case WeightType::Q4_0:
        return dequantizeCentered(8, block, codes, out);
    case WeightType::Q5_0:
        return dequantizeCentered(16, block, codes, out);
    case WeightType::Q4_1:
    case WeightType::Q5_1:
        return dequantizeWithMinimum(block, codes, out);
    case WeightType::Q2_K:
        return dequantizeMinimumGroups(type, {16, 80}, block, codes, out);
    case WeightType::Q3_K:
        return dequantizeCenteredGroups(type, {108, 4}, block, codes, out);
    case WeightType::Q4_K:
    case WeightType::Q5_K:
        return dequantizeMinimumGroups(type, {32, 0}, block, codes, out);
    case WeightType::Q6_K:
        return dequantizeCenteredGroups(type, {208, 32}, block, codes, out);
    case WeightType::IQ4_NL:
        return dequantizeCoded(readHalf(block), kIq4Codebook, codes, out);
    case WeightType::IQ4_XS:
        return dequantizeIQ4_XS(block, codes, out);
    case WeightType::MXFP4:
        return dequantizeCoded(floatFromHalvedExponent(block[0]), kMxfp4Codebook, codes, out);
    default:
        assert(false && "a type without blocks");
    }
}

} // namespace

void dequantizeRow(WeightType type, std::span<const std::byte> row, std::span<float> out)
{
    assert(row.size() == rowBytes(type, out.size()));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(row.data());
    const Block block = blockOf(type);
    if (block.values == 1)
        return dequantizePlain(type, bytes, out);
    for (std::size_t i = 0; i < out.size(); i += block.values, bytes += block.bytes)
        dequantizeBlock(type, bytes, out.data() + i);
}

} // namespace kernels
