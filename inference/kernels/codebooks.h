// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kernels {

/// What the sixteen codes of a type stand for.
/// Source: the block layouts in docs/formats/gguf.md. IQ4_NL and IQ4_XS: steps that widen towards
/// the ends. MXFP4: the 4-bit floats of the OCP Microscaling specification, doubled to be whole.
inline constexpr std::int8_t kIq4Codebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                 1,    13,   25,  38,  53,  69,  89,  113};
inline constexpr std::int8_t kMxfp4Codebook[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                   0, -1, -2, -3, -4, -6, -8, -12};

} // namespace kernels
