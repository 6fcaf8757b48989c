// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/odds_table.h"

// Compiled once per kind of instructions, by odds_generic.cpp and its like. No header of the
// standard library may come in: its inline functions would be compiled with these instructions too,
// and shared with the rest of the program.
//
// Sixteen numbers at a time in every build, and no multiplication is fused with an addition, so
// every build gives the same bits.

namespace engine {
namespace {

constexpr unsigned kBlock = 16;

template <unsigned W>
struct Lanes {
    using Floats __attribute__((vector_size(W * sizeof(float)))) = float;
    using Integers __attribute__((vector_size(W * sizeof(float)))) = int;
    using Doubles __attribute__((vector_size(W * sizeof(double)))) = double;
    static constexpr unsigned kParts = kBlock / W;

    static Floats load(const float* from)
    {
        Floats lanes;
        __builtin_memcpy(&lanes, from, sizeof lanes);
        return lanes;
    }
    static void store(float* to, Floats lanes) { __builtin_memcpy(to, &lanes, sizeof lanes); }
    static Floats all(float value) { return value - Floats{}; }

    /// exp of numbers that are 0 at most: 2^n * e^r with n whole and |r| <= ln(2) / 2, the second
    /// factor by its Taylor series, whose first term left out is below 6e-9.
    static Floats exponential(Floats x)
    {
        constexpr float kLeast = -87.0F;      // 2^n stays a normal number
        constexpr float kShift = 12582912.0F; // 1.5 * 2^23: adding it rounds to a whole number
        constexpr int kShiftBits = 0x4B400000;
        constexpr float kLn2High = 0.693359375F; // 9 bits, so that its product with n is exact
        constexpr float kLn2Low = -2.12194440e-4F;
        const Integers isZero = x < kLeast;
        x = isZero ? all(kLeast) : x;
        const Floats shifted = x * 1.44269504F + kShift;
        const Floats n = shifted - kShift;
        const Floats r = x - n * kLn2High - n * kLn2Low;
        Floats sum = all(1.0F / 5040);
        sum = sum * r + 1.0F / 720;
        sum = sum * r + 1.0F / 120;
        sum = sum * r + 1.0F / 24;
        sum = sum * r + 1.0F / 6;
        sum = sum * r + 0.5F;
        sum = sum * r + 1.0F;
        sum = sum * r + 1.0F;
        const Integers power = ((Integers)shifted - kShiftBits + 127) << 23;
        return isZero ? all(0.0F) : sum * (Floats)power;
    }

    static float largestIn(const Floats (&parts)[kParts])
    {
        float largest = parts[0][0];
        for (unsigned part = 0; part < kParts; ++part)
            for (unsigned lane = 0; lane < W; ++lane)
                largest = parts[part][lane] > largest ? parts[part][lane] : largest;
        return largest;
    }

    static double total(const Doubles (&parts)[kParts])
    {
        // Halves are added to halves, as a tree.
        double lanes[kBlock];
        for (unsigned i = 0; i < kBlock; ++i)
            lanes[i] = parts[i / W][i % W];
        for (unsigned half = kBlock / 2; half > 0; half /= 2)
            for (unsigned i = 0; i < half; ++i)
                lanes[i] += lanes[i + half];
        return lanes[0];
    }
};

template <unsigned W>
struct Passes {
    using L = Lanes<W>;
    using Floats = typename L::Floats;
    using Doubles = typename L::Doubles;

    static float largest(const float* values, Count count)
    {
        Floats best[L::kParts];
        for (Floats& part : best)
            part = L::all(values[0]);
        Count i = 0;
        for (; i + kBlock <= count; i += kBlock)
            for (unsigned part = 0; part < L::kParts; ++part) {
                const Floats next = L::load(values + i + Count{part} * W);
                best[part] = next > best[part] ? next : best[part];
            }
        float largest = L::largestIn(best);
        for (; i < count; ++i)
            largest = values[i] > largest ? values[i] : largest;
        return largest;
    }

    static void raise(const float* values, Count count, float least, float* raised)
    {
        Count i = 0;
        for (; i + W <= count; i += W) {
            const Floats next = L::load(values + i);
            L::store(raised + i, next > least ? next : L::all(least));
        }
        for (; i < count; ++i)
            raised[i] = values[i] > least ? values[i] : least;
    }

    /// The largest weight.
    static float weighGroup(float* values, float best, float scale)
    {
        Floats largest = {};
        for (unsigned i = 0; i < kOddsGroup; i += W) {
            const Floats weights = L::exponential((L::load(values + i) - best) * scale);
            L::store(values + i, weights);
            largest = weights > largest ? weights : largest;
        }
        float one = largest[0];
        for (unsigned lane = 1; lane < W; ++lane)
            one = largest[lane] > one ? largest[lane] : one;
        return one;
    }

    static void weigh(float* values, Count count, float best, float scale, float* groups)
    {
        Count i = 0;
        for (; i + kOddsGroup <= count; i += kOddsGroup)
            groups[i / kOddsGroup] = weighGroup(values + i, best, scale);
        if (i == count)
            return;
        float rest[kOddsGroup];
        for (unsigned j = 0; j < kOddsGroup; ++j) // what is not there weighs nothing
            rest[j] = i + j < count ? values[i + j] : -__builtin_inff();
        groups[i / kOddsGroup] = weighGroup(rest, best, scale);
        for (unsigned j = 0; i + j < count; ++j)
            values[i + j] = rest[j];
    }

    template <bool kWeighed>
    static void addBlock(const float* values, float best, Doubles (&sums)[L::kParts])
    {
        for (unsigned part = 0; part < L::kParts; ++part) {
            const Floats next = L::load(values + Count{part} * W);
            sums[part] +=
                __builtin_convertvector(kWeighed ? next : L::exponential(next - best), Doubles);
        }
    }

    template <bool kWeighed>
    static double sum(const float* values, Count count, float best)
    {
        Doubles sums[L::kParts] = {};
        Count i = 0;
        for (; i + kBlock <= count; i += kBlock)
            addBlock<kWeighed>(values + i, best, sums);
        const float nothing = kWeighed ? 0.0F : -__builtin_inff(); // adds nothing
        float rest[kBlock];
        for (unsigned j = 0; j < kBlock; ++j)
            rest[j] = i + j < count ? values[i + j] : nothing;
        addBlock<kWeighed>(rest, best, sums);
        return L::total(sums);
    }

    static double sumOf(const float* values, Count count) { return sum<true>(values, count, 0.0F); }
    static double sumOfWeights(const float* values, Count count, float best)
    {
        return sum<false>(values, count, best);
    }

    static void drop(float* values, Count count, float least)
    {
        Count i = 0;
        for (; i + W <= count; i += W) {
            const Floats next = L::load(values + i);
            L::store(values + i, next < least ? L::all(0.0F) : next);
        }
        for (; i < count; ++i)
            values[i] = values[i] < least ? 0.0F : values[i];
    }

    static constexpr OddsTable kTable = {.largest = largest,
                                         .raise = raise,
                                         .weigh = weigh,
                                         .sumOf = sumOf,
                                         .sumOfWeights = sumOfWeights,
                                         .drop = drop};
};

} // namespace
} // namespace engine
