// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kernel_table.h"

#include <string_view>
#include <vector>

namespace kernels {

/// Which instructions a build of the kernels uses; one program holds all of them.
enum class Tier {
    Generic, // any x86-64
    Avx2,    // AVX2, FMA, F16C
    AvxVnni, // and products of bytes, in registers of 256 bits
    Avx512,  // AVX512 F, BW, DQ, VL, VNNI
};

/// The best tier of this processor (its cpuid; nothing is read from files).
Tier bestTier();
/// Every tier that this processor can run, Generic first.
std::vector<Tier> availableTiers();
std::string_view nameOf(Tier tier);

/// Whether products of bytes in 256 bits have the encoding of processors without AVX512.
bool hasVexVnni();

/// Whether the processor multiplies bfloat16 at more than the speed of float32.
bool hasBfloatProducts();
/// Whether it multiplies whole tiles of bfloat16 (AMX), which oneDNN knows how to use.
bool hasTileProducts();

/// The kernels of a tier that availableTiers() names.
const KernelTable& kernelsOf(Tier tier);
/// Attention of a prompt's rows: products of bfloat16 where the tier and the processor have them
/// and @p exact is false, of float32 otherwise.
Flash flashOf(Tier tier, bool exact);
/// Products of a prompt's rows with F32, F16 and BF16, chosen likewise; in float32 all types.
const PlainKernels& plainOf(Tier tier, bool exact);

} // namespace kernels
