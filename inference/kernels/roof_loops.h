// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernels {

/// A loop that does one kind of arithmetic on registers and nothing else.
struct RoofLoop {
    /// Multiplications and additions of one round; 0: the tier has no such instruction.
    std::uint64_t operations = 0;
    /// Multiplies @p one by itself and adds, again and again. Returns the sum of all its sums: with
    /// one = 1 that is rounds * operations / 2, which proves the number above.
    double (*run)(std::uint64_t rounds, std::int8_t one) = nullptr;
};

/// What limits a kernel of one tier: the processor's own speed at each kind of arithmetic.
struct RoofLoops {
    RoofLoop bytes;   // 8 bit times 8 bit into 32, as this tier's kernels multiply them
    RoofLoop bfloats; // bfloat16 pairs into float32
    RoofLoop floats;  // float32
    /// Reads @p words numbers, a multiple of 64, and returns their sum (modulo 2^64).
    std::uint64_t (*read)(const std::uint64_t* from, std::size_t words) = nullptr;
};

/// One tier file each, compiled with that tier's flags.
extern const RoofLoops kGenericRoofs;
extern const RoofLoops kAvx2Roofs;
extern const RoofLoops kAvx512Roofs; // without bfloats
/// Of roof_avxvnni.cpp and roof_avxvnni_evex.cpp: only bytes, the rest is AVX2's.
extern const RoofLoop kAvxVnniRoof, kAvxVnniEvexRoof;
/// Of roof_avx512bf16.cpp: only bfloats, for processors that have them.
extern const RoofLoop kBfloatRoof;

} // namespace kernels
