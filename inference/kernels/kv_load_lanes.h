// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys and values on their way out of a page (kv_layout.h), in terms of the lanes that the
// including tier file has chosen.

#include "inference/kernels/kernel_table.h"
#include "inference/kernels/strip_dot_lanes.h"

namespace kernels {
namespace {

/// Lower than any score, yet finite: a difference of two of them is a number.
constexpr float kUnseen = -1e30F;

/// Element i of sixteen positions' keys, from position slot of the page on.
template <typename Element>
struct PlainKeys {
    const Element* keys; // [d][32]
    [[nodiscard]] Floats at(std::size_t i, std::size_t slot) const
    {
        return loadPlain(keys + i * kPageTokens + slot);
    }
};
struct Int8Keys {
    const std::byte* keys;
    const std::uint16_t* scales; // [d/32][32]
    [[nodiscard]] Floats at(std::size_t i, std::size_t slot) const
    {
        const Floats scale = loadHalf(scales + i / kKeyGroup * kPageTokens + slot);
        return toFloats(loadSignedBytes(bytesOf(keys + i * kPageTokens + slot))) * scale;
    }
};

/// Calls f with the keys of a page, whatever their format.
template <typename F>
inline void withKeys(const KvHead& head, std::size_t page, const F& f)
{
    const std::byte* keys = head.pages[page] + head.keys;
    switch (head.keyFormat) {
    case KeyFormat::Half:
        return f(PlainKeys<Half>{reinterpret_cast<const Half*>(keys)});
    case KeyFormat::Bfloat:
        return f(PlainKeys<Bfloat>{reinterpret_cast<const Bfloat*>(keys)});
    case KeyFormat::Int8:
        return f(
            Int8Keys{keys, shortsOf(bytesOf(keys + keyScales(KeyFormat::Int8, head.keyLength)))});
    case KeyFormat::Single:
        return f(PlainKeys<float>{reinterpret_cast<const float*>(keys)});
    }
}

/// Sixteen elements of one position's value, from element i on.
template <typename Element>
struct PlainValues {
    const Element* values; // [32][stride]
    std::size_t stride;
    [[nodiscard]] Floats at(std::size_t slot, std::size_t i) const
    {
        return loadPlain(values + slot * stride + i);
    }
};
struct Int8Values { // their scales are in the weights already
    const std::byte* values;
    std::size_t stride;
    [[nodiscard]] Floats at(std::size_t slot, std::size_t i) const
    {
        return toFloats(loadSignedBytes(bytesOf(values + slot * stride + i)));
    }
};

/// Calls f with the values of a page, whatever their format.
template <typename F>
inline void withValues(const KvHead& head, std::size_t page, const F& f)
{
    const std::byte* values = head.pages[page] + head.values;
    const std::size_t stride = valueStride(head.valueLength);
    switch (head.valueFormat) {
    case ValueFormat::Half:
        return f(PlainValues<Half>{reinterpret_cast<const Half*>(values), stride});
    case ValueFormat::Bfloat:
        return f(PlainValues<Bfloat>{reinterpret_cast<const Bfloat*>(values), stride});
    case ValueFormat::Int8:
        return f(Int8Values{values, stride});
    case ValueFormat::Single:
        return f(PlainValues<float>{reinterpret_cast<const float*>(values), stride});
    }
}

/// The scales of a page's values [32], or null. A position's scale is its weight's business: then
/// the bytes are summed as they are.
inline const std::uint16_t* valueScalesOf(const KvHead& head, std::size_t page)
{
    if (head.valueFormat != ValueFormat::Int8)
        return nullptr;
    return shortsOf(
        bytesOf(head.pages[page] + head.values + valueScales(ValueFormat::Int8, head.valueLength)));
}

} // namespace
} // namespace kernels
