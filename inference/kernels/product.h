// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/packed_matrix.h"

#include <cstddef>
#include <functional>

namespace kernels {

/// One of several matrices that multiply the same input: out = W x.
struct Product {
    const PackedMatrix* matrix;
    float* out;            // row r at out + r * outStride
    std::size_t outStride; // at least matrix->rows()
};

/// Computes a row of the input into its place, right before the row is rounded, so that the one
/// finds in the cache what the other left. Called once for each row, from any thread of the pool.
using MakeRow = std::function<void(std::size_t row)>;

} // namespace kernels
