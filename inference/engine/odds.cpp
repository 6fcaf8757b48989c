// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/odds.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <numeric>

namespace engine {
namespace {

// Four at a time: every x86-64 processor has these lanes, and memory is the limit anyway.
constexpr std::size_t kLanes = 4;
using Floats = float __attribute__((vector_size(16)));
using Integers = std::int32_t __attribute__((vector_size(16)));
using Doubles = double __attribute__((vector_size(32)));

Floats load(const float* from)
{
    Floats lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

Floats all(float value)
{
    return Floats{value, value, value, value};
}

/// exp of numbers that are 0 at most: 2^n * e^r with n whole and |r| <= ln(2) / 2, the second
/// factor by its Taylor series, whose first term left out is below 6e-9.
Floats exponential(Floats x)
{
    constexpr float kLeast = -87.0F;         // 2^n stays a normal number
    constexpr float kShift = 12582912.0F;    // 1.5 * 2^23: adding it rounds to a whole number
    constexpr float kLn2High = 0.693359375F; // 9 bits, so that its product with n is exact
    constexpr float kLn2Low = -2.12194440e-4F;
    const Integers isZero = x < kLeast;
    x = x < kLeast ? all(kLeast) : x;
    const Floats shifted = x * 1.44269504F + kShift;
    const Floats n = shifted - kShift;
    const Floats r = x - n * kLn2High - n * kLn2Low;
    Floats sum = all(1.0F / 5040);
    for (const float factor : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
        sum = sum * r + factor;
    const Integers exponent =
        std::bit_cast<Integers>(shifted) - std::bit_cast<std::int32_t>(kShift);
    const auto power = std::bit_cast<Floats>((exponent + 127) << 23);
    return isZero ? all(0.0F) : sum * power;
}

Doubles widened(Floats values)
{
    return __builtin_convertvector(values, Doubles);
}

/// Calls @p each with every four values, the last four filled up with @p filler.
template <typename Each>
void inFours(std::span<const float> values, float filler, Each each)
{
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes)
        each(i, load(&values[i]));
    if (i == values.size())
        return;
    std::array<float, kLanes> rest;
    rest.fill(filler);
    std::ranges::copy(values.subspan(i), rest.begin());
    each(i, load(rest.data()));
}

double total(Doubles lanes)
{
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

} // namespace

std::size_t largestOf(std::span<const float> values)
{
    assert(!values.empty());
    // Four independent maxima, for the latency of one is what a single chain would wait for.
    constexpr std::size_t kBlock = 4 * kLanes;
    std::array<Floats, 4> best;
    best.fill(all(values[0]));
    std::size_t i = 0;
    for (; i + kBlock <= values.size(); i += kBlock)
        for (std::size_t chain = 0; chain < best.size(); ++chain) {
            const Floats next = load(&values[i + chain * kLanes]);
            best[chain] = next > best[chain] ? next : best[chain];
        }
    float largest = values[0];
    for (const Floats& lanes : best)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            largest = std::max(largest, lanes[lane]);
    for (; i < values.size(); ++i)
        largest = std::max(largest, values[i]);
    return static_cast<std::size_t>(std::ranges::find(values, largest) - values.begin());
}

void weigh(std::span<float> values, float best, float scale)
{
    inFours(values, best, [&](std::size_t i, Floats four) {
        const Floats weights = exponential((four - best) * scale);
        std::memcpy(&values[i], &weights, std::min(kLanes, values.size() - i) * sizeof(float));
    });
}

double sumOfWeights(std::span<const float> values, float best)
{
    Doubles sum = {};
    inFours(values, -std::numeric_limits<float>::infinity(), // adds nothing
            [&](std::size_t, Floats four) { sum += widened(exponential(four - best)); });
    return total(sum);
}

double sumOf(std::span<const float> values)
{
    Doubles sum = {};
    inFours(values, 0.0F, [&sum](std::size_t, Floats four) { sum += widened(four); });
    return total(sum);
}

void placesOfLargest(std::span<const float> values, std::size_t count,
                     std::vector<std::uint32_t>& places)
{
    assert(count > 0 && count <= values.size());
    const auto larger = [values](std::uint32_t a, std::uint32_t b) {
        return values[a] != values[b] ? values[a] > values[b] : a < b;
    };
    // A heap with the least of the largest on top: almost every number is below it.
    places.resize(count);
    std::iota(places.begin(), places.end(), 0U);
    std::ranges::make_heap(places, larger);
    float least = values[places.front()];
    for (std::size_t i = count; i < values.size(); ++i) {
        if (values[i] <= least)
            continue;
        std::ranges::pop_heap(places, larger);
        places.back() = static_cast<std::uint32_t>(i);
        std::ranges::push_heap(places, larger);
        least = values[places.front()];
    }
    std::ranges::sort(places);
}

void keepNucleus(std::span<float> weights, double share, std::vector<std::uint32_t>& scratch)
{
    const double wanted = share * sumOf(weights);
    // Most of the sum is in a few: the rest is looked at only when they don't suffice.
    for (const float floor : {1e-2F, 1e-4F, 1e-6F, 0.0F}) {
        scratch.clear();
        double held = 0.0;
        for (std::size_t i = 0; i < weights.size(); ++i)
            if (weights[i] >= floor) {
                scratch.push_back(static_cast<std::uint32_t>(i));
                held += weights[i];
            }
        if (held >= wanted)
            break;
    }

    const auto larger = [weights](std::uint32_t a, std::uint32_t b) {
        return weights[a] != weights[b] ? weights[a] > weights[b] : a < b;
    };
    // Halves the places until one is left, the last to be kept: [0, begin) are kept, what is from
    // end on is not.
    std::size_t begin = 0;
    std::size_t end = scratch.size();
    double held = 0.0;
    while (end - begin > 1) {
        const std::size_t middle = begin + (end - begin) / 2;
        const auto at = [&scratch](std::size_t i) {
            return scratch.begin() + static_cast<std::ptrdiff_t>(i);
        };
        std::nth_element(at(begin), at(middle), at(end), larger);
        double more = 0.0;
        for (std::size_t i = begin; i < middle; ++i)
            more += weights[scratch[i]];
        if (held + more >= wanted) {
            end = middle;
        } else {
            held += more;
            begin = middle;
        }
    }
    const std::uint32_t last = scratch[begin];
    const float least = weights[last];
    for (std::size_t i = 0; i < weights.size(); ++i)
        if (weights[i] < least || (weights[i] == least && i > last))
            weights[i] = 0.0F;
}

} // namespace engine
