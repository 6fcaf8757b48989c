// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_at_hand.h"
#include "inference/engine/model_verbs.h"

#include <cstdio>
#include <format>

namespace engine {
namespace {

/// "0-4, 7": numbers of layers from 0 on.
std::string listOf(const LayerSet& layers)
{
    std::string list;
    for (std::size_t first = 0; first < layers.size(); ++first) {
        if (!layers[first])
            continue;
        std::size_t last = first;
        while (last + 1 < layers.size() && layers[last + 1])
            ++last;
        list += std::format("{}{}", list.empty() ? "" : ", ", first);
        if (last > first)
            list += std::format("-{}", last);
        first = last;
    }
    return list;
}

} // namespace

int runCheckKeys(const Options& options)
{
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    if (!threads)
        return misused(threads.error());
    const auto tier = wantedTier(options);
    if (!tier)
        return misused(tier.error());
    const auto kv = wantedKv(options);
    if (!kv)
        return misused(kv.error());
    auto model = ModelAtHand::open(options);
    if (!model)
        return failed(model.error().detail);
    const auto network = model->load(
        {.threads = static_cast<unsigned>(*threads), .values = kv->values, .tier = *tier});
    if (!network)
        return failed(network.error().detail);
    const auto verdict = model->checkKeys();
    if (!verdict)
        return failed(verdict.error().detail);
    const std::string line = std::format(
        "int8 keys: {} of {} layers{}{}\n"
        "{}: mean KL {:.2e} of prompt rows, {:.2e} of generated rows, same first "
        "choice {:.2f} %\n",
        verdict->allowed(), verdict->layers.size(), verdict->allowed() > 0 ? ": " : "",
        listOf(verdict->layers), verdict->allowed() > 0 ? "with these" : "with all",
        verdict->figures.prompt, verdict->figures.generated, 100 * verdict->figures.sameChoice);
    std::fputs(line.c_str(), stdout);
    return 0;
}

} // namespace engine
