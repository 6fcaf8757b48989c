// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/lanes_generic.h"

#include "inference/kernels/table_of_lanes.h"
#include "inference/kernels/tier_tables.h"

namespace kernels {

const KernelTable kGenericKernels = kTable;

} // namespace kernels
