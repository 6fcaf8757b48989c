// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Names that say nothing about a person, and the times in them. Threads: pure.
namespace storage {

using Clock = std::chrono::system_clock;

/// 16 random bytes as 32 lower-case hex digits.
Result<std::string> randomId();

/// RFC 9562 UUID version 7: milliseconds since 1970, then 74 random bits.
Result<std::string> uuidV7(Clock::time_point now);
/// When @p uuid was made; nothing when it is no version 7 UUID in lower case.
std::optional<Clock::time_point> timeOfUuid(std::string_view uuid);

/// "2026-11-23T03:46:28.123Z"
std::string utcText(Clock::time_point time);
/// "2026-11", UTC
std::string monthOf(Clock::time_point time);

} // namespace storage
