// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/weight_type.h"

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

// d, m: half; 16 bytes, low nibbles are weights 0..15, high nibbles 16..31. w = d q + m
void dequantizeQ4_1(const std::uint8_t* block, float* out)
{
    const float d = readHalf(block);
    const float m = readHalf(block + 2);
    for (std::size_t j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(block[4 + j] & 15) + m;
        out[j + 16] = d * static_cast<float>(block[4 + j] >> 4) + m;
    }
}

// d: half; 32 int8. w = d q
void dequantizeQ8_0(const std::uint8_t* block, float* out)
{
    const float d = readHalf(block);
    for (std::size_t j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + j]));
}

// d, dmin: half; 12 bytes with eight 6-bit scales and minima; 128 bytes of nibbles, 32 bytes for
// each pair of groups. w = d sc q - dmin m
void dequantizeQ4_K(const std::uint8_t* block, float* out)
{
    const float d = readHalf(block);
    const float dmin = readHalf(block + 2);
    for (std::size_t group = 0; group < 8; ++group) {
        const auto [scale, minimum] = q4kScale(block + 4, group);
        const float factor = d * static_cast<float>(scale);
        const float offset = dmin * static_cast<float>(minimum);
        const std::uint8_t* quants = block + 16 + group / 2 * 32;
        for (std::size_t l = 0; l < 32; ++l) {
            const int q = group % 2 == 0 ? quants[l] & 15 : quants[l] >> 4;
            out[group * 32 + l] = factor * static_cast<float>(q) - offset;
        }
    }
}

// 256 6-bit weights, 16 int8 scales, d: half. w = d sc (q - 32)
void dequantizeQ6_K(const std::uint8_t* block, float* out)
{
    std::uint8_t quants[256];
    q6kQuants(block, quants);
    const float d = readHalf(block + 208);
    for (std::size_t i = 0; i < 256; ++i) {
        const auto scale = static_cast<std::int8_t>(block[192 + i / 16]);
        out[i] = d * static_cast<float>(scale) * static_cast<float>(quants[i] - 32);
    }
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

} // namespace

GroupScale q4kScale(const std::uint8_t* scales, std::size_t group)
{
    if (group < 4) {
        return {static_cast<std::uint8_t>(scales[group] & 63),
                static_cast<std::uint8_t>(scales[group + 4] & 63)};
    }
    const std::uint8_t low = scales[group + 4];
    return {static_cast<std::uint8_t>((low & 15) | ((scales[group - 4] >> 6) << 4)),
            static_cast<std::uint8_t>((low >> 4) | ((scales[group] >> 6) << 4))};
}

void q6kQuants(const std::uint8_t* block, std::uint8_t* out)
{
    for (std::size_t half = 0; half < 2; ++half) {
        const std::uint8_t* low = block + half * 64;
        const std::uint8_t* high = block + 128 + half * 32;
        std::uint8_t* to = out + half * 128;
        for (std::size_t l = 0; l < 32; ++l) {
            to[l] = static_cast<std::uint8_t>((low[l] & 15) | ((high[l] & 3) << 4));
            to[l + 32] = static_cast<std::uint8_t>((low[l + 32] & 15) | ((high[l] >> 2 & 3) << 4));
            to[l + 64] = static_cast<std::uint8_t>((low[l] >> 4) | ((high[l] >> 4 & 3) << 4));
            to[l + 96] = static_cast<std::uint8_t>((low[l + 32] >> 4) | ((high[l] >> 6) << 4));
        }
    }
}

Block blockOf(WeightType type)
{
    switch (type) {
    case WeightType::F32:
        return {1, 4};
    case WeightType::F16:
    case WeightType::BF16:
        return {1, 2};
    case WeightType::Q4_1:
        return {32, 20};
    case WeightType::Q8_0:
        return {32, 34};
    case WeightType::Q4_K:
        return {256, 144};
    case WeightType::Q6_K:
        return {256, 210};
    }
    return {1, 0};
}

std::string_view nameOf(WeightType type)
{
    constexpr std::string_view kNames[kWeightTypes] = {"F32",  "F16",  "BF16", "Q4_1",
                                                       "Q8_0", "Q4_K", "Q6_K"};
    return kNames[static_cast<std::size_t>(type)];
}

std::size_t rowBytes(WeightType type, std::size_t columns)
{
    const Block block = blockOf(type);
    return columns % block.values == 0 ? columns / block.values * block.bytes : 0;
}

ActivationGroup activationGroup(WeightType type)
{
    switch (type) {
    case WeightType::Q4_1:
    case WeightType::Q8_0:
        return ActivationGroup::Of32;
    case WeightType::Q4_K:
    case WeightType::Q6_K:
        return ActivationGroup::Of256;
    default:
        return ActivationGroup::None;
    }
}

void dequantizeRow(WeightType type, std::span<const std::byte> row, std::span<float> out)
{
    assert(row.size() == rowBytes(type, out.size()));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(row.data());
    const Block block = blockOf(type);
    if (block.values == 1) {
        dequantizePlain(type, bytes, out);
        return;
    }
    for (std::size_t i = 0; i < out.size(); i += block.values, bytes += block.bytes) {
        switch (type) {
        case WeightType::Q4_1:
            dequantizeQ4_1(bytes, out.data() + i);
            break;
        case WeightType::Q8_0:
            dequantizeQ8_0(bytes, out.data() + i);
            break;
        case WeightType::Q4_K:
            dequantizeQ4_K(bytes, out.data() + i);
            break;
        default:
            dequantizeQ6_K(bytes, out.data() + i);
            break;
        }
    }
}

} // namespace kernels
