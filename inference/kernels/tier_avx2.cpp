// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/products_avx2.h"

#include "inference/kernels/table_of_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

const KernelTable kAvx2Kernels = kTable;

} // namespace kernels
