// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <chrono>
#include <functional>
#include <string>

namespace service {

/// The two clocks of the daemon; tests put their own in. Threads: called from any.
struct Clock {
    std::function<std::chrono::steady_clock::time_point()> steady = [] {
        return std::chrono::steady_clock::now();
    };
    std::function<std::chrono::system_clock::time_point()> wall = [] {
        return std::chrono::system_clock::now();
    };
};

/// "2026-11-22T08:14:00Z"
[[nodiscard]] std::string utcText(std::chrono::system_clock::time_point time);
/// The day on the hospital's calendar (the machine's time zone).
[[nodiscard]] evidence::Day localDay(std::chrono::system_clock::time_point time);

} // namespace service
