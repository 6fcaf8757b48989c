// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/odds_lanes.h"

namespace engine {

const OddsTable kAvx2Odds = Passes<8>::kTable;

} // namespace engine
