// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/keyed_random.h"

namespace engine {
namespace {

std::uint32_t highOf(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value >> 32U);
}

std::uint32_t lowOf(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value);
}

} // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key)
{
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t even = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t odd = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {highOf(odd) ^ counter[1] ^ key[0], lowOf(odd),
                   highOf(even) ^ counter[3] ^ key[1], lowOf(even)};
        key[0] += 0x9E3779B9; // the golden ratio
        key[1] += 0xBB67AE85; // sqrt(3) - 1
    }
    return counter;
}

double uniformAt(std::uint64_t seed, std::uint64_t position)
{
    const auto words =
        philox4x32({lowOf(position), highOf(position), 0, 0}, {lowOf(seed), highOf(seed)});
    const std::uint64_t bits = std::uint64_t{words[1]} << 32U | words[0];
    constexpr double kUnit = 1.0 / 9007199254740992.0; // 2^-53: a double's own precision
    return static_cast<double>(bits >> 11U) * kUnit;
}

} // namespace engine
