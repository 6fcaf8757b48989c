// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/expression.h"

#include <algorithm>

namespace engine {

std::vector<CodeRange> complementOf(std::vector<CodeRange> ranges)
{
    std::ranges::sort(ranges, {}, &CodeRange::first);
    std::vector<CodeRange> rest;
    char32_t next = 0;
    for (const CodeRange& range : ranges) {
        if (range.first > next)
            rest.push_back({next, range.first - 1});
        next = std::max<char32_t>(next, range.last + 1);
    }
    if (next <= kLastCode)
        rest.push_back({next, kLastCode});
    return rest;
}

} // namespace engine
