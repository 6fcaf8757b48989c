// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/odds_lanes.h"

namespace engine {

const OddsTable kAvx512Odds = Passes<16>::kTable;

} // namespace engine
