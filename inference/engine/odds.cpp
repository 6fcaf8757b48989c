// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/odds.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace engine {
namespace {

const OddsTable& odds()
{
    static const OddsTable& best = *availableOdds().back();
    return best;
}

/// The places of weights that are @p floor at least, and their sum.
double gather(const Weights& weights, float floor, std::vector<std::uint32_t>& places)
{
    places.clear();
    double sum = 0.0;
    for (std::size_t group = 0; group < weights.groups.size(); ++group) {
        if (weights.groups[group] < floor)
            continue;
        const std::size_t end = std::min((group + 1) * kOddsGroup, weights.values.size());
        for (std::size_t i = group * kOddsGroup; i < end; ++i)
            if (weights.values[i] >= floor) {
                places.push_back(static_cast<std::uint32_t>(i));
                sum += weights.values[i];
            }
    }
    return sum;
}

} // namespace

std::vector<const OddsTable*> availableOdds()
{
    std::vector<const OddsTable*> tables = {&kGenericOdds};
    if (__builtin_cpu_supports("avx2"))
        tables.push_back(&kAvx2Odds);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        tables.push_back(&kAvx512Odds);
    return tables;
}

std::size_t largestOf(std::span<const float> values)
{
    assert(!values.empty());
    // By parts, so that only one is looked through for the place.
    constexpr std::size_t kPart = 1024;
    std::size_t at = 0;
    float largest = values[0];
    for (std::size_t begin = 0; begin < values.size(); begin += kPart) {
        const float inPart = odds().largest(&values[begin], std::min(kPart, values.size() - begin));
        if (inPart > largest) {
            largest = inPart;
            at = begin;
        }
    }
    return static_cast<std::size_t>(std::ranges::find(values.subspan(at), largest) -
                                    values.begin());
}

void raise(std::span<const float> values, float least, std::span<float> raised)
{
    assert(values.size() == raised.size());
    odds().raise(values.data(), values.size(), least, raised.data());
}

void weigh(Weights weights, float best, float scale)
{
    weights.groups.resize((weights.values.size() + kOddsGroup - 1) / kOddsGroup);
    odds().weigh(weights.values.data(), weights.values.size(), best, scale, weights.groups.data());
}

double sumOfWeights(std::span<const float> values, float best)
{
    return odds().sumOfWeights(values.data(), values.size(), best);
}

double sumOf(std::span<const float> values)
{
    return odds().sumOf(values.data(), values.size());
}

void dropBelow(std::span<float> weights, float least)
{
    odds().drop(weights.data(), weights.size(), least);
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

void keepNucleus(Weights all, double share, std::vector<std::uint32_t>& scratch)
{
    const std::span<float> weights = all.values;
    const double wanted = share * sumOf(weights);
    // Most of the sum is in a few: the rest is looked at only when they don't suffice.
    for (const float floor : {1e-2F, 1e-4F, 1e-6F, 0.0F})
        if (gather(all, floor, scratch) >= wanted)
            break;

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
    dropBelow(weights, least);
    for (std::size_t i = last + 1; i < weights.size(); ++i)
        if (weights[i] == least)
            weights[i] = 0.0F;
}

} // namespace engine
