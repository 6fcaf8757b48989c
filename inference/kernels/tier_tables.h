// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kernel_table.h"

namespace kernels {

extern const KernelTable kGenericKernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvxVnniKernels;
extern const KernelTable kAvxVnniEvexKernels;
extern const KernelTable kAvx512Kernels;

/// Avx512 with products of bfloat16.
extern const Flash kBfloatFlash;
extern const PlainKernels kBfloatPlain; // of F32, F16 and BF16

} // namespace kernels
