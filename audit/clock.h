// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/entry.h"

namespace audit {

/// The clocks of this machine, as an entry keeps them.
struct Moment {
    std::uint64_t wallTime = 0;      // microseconds since 1970-01-01 UTC
    std::uint64_t monotonicTime = 0; // microseconds since boot, suspended time included
};

Moment now();

/// Tells apart the times since boot of two runs of the machine; zeros when the system has none.
Id bootId();

} // namespace audit
