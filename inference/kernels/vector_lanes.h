// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passes over one row: rounding to int8, normalisation, activation, sums, in terms of the lanes
// that the including tier file has chosen.

#include "inference/kernels/kernel_table.h"

#include <cmath>

namespace kernels {
namespace {

/// e^x for every lane, x limited to -87..88 so that no result is subnormal or infinite.
/// Numerics: within 2e-7 relative. 2^n e^r with |r| <= ln(2)/2, e^r by its series to r^6.
inline Floats exponential(Floats x)
{
    const Floats limited = max(min(x, broadcast(88.0F)), broadcast(-87.0F));
    const Ints n = roundToInts(limited * broadcast(1.44269504F));
    const Floats whole = toFloats(n);
    // ln 2 in two parts: the first has so few bits that whole * part is exact.
    Floats r = mulSub(whole, broadcast(0.693359375F), limited);
    r = mulSub(whole, broadcast(-2.12194440e-4F), r);
    Floats series = broadcast(1.0F / 720);
    series = mulAdd(series, r, broadcast(1.0F / 120));
    series = mulAdd(series, r, broadcast(1.0F / 24));
    series = mulAdd(series, r, broadcast(1.0F / 6));
    series = mulAdd(series, r, broadcast(0.5F));
    series = mulAdd(series, r, broadcast(1.0F));
    series = mulAdd(series, r, broadcast(1.0F));
    return series * powerOfTwo(n);
}

template <std::size_t Group>
void quantizeRow(const float* x, std::size_t count, const QuantizedRow& out)
{
    for (std::size_t g = 0; g < count / Group; ++g) {
        const float* from = x + g * Group;
        Floats most = zeroFloats();
        for (std::size_t i = 0; i < Group; i += 16)
            most = max(most, absolute(load(from + i)));
        const float largest = maximum(most);
        out.scales[g] = largest / 127.0F;
        const Floats inverse = broadcast(largest > 0 ? 127.0F / largest : 0.0F);
        for (std::size_t i = 0; i < Group; i += 16) {
            const Ints rounded = roundToInts(load(from + i) * inverse);
            storeSignedBytes(out.values + g * Group + i, rounded);
            out.sums16[(g * Group + i) / 16] = static_cast<std::int16_t>(sum(rounded));
        }
    }
    for (std::size_t i = 0; i < count / 32; ++i)
        out.sums32[i] = static_cast<std::int16_t>(out.sums16[2 * i] + out.sums16[2 * i + 1]);
}

void rmsNormRow(const float* x, const float* weight, float epsilon, std::size_t count, float* out)
{
    Floats squares = zeroFloats();
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const Floats v = load(x + i);
        squares = mulAdd(v, v, squares);
    }
    float total = sum(squares);
    for (; i < count; ++i)
        total += x[i] * x[i];

    const float scale = 1.0F / sqrtf(total / static_cast<float>(count) + epsilon);
    for (i = 0; i + 16 <= count; i += 16)
        store(out + i, load(x + i) * broadcast(scale) * load(weight + i));
    for (; i < count; ++i)
        out[i] = x[i] * scale * weight[i];
}

void swiGluRow(const float* gate, const float* up, std::size_t count, float* out)
{
    const Floats one = broadcast(1.0F);
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const Floats g = load(gate + i);
        store(out + i, g / (one + exponential(zeroFloats() - g)) * load(up + i));
    }
    for (; i < count; ++i)
        out[i] = gate[i] / (1.0F + expf(-gate[i])) * up[i];
}

void addRow(const float* from, std::size_t count, float* to)
{
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16)
        store(to + i, load(to + i) + load(from + i));
    for (; i < count; ++i)
        to[i] += from[i];
}

} // namespace
} // namespace kernels
