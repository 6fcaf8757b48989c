// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys and values on their way into a page (kv_layout.h), in terms of the lanes that the including
// tier file has chosen.

#include "inference/kernels/kernel_table.h"
#include "inference/kernels/strip_dot_lanes.h"

#include <cstring>

namespace kernels {
namespace {

/// Sixteen elements from @p i on; those behind @p count are zero.
inline Floats loadUpTo(const float* x, std::size_t i, std::size_t count)
{
    if (i + 16 <= count)
        return load(x + i);
    float rest[16] = {};
    for (std::size_t j = i; j < count; ++j)
        rest[j - i] = x[j];
    return load(rest);
}

/// The scale that brings @p count elements to int8, as the half it is kept as, and its inverse: 0
/// for elements too small to have one.
inline std::uint16_t int8Scale(const float* x, std::size_t count, float& inverse)
{
    Floats most = zeroFloats();
    for (std::size_t i = 0; i < count; i += 16)
        most = max(most, absolute(loadUpTo(x, i, count)));
    std::uint16_t halves[16];
    float kept[16];
    // The largest half is the end; a value that needs more is rounded to 127 of it.
    storeHalf(halves, min(broadcast(maximum(most) / 127.0F), broadcast(65504.0F)));
    store(kept, loadHalf(halves));
    inverse = kept[0] > 0 ? 1.0F / kept[0] : 0.0F;
    return halves[0];
}

inline void storeInt8(std::int8_t* to, Floats x, float inverse)
{
    // Limited, because a scale that was rounded down makes the largest element exceed 127.
    const Floats scaled = x * broadcast(inverse);
    storeSignedBytes(to, roundToInts(max(min(scaled, broadcast(127.0F)), broadcast(-127.0F))));
}

inline void storeInt8Key(std::byte* keys, std::size_t slot, const float* key, std::size_t length)
{
    auto* scales =
        reinterpret_cast<std::uint16_t*>(keys + keyScales(KeyFormat::Int8, length)) + slot;
    for (std::size_t g = 0; g < length; g += kKeyGroup) {
        const std::size_t end = g + kKeyGroup < length ? g + kKeyGroup : length;
        float inverse = 0;
        scales[g / kKeyGroup * kPageTokens] = int8Scale(key + g, end - g, inverse);
        for (std::size_t i = g; i < end; i += 16) {
            std::int8_t rounded[16];
            storeInt8(rounded, loadUpTo(key, i, end), inverse);
            for (std::size_t j = i; j < end && j < i + 16; ++j)
                std::memcpy(keys + j * kPageTokens + slot, rounded + (j - i), 1);
        }
    }
}

void storeKeyLanes(KeyFormat format, std::byte* keys, std::size_t slot, const float* key,
                   std::size_t length)
{
    if (format == KeyFormat::Int8) {
        storeInt8Key(keys, slot, key, length);
        return;
    }
    if (format == KeyFormat::Single) {
        for (std::size_t i = 0; i < length; ++i)
            reinterpret_cast<float*>(keys)[i * kPageTokens + slot] = key[i];
        return;
    }
    auto* to = reinterpret_cast<std::uint16_t*>(keys) + slot;
    for (std::size_t i = 0; i < length; i += 16) {
        std::uint16_t rounded[16];
        const Floats x = loadUpTo(key, i, length);
        if (format == KeyFormat::Half)
            storeHalf(rounded, x);
        else
            storeBfloat(rounded, x);
        for (std::size_t j = i; j < length && j < i + 16; ++j)
            to[j * kPageTokens] = rounded[j - i];
    }
}

void storeValueLanes(ValueFormat format, std::byte* values, std::size_t slot, const float* value,
                     std::size_t length)
{
    const std::size_t stride = valueStride(length);
    std::byte* row = values + slot * stride * elementBytes(format);
    float inverse = 0;
    if (format == ValueFormat::Int8) {
        const std::uint16_t scale = int8Scale(value, length, inverse);
        std::memcpy(values + valueScales(format, length) + slot * sizeof scale, &scale,
                    sizeof scale);
    }
    for (std::size_t i = 0; i < stride; i += 16) {
        const Floats x = loadUpTo(value, i, length);
        switch (format) {
        case ValueFormat::Half:
            storeHalf(reinterpret_cast<std::uint16_t*>(row) + i, x);
            break;
        case ValueFormat::Bfloat:
            storeBfloat(reinterpret_cast<std::uint16_t*>(row) + i, x);
            break;
        case ValueFormat::Int8:
            storeInt8(reinterpret_cast<std::int8_t*>(row) + i, x, inverse);
            break;
        case ValueFormat::Single:
            store(reinterpret_cast<float*>(row) + i, x);
            break;
        }
    }
}

} // namespace
} // namespace kernels
