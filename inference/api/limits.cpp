// SPDX-License-Identifier: Apache-2.0
#include "inference/api/limits.h"

namespace api {

bool jsonDepthAllowed(std::string_view json)
{
    std::size_t depth = 0;
    bool inString = false;
    bool escaped = false;
    for (const char c : json) {
        if (inString) {
            if (escaped)
                escaped = false;
            else if (c == '\\')
                escaped = true;
            else if (c == '"')
                inString = false;
            continue;
        }
        if (c == '"')
            inString = true;
        else if (c == '{' || c == '[') {
            if (++depth > kMaxJsonDepth)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0)
            --depth;
    }
    return true;
}

} // namespace api
