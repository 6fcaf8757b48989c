// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/rope.h"

#include <cassert>
#include <cmath>

namespace kernels {

namespace {

/// Element i of a pair lies at i * Step.
template <std::size_t Step>
void turnPairs(const float* angles, std::size_t half, float* firsts, float* seconds)
{
    for (std::size_t i = 0; i < half; ++i) {
        const float first = firsts[i * Step];
        const float second = seconds[i * Step];
        const float cosine = angles[i];
        const float sine = angles[half + i];
        firsts[i * Step] = first * cosine - second * sine;
        seconds[i * Step] = first * sine + second * cosine;
    }
}

} // namespace

Rope::Rope(Pairs pairs, std::size_t length, float base, float scale,
           std::span<const float> divisors)
    : m_pairs(pairs)
    , m_frequencies(length / 2)
{
    assert(length % 2 == 0 && (divisors.empty() || divisors.size() == length / 2));
    for (std::size_t i = 0; i < m_frequencies.size(); ++i) {
        const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(length);
        double frequency = std::pow(static_cast<double>(base), exponent) / scale;
        if (!divisors.empty())
            frequency /= divisors[i];
        m_frequencies[i] = static_cast<float>(frequency);
    }
}

void Rope::angles(std::uint32_t position, std::span<float> out) const
{
    const std::size_t half = m_frequencies.size();
    assert(out.size() == 2 * half);
    for (std::size_t i = 0; i < half; ++i) {
        // The product in float32, as the reference implementations round it.
        const float angle = static_cast<float>(position) * m_frequencies[i];
        out[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
        out[half + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
}

void Rope::turn(std::span<const float> angles, std::span<float> head) const
{
    const std::size_t half = m_frequencies.size();
    assert(angles.size() == 2 * half && head.size() >= 2 * half);
    if (m_pairs == Pairs::Interleaved)
        turnPairs<2>(angles.data(), half, head.data(), head.data() + 1);
    else
        turnPairs<1>(angles.data(), half, head.data(), head.data() + half);
}

} // namespace kernels
