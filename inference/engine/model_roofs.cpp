// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/measured_roofs.h"
#include "inference/engine/model_verbs.h"

#include <cstdio>
#include <format>
#include <numeric>
#include <vector>

namespace engine {
namespace {

void printText(const Roofs& roofs)
{
    std::fputs(std::format("with {}{} threads\nread, GB/s: {} of {} MiB\n",
                           roofs.read.size() > 1 ? "1.." : "", roofs.threads,
                           inBillions(roofs.read), roofs.readBytes >> 20)
                   .c_str(),
               stdout);
    for (const TierRoof& tier : roofs.tiers) {
        std::fputs(std::format("{}: int8 {} GOPS, bfloat16 {} and float32 {} GFLOPS\n", tier.name,
                               inBillions(tier.bytes), inBillions(tier.bfloats),
                               inBillions(tier.floats))
                       .c_str(),
                   stdout);
    }
}

} // namespace

int runRoofs(const Options& options)
{
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    const auto mebibytes = options.number("mebibytes", leastReadBytes() >> 20, 1, 1U << 20);
    for (const auto* number : {&threads, &mebibytes})
        if (!*number)
            return misused(number->error());
    const auto tier = wantedTier(options);
    if (!tier)
        return misused(tier.error());
    std::vector<unsigned> counts(*threads);
    std::iota(counts.begin(), counts.end(), 1U);
    std::vector<kernels::Tier> tiers = kernels::availableTiers();
    if (options.has("tier")) { // a look, beside other measurements
        counts = {static_cast<unsigned>(*threads)};
        tiers = {*tier};
    }
    const auto roofs = measureRoofs(counts, tiers, *mebibytes << 20);
    if (!roofs)
        return failed(roofs.error().detail);
    if (options.has("json"))
        std::puts(jsonOf(*roofs).c_str());
    else
        printText(*roofs);
    return 0;
}

} // namespace engine
