// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_at_hand.h"
#include "inference/engine/model_verbs.h"
#include "inference/model/model.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

namespace engine {
namespace {

/// "1,2,3". Nothing for any other text.
std::optional<std::vector<std::int32_t>> tokensOf(std::string_view text)
{
    std::vector<std::int32_t> tokens;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (;;) {
        std::int32_t token = 0;
        const auto [stop, error] = std::from_chars(at, end, token);
        if (error != std::errc())
            return std::nullopt;
        tokens.push_back(token);
        if (stop == end)
            return tokens;
        if (*stop != ',')
            return std::nullopt;
        at = stop + 1;
    }
}

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

bool append(std::FILE* file, std::span<const float> values)
{
    return std::fwrite(values.data(), sizeof(float), values.size(), file) == values.size() &&
           std::fflush(file) == 0;
}

struct Plan {
    std::vector<std::int32_t> tokens;
    std::size_t chunk = 1;
    unsigned threads = 1;
    kernels::Tier tier = kernels::bestTier();
    KvChoice kv;
    model::Phase phase = model::Phase::Prompt;
};

/// Chunk by chunk: the logits of a long text are more than one wants to hold.
int writeChunks(model::Model& model, model::KvCache& cache, const Plan& plan,
                const std::string& path)
{
    const std::size_t vocabulary = model.config().vocabularySize;
    std::unique_ptr<std::FILE, CloseFile> file;
    std::vector<float> logits(std::min(plan.chunk, plan.tokens.size()) * vocabulary);
    for (std::size_t first = 0; first < plan.tokens.size(); first += plan.chunk) {
        const std::size_t count = std::min(plan.chunk, plan.tokens.size() - first);
        const auto rows = std::span(logits).first(count * vocabulary);
        const auto done = model.forward(std::span(plan.tokens).subspan(first, count), cache,
                                        plan.phase, model::Logits::All, rows, {});
        if (!done)
            return failed(done.error().detail);
        if (!file) // not made before something is there to be written
            file.reset(std::fopen(path.c_str(), "wb"));
        if (!file || !append(file.get(), rows))
            return failed("cannot write the file named by --out");
    }
    return 0;
}

int computeAndWrite(const Options& options, const Plan& plan)
{
    auto model = ModelAtHand::open(options);
    if (!model)
        return failed(model.error().detail);
    const auto loaded = model->load(
        {.threads = plan.threads, .exact = options.has("exact"), .tier = plan.tier}, plan.kv);
    if (!loaded)
        return failed(loaded.error().detail);
    model::Model& network = **loaded;
    if (plan.tokens.size() > network.config().contextLength) {
        return failed(std::to_string(plan.tokens.size()) + " tokens, the model's context holds " +
                      std::to_string(network.config().contextLength));
    }
    if (const auto refusal = model->tooManyPages(model::pagesFor(plan.tokens.size())))
        return failed(refusal->detail);
    auto cache = network.makeCache(static_cast<std::uint32_t>(plan.tokens.size()));
    if (!cache)
        return failed(cache.error().detail);
    return writeChunks(network, *cache, plan, options.text("out"));
}

/// "prompt" unless --kind says otherwise; nothing for a word that is neither.
std::optional<model::Phase> phaseOf(const Options& options)
{
    const std::string kind = options.has("kind") ? options.text("kind") : "prompt";
    if (kind == "prompt")
        return model::Phase::Prompt;
    if (kind == "generated")
        return model::Phase::Generation;
    return std::nullopt;
}

} // namespace

int runLogits(const Options& options)
{
    auto tokens = tokensOf(options.text("tokens"));
    if (!tokens)
        return misused("--tokens wants token ids separated by commas");
    if (options.text("out").empty())
        return misused("--out is missing");
    constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();
    constexpr std::size_t kChunk = 512;
    const auto chunk = options.number("chunk", std::min(kChunk, tokens->size()), 1, kMost);
    if (!chunk)
        return misused(chunk.error());
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    if (!threads)
        return misused(threads.error());
    const auto tier = wantedTier(options);
    if (!tier)
        return misused(tier.error());
    const auto kv = wantedKv(options);
    if (!kv)
        return misused(kv.error());
    if (options.has("exact") && kv->onlyChecked)
        return misused("--exact keeps keys as float32: --keys int8 makes no sense with it");
    const auto phase = phaseOf(options);
    if (!phase)
        return misused("--kind wants prompt or generated");
    return computeAndWrite(options, {.tokens = *std::move(tokens),
                                     .chunk = *chunk,
                                     .threads = static_cast<unsigned>(*threads),
                                     .tier = *tier,
                                     .kv = *kv,
                                     .phase = *phase});
}

} // namespace engine
