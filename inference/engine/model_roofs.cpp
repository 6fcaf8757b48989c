// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/kernels/roofs.h"

#include <algorithm>
#include <cstdio>
#include <format>
#include <vector>

namespace engine {
namespace {

constexpr double kGiga = 1e9;

/// What one tier can do, in operations per second with 1, 2, … threads.
struct TierRoof {
    std::string_view name;
    std::vector<double> bytes, bfloats, floats;
};

struct Roofs {
    std::size_t readBytes = 0;
    std::vector<double> read; // bytes per second with 1, 2, … threads
    std::vector<TierRoof> tiers;
};

kernels::Result<Roofs> measure(unsigned threads, std::size_t readBytes)
{
    Roofs roofs{.readBytes = readBytes, .read = {}, .tiers = {}};
    for (const kernels::Tier tier : kernels::availableTiers())
        roofs.tiers.push_back({kernels::nameOf(tier), {}, {}, {}});
    for (unsigned count = 1; count <= threads; ++count) {
        kernels::ThreadPool pool(count);
        const auto read = kernels::readBandwidth(pool, readBytes);
        if (!read)
            return std::unexpected(read.error());
        roofs.read.push_back(*read);
        std::size_t at = 0;
        for (const kernels::Tier tier : kernels::availableTiers()) {
            const kernels::RoofLoops loops = kernels::roofLoopsOf(tier);
            TierRoof& roof = roofs.tiers[at++];
            roof.bytes.push_back(kernels::peakOf(pool, loops.bytes));
            roof.bfloats.push_back(kernels::peakOf(pool, loops.bfloats));
            roof.floats.push_back(kernels::peakOf(pool, loops.floats));
        }
    }
    return roofs;
}

std::string listed(const std::vector<double>& values)
{
    std::string text;
    for (const double value : values)
        text += std::format("{}{:.1f}", text.empty() ? "" : ",", value / kGiga);
    return "[" + text + "]";
}

void printJson(const Roofs& roofs)
{
    std::string tiers;
    for (const TierRoof& tier : roofs.tiers) {
        tiers += std::format("{}{{\"name\":\"{}\",\"int8_gops\":{},\"bf16_gflops\":{},"
                             "\"f32_gflops\":{}}}",
                             tiers.empty() ? "" : ",", tier.name, listed(tier.bytes),
                             listed(tier.bfloats), listed(tier.floats));
    }
    std::fputs(
        std::format("{{\"threads\":{},\"read_mib\":{},\"read_gb_per_s\":{},\"tiers\":[{}]}}\n",
                    roofs.read.size(), roofs.readBytes >> 20, listed(roofs.read), tiers)
            .c_str(),
        stdout);
}

void printText(const Roofs& roofs)
{
    std::fputs(std::format("with 1..{} threads\nread, GB/s: {} of {} MiB\n", roofs.read.size(),
                           listed(roofs.read), roofs.readBytes >> 20)
                   .c_str(),
               stdout);
    for (const TierRoof& tier : roofs.tiers) {
        std::fputs(std::format("{}: int8 {} GOPS, bfloat16 {} and float32 {} GFLOPS\n", tier.name,
                               listed(tier.bytes), listed(tier.bfloats), listed(tier.floats))
                       .c_str(),
                   stdout);
    }
}

} // namespace

int runRoofs(const Options& options)
{
    // Many times what the last cache holds, so that hardly anything is found in it.
    const std::size_t least = std::max<std::size_t>(16 * lastCacheBytes(), 256U << 20);
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    const auto mebibytes = options.number("mebibytes", least >> 20, 1, 1U << 20);
    for (const auto* number : {&threads, &mebibytes})
        if (!*number)
            return misused(number->error());
    const auto roofs = measure(static_cast<unsigned>(*threads), *mebibytes << 20);
    if (!roofs)
        return failed(roofs.error().detail);
    options.has("json") ? printJson(*roofs) : printText(*roofs);
    return 0;
}

} // namespace engine
