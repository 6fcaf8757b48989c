// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/measured_roofs.h"

#include "inference/engine/model_verbs.h"

#include <algorithm>
#include <format>

namespace engine {
namespace {

constexpr double kGiga = 1e9;

} // namespace

std::size_t leastReadBytes()
{
    return std::max<std::size_t>(16 * lastCacheBytes(), 256U << 20);
}

kernels::Result<Roofs> measureRoofs(std::span<const unsigned> counts,
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

std::string inBillions(const std::vector<double>& values)
{
    std::string text;
    for (const double value : values)
        text += std::format("{}{:.1f}", text.empty() ? "" : ",", value / kGiga);
    return "[" + text + "]";
}

std::string jsonOf(const Roofs& roofs)
{
    std::string tiers;
    for (const TierRoof& tier : roofs.tiers) {
        tiers += std::format("{}{{\"name\":\"{}\",\"int8_gops\":{},\"bf16_gflops\":{},"
                             "\"f32_gflops\":{}}}",
                             tiers.empty() ? "" : ",", tier.name, inBillions(tier.bytes),
                             inBillions(tier.bfloats), inBillions(tier.floats));
    }
    return std::format("{{\"threads\":{},\"read_mib\":{},\"read_gb_per_s\":{},\"tiers\":[{}]}}",
                       roofs.threads, roofs.readBytes >> 20, inBillions(roofs.read), tiers);
}

} // namespace engine
