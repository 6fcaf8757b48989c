// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/odds_lanes.h"

namespace engine {

const OddsTable kGenericOdds = Passes<4>::kTable;

} // namespace engine
