// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

/// How the keys and values of one head lie in a page, as the caches write them and the attention
/// kernels read them. A page holds kPageTokens positions; d elements of a key, v of a value.
///
///   keys    Half, Bfloat, Single  [d][32]: positions side by side, so that a vector holds one
///                                 element of many keys
///           Int8                  [d][32] int8, then [ceil(d/32)][32] half scales
///   values  Half, Bfloat, Single  [32][v rounded up to 16], zeros behind v
///           Int8                  [32][v rounded up to 16] int8, then [32] half scales
///
/// Included by the tier files: nothing from the standard library but types.

/// Positions of a page.
inline constexpr std::size_t kPageTokens = 32;
/// Elements of an Int8 key that share a scale: a bias of hundreds on one element of a head
/// must not coarsen the others (Qwen's layer 0).
inline constexpr std::size_t kKeyGroup = 32;

enum class KeyFormat : std::uint8_t { Half, Bfloat, Int8, Single };
enum class ValueFormat : std::uint8_t {
    Half,
    Bfloat,
    Int8, // one scale for a position and head
    Single,
};

constexpr std::size_t roundedUp(std::size_t value, std::size_t step)
{
    return (value + step - 1) / step * step;
}
/// Elements from one position's value to the next.
constexpr std::size_t valueStride(std::size_t length)
{
    return roundedUp(length, 16);
}
constexpr std::size_t elementBytes(KeyFormat format)
{
    return format == KeyFormat::Single ? 4 : format == KeyFormat::Int8 ? 1 : 2;
}
constexpr std::size_t elementBytes(ValueFormat format)
{
    return format == ValueFormat::Single ? 4 : format == ValueFormat::Int8 ? 1 : 2;
}
/// Offset of the scales in the keys or values of a page; behind everything where there are none.
constexpr std::size_t keyScales(KeyFormat format, std::size_t length)
{
    return length * kPageTokens * elementBytes(format);
}
constexpr std::size_t valueScales(ValueFormat format, std::size_t length)
{
    return valueStride(length) * kPageTokens * elementBytes(format);
}
/// Bytes of one head's keys or values in a page, whole cache lines.
constexpr std::size_t keyBytes(KeyFormat format, std::size_t length)
{
    const std::size_t scales =
        format == KeyFormat::Int8 ? (length + kKeyGroup - 1) / kKeyGroup * kPageTokens * 2 : 0;
    return roundedUp(keyScales(format, length) + scales, 64);
}
constexpr std::size_t valueBytes(ValueFormat format, std::size_t length)
{
    const std::size_t scales = format == ValueFormat::Int8 ? kPageTokens * 2 : 0;
    return roundedUp(valueScales(format, length) + scales, 64);
}

/// The keys and values of one head of a layer, over the pages of a sequence.
struct KvHead {
    const std::byte* const* pages = nullptr; // by position / kPageTokens
    std::size_t keys = 0;                    // offset of the keys in a page
    std::size_t values = 0;                  // offset of the values in a page
    std::size_t keyLength = 0;
    std::size_t valueLength = 0;
    KeyFormat keyFormat = KeyFormat::Half;
    ValueFormat valueFormat = ValueFormat::Int8;
};

} // namespace kernels
