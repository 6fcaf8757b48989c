// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/packed_matrix.h"

#include <cstddef>

namespace kernels {

/// One of several matrices that multiply the same input: out = W x.
struct Product {
    const PackedMatrix* matrix;
    float* out;            // row r at out + r * outStride
    std::size_t outStride; // at least matrix->rows()
};

} // namespace kernels
