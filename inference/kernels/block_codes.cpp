// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/block_codes.h"

#include <cassert>

namespace kernels {

namespace {

/// @p count bytes: the low halves are the first codes, the high halves those that follow.
void nibbleCodes(const std::uint8_t* bytes, std::size_t count, std::uint8_t* out)
{
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = bytes[i] & 15;
        out[count + i] = bytes[i] >> 4;
    }
}

/// The fifth bits of 32 codes in 4 bytes, lowest first; then 16 bytes of nibbles.
void fiveBitCodes(const std::uint8_t* bytes, std::uint8_t* out)
{
    nibbleCodes(bytes + 4, 16, out);
    for (std::size_t i = 0; i < 32; ++i)
        out[i] |= static_cast<std::uint8_t>((bytes[i / 8] >> i % 8 & 1) << 4);
}

/// 128 bytes of nibbles, 32 for each pair of groups of 32.
void pairedNibbleCodes(const std::uint8_t* bytes, std::uint8_t* out)
{
    for (std::size_t pair = 0; pair < 4; ++pair)
        nibbleCodes(bytes + 32 * pair, 32, out + 64 * pair);
}

/// 64 bytes of two-bit fields: the first fields of 32 bytes are 32 codes, then the second ones.
void twoBitCodes(const std::uint8_t* bytes, std::uint8_t* out)
{
    for (std::size_t i = 0; i < 256; ++i)
        out[i] = bytes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

/// 32 bytes with one bit of every code, in planes of 32: plane p in bit p. Added as bit @p to.
void addBitPlanes(const std::uint8_t* planes, unsigned to, std::uint8_t* out)
{
    for (std::size_t i = 0; i < 256; ++i)
        out[i] |= static_cast<std::uint8_t>((planes[i % 32] >> i / 32 & 1) << to);
}

/// 128 bytes with the lower four bits, 64 with the upper two, each in two halves.
void q6kCodes(const std::uint8_t* block, std::uint8_t* out)
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

/// Eight scales and eight minima of 6 bits in 12 bytes: the lower six bits of the first eight bytes
/// are those of groups 0..3, what is left of them the upper two bits of groups 4..7.
GroupScale sixBitScale(const std::uint8_t* scales, std::size_t group)
{
    if (group < 4) {
        return {static_cast<std::uint8_t>(scales[group] & 63),
                static_cast<std::uint8_t>(scales[group + 4] & 63)};
    }
    const std::uint8_t low = scales[group + 4];
    return {static_cast<std::uint8_t>((low & 15) | ((scales[group - 4] >> 6) << 4)),
            static_cast<std::uint8_t>((low >> 4) | ((scales[group] >> 6) << 4))};
}

/// Sixteen scales of 6 bits in 12 bytes, 32 higher than they are: the lower four bits in the halves
/// of the first eight bytes, the upper two in the fields of the last four.
std::int8_t q3kScale(const std::uint8_t* scales, std::size_t group)
{
    const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
    const int high = scales[8 + group % 4] >> (group / 4 * 2) & 3;
    return static_cast<std::int8_t>((low | high << 4) - 32);
}

/// Eight scales of 6 bits, 32 higher than they are: a short with the upper two bits of each, then
/// four bytes with the lower four.
std::int8_t iq4xsScale(const std::uint8_t* scales, std::size_t group)
{
    const int low = scales[2 + group / 2] >> (group % 2 * 4) & 15;
    const int high = scales[group / 4] >> (group % 4 * 2) & 3;
    return static_cast<std::int8_t>((low | high << 4) - 32);
}

} // namespace

void blockCodes(WeightType type, const std::uint8_t* block, std::uint8_t* out)
{
    switch (type) {
    case WeightType::Q4_0:
        return nibbleCodes(block + 2, 16, out);
    case WeightType::Q4_1:
        return nibbleCodes(block + 4, 16, out);
    case WeightType::Q5_0:
        return fiveBitCodes(block + 2, out);
    case WeightType::Q5_1:
        return fiveBitCodes(block + 4, out);
    case WeightType::Q2_K:
        return twoBitCodes(block + 16, out);
    case WeightType::Q3_K: // the third bit is 4, and 4 is taken off
        twoBitCodes(block + 32, out);
        return addBitPlanes(block, 2, out);
    case WeightType::Q4_K:
        return pairedNibbleCodes(block + 16, out);
    case WeightType::Q5_K:
        pairedNibbleCodes(block + 48, out);
        return addBitPlanes(block + 16, 4, out);
    case WeightType::Q6_K:
        return q6kCodes(block, out);
    case WeightType::IQ4_NL:
        return nibbleCodes(block + 2, 16, out);
    case WeightType::IQ4_XS:
        for (std::size_t group = 0; group < 8; ++group)
            nibbleCodes(block + 8 + 16 * group, 16, out + 32 * group);
        return;
    case WeightType::MXFP4:
        return nibbleCodes(block + 1, 16, out);
    case WeightType::F32:
    case WeightType::F16:
    case WeightType::BF16:
    case WeightType::Q8_0:
        assert(false && "a type without codes");
    }
}

GroupScale groupScale(WeightType type, const std::uint8_t* block, std::size_t group)
{
    if (type == WeightType::Q2_K) {
        return {static_cast<std::uint8_t>(block[group] & 15),
                static_cast<std::uint8_t>(block[group] >> 4)};
    }
    assert(type == WeightType::Q4_K || type == WeightType::Q5_K);
    return sixBitScale(block + 4, group);
}

std::int8_t signedGroupScale(WeightType type, const std::uint8_t* block, std::size_t group)
{
    if (type == WeightType::Q3_K)
        return q3kScale(block + 96, group);
    if (type == WeightType::IQ4_XS)
        return iq4xsScale(block + 2, group);
    assert(type == WeightType::Q6_K);
    return static_cast<std::int8_t>(block[192 + group]);
}

} // namespace kernels
