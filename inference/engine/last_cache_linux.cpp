// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"

#include <algorithm>
#include <unistd.h>

namespace engine {

std::size_t lastCacheBytes()
{
    const long third = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
    const long second = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
    return static_cast<std::size_t>(std::max({third, second, 0L}));
}

} // namespace engine
