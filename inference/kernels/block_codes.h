// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/weight_type.h"

#include <cstdint>

namespace kernels {

/// What a block of a quantised type holds, taken apart: shared by dequantizeRow and packRow.
/// Layouts: docs/formats/gguf.md. A @p block is the blockOf(type).bytes of the file.

/// The whole numbers of a block as stored, before an offset is taken off or a table looked into, in
/// the order of the columns. Not for Q8_0, whose numbers are bytes with a sign.
/// Shapes: out [blockOf(type).values].
void blockCodes(WeightType type, const std::uint8_t* block, std::uint8_t* out);

/// Scale and minimum of one group of weights: of 16 in Q2_K, of 32 in Q4_K and Q5_K.
struct GroupScale {
    std::uint8_t scale;
    std::uint8_t minimum;
};
GroupScale groupScale(WeightType type, const std::uint8_t* block, std::size_t group);

/// Scale of one group of weights where it has a sign: of 16 in Q3_K and Q6_K, of 32 in
/// IQ4_XS.
std::int8_t signedGroupScale(WeightType type, const std::uint8_t* block, std::size_t group);

} // namespace kernels
