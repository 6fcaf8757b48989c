// SPDX-License-Identifier: Apache-2.0
#include "audit/clock.h"

#include <fstream>

#include <time.h>

namespace audit {

namespace {

std::uint64_t microseconds(clockid_t clock)
{
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(time.tv_nsec) / 1'000U;
}

Id readBootId()
{
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string text;
    in >> text;
    Id id{};
    std::size_t digit = 0;
    for (const char c : text) {
        const std::size_t value = std::string_view("0123456789abcdef").find(c);
        if (value == std::string_view::npos || digit == 2 * id.size())
            continue;
        id[digit / 2] = (id[digit / 2] << 4U) | static_cast<std::byte>(value);
        ++digit;
    }
    return id;
}

} // namespace

Moment now()
{
    return {microseconds(CLOCK_REALTIME), microseconds(CLOCK_BOOTTIME)};
}

Id bootId()
{
    static const Id id = readBootId(); // the same for as long as this process can live
    return id;
}

} // namespace audit
