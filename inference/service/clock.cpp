// SPDX-License-Identifier: Apache-2.0
#include "inference/service/clock.h"

#include <format>

namespace service {

std::string utcText(std::chrono::system_clock::time_point time)
{
    return std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(time));
}

} // namespace service
