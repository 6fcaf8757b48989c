// SPDX-License-Identifier: Apache-2.0
#include "inference/service/clock.h"

#include <ctime>

namespace service {

evidence::Day localDay(std::chrono::system_clock::time_point time)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm local{};
    localtime_r(&seconds, &local);
    return {.year = local.tm_year + 1900, .month = local.tm_mon + 1, .day = local.tm_mday};
}

} // namespace service
