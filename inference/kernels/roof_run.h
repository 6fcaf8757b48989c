// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// Included by the tier files, each of which compiles it with its own flags: nothing from the
// standard library but types.
namespace kernels {
namespace {

/// RoofLoop::run() of @p kSums sums side by side, so many that nobody waits for the instruction's
/// result: @p step adds products of @p factor to one of them. Lane: what a vector holds.
template <std::size_t kSums, typename Lane, typename Vector, typename Step>
double runSums(std::uint64_t rounds, Vector factor, Step step)
{
    Vector sums[kSums] = {};
    for (Vector& sum : sums)
        asm volatile("" : "+v"(sum)); // else equal sums become one
    for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16 // the sums are to stay in registers
        for (Vector& sum : sums)
            sum = step(sum, factor);
    }
    double total = 0;
    for (const Vector& sum : sums) {
        Lane lanes[sizeof(Vector) / sizeof(Lane)];
        __builtin_memcpy(lanes, &sum, sizeof sum);
        for (const Lane lane : lanes)
            total += static_cast<double>(lane);
    }
    return total;
}

/// @p factor as if it were made anew: a product that does not depend on the sum would be computed
/// once, before the loop.
template <typename Vector>
Vector anew(Vector factor)
{
    asm volatile("" : "+v"(factor));
    return factor;
}

} // namespace
} // namespace kernels
