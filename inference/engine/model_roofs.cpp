// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/kernels/roofs.h"

#include <algorithm>
#include <cstdio>
#include <format>
#include <numeric>
#include <span>
#include <vector>

namespace engine {
namespace {

constexpr double kGiga = 1e9;

/// What one tier can do, in operations per second.
struct TierRoof {
    std::string_view name;
    std::vector<double> bytes, bfloats, floats; // as Roofs::read
};

struct Roofs {
    std::size_t readBytes = 0;
    unsigned threads = 0;     // at most
    std::vector<double> read; // bytes per second with 1, 2, … threads, or with all of them only
    std::vector<TierRoof> tiers;
};

/// Of all @p counts of threads in turn.
kernels::Result<Roofs> measure(std::span<const unsigned> counts,
                               std::span<const kernels::Tier> tiers, std::size_t readBytes)
{
    Roofs roofs{.readBytes = readBytes, .threads = counts.back(), .read = {}, .tiers = {}};
    for (const kernels::Tier tier : tiers)
        roofs.tiers.push_back({kernels::nameOf(tier), {}, {}, {}});
    for (const unsigned count : counts) {
        kernels::ThreadPool pool(count);
        const auto read = kernels::readBandwidth(pool, readBytes);
        if (!read)
            return std::unexpected(read.error());
        roofs.read.push_back(*read);
        for (std::size_t i = 0; i < tiers.size(); ++i) {
            const kernels::RoofLoops loops = kernels::roofLoopsOf(tiers[i]);
            TierRoof& roof = roofs.tiers[i];
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
                    roofs.threads, roofs.readBytes >> 20, listed(roofs.read), tiers)
            .c_str(),
        stdout);
}

void printText(const Roofs& roofs)
{
    std::fputs(std::format("with {}{} threads\nread, GB/s: {} of {} MiB\n",
                           roofs.read.size() > 1 ? "1.." : "", roofs.threads, listed(roofs.read),
                           roofs.readBytes >> 20)
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
    const auto roofs = measure(counts, tiers, *mebibytes << 20);
    if (!roofs)
        return failed(roofs.error().detail);
    options.has("json") ? printJson(*roofs) : printText(*roofs);
    return 0;
}

} // namespace engine
