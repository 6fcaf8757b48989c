// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

/// Rotary position embedding: pair i of a head turns by position * base^(-2i/length) / divisor[i].
/// Source: arXiv:2104.09864; divisors: the llama3 scaling as GGUF files carry it.
class Rope {
public:
    enum class Pairs {
        Interleaved, // (2i, 2i + 1)
        HalfSplit,   // (i, i + length/2)
    };

    /// @p length: elements of a head that turn, even. @p divisors: empty or [length/2].
    /// @p scale: positions are divided by it.
    Rope(Pairs pairs, std::size_t length, float base, float scale, std::span<const float> divisors);

    /// Cosines and sines of one position. Shapes: out [length], cosines first.
    void angles(std::uint32_t position, std::span<float> out) const;
    /// Turns one head in place with the angles of its position. Shapes: head [>= length].
    void turn(std::span<const float> angles, std::span<float> head) const;

    [[nodiscard]] std::size_t length() const { return 2 * m_frequencies.size(); }

private:
    Pairs m_pairs;
    std::vector<float> m_frequencies;
};

} // namespace kernels
