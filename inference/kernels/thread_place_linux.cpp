// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/thread_place.h"

#include <sched.h>
#include <unistd.h>

namespace kernels {

ThreadNumber numberOfThisThread()
{
    return ::gettid();
}

std::vector<unsigned> processorsOfThisThread()
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<unsigned> processors;
    // It fails on machines of more than 1,024 processors.
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return processors;
    for (unsigned processor = 0; processor < CPU_SETSIZE; ++processor)
        if (CPU_ISSET(processor, &allowed))
            processors.push_back(processor);
    return processors;
}

bool bindThread(ThreadNumber thread, std::span<const unsigned> processors)
{
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    for (const unsigned processor : processors)
        if (processor < CPU_SETSIZE)
            CPU_SET(processor, &wanted);
    return ::sched_setaffinity(thread, sizeof wanted, &wanted) == 0;
}

} // namespace kernels
