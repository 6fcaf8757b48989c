// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/lanes_avx512.h"

#include "inference/kernels/table_of_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

const KernelTable kAvx512Kernels = kTable;

} // namespace kernels
