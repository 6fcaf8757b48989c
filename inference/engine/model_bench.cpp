// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/kernels/tier.h"
#include "inference/model/model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <format>
#include <random>
#include <vector>

namespace engine {
namespace {

struct Plan {
    std::uint32_t prompt = 0;   // tokens of the prompt, read after depth
    std::uint32_t generate = 0; // tokens generated after depth
    std::uint32_t depth = 0;    // tokens already in the cache
    std::uint32_t repeat = 0;
    unsigned threads = 0;
};

/// Random ids do as well as words: what is computed does not depend on them.
std::vector<std::int32_t> randomTokens(std::size_t count, std::uint32_t vocabulary)
{
    std::mt19937 random(1); // the same ones in every run
    std::vector<std::int32_t> tokens(count);
    for (std::int32_t& token : tokens)
        token = static_cast<std::int32_t>(random() % vocabulary);
    return tokens;
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

class Bench {
public:
    Bench(model::Model& model, model::KvCache& cache, const Plan& plan)
        : m_model(model)
        , m_cache(cache)
        , m_plan(plan)
        , m_tokens(randomTokens(std::max({plan.prompt, plan.generate, plan.depth, 1U}),
                                model.config().vocabularySize))
        , m_logits(model.config().vocabularySize)
    {
    }

    model::Result<void> fillDepth()
    {
        if (m_plan.depth == 0)
            return {};
        return m_model.forward(std::span(m_tokens).first(m_plan.depth), m_cache,
                               model::Phase::Prompt, model::Logits::None, {}, {});
    }

    /// Tokens per second of each repetition, after one that warms the caches up.
    model::Result<std::vector<double>> measure(model::Phase phase, std::uint32_t count)
    {
        std::vector<double> speeds;
        for (std::uint32_t i = 0; i <= m_plan.repeat && count > 0; ++i) {
            m_cache.truncate(m_plan.depth);
            const auto before = std::chrono::steady_clock::now();
            if (const auto done = run(phase, count); !done)
                return std::unexpected(done.error());
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - before;
            if (i > 0)
                speeds.push_back(count / seconds.count());
        }
        return speeds;
    }

private:
    model::Result<void> run(model::Phase phase, std::uint32_t count)
    {
        const auto tokens = std::span<const std::int32_t>(m_tokens).first(count);
        if (phase == model::Phase::Prompt)
            return m_model.forward(tokens, m_cache, phase, model::Logits::Last, m_logits, {});
        for (std::uint32_t i = 0; i < count; ++i) {
            if (auto done = m_model.forward(tokens.subspan(i, 1), m_cache, phase,
                                            model::Logits::Last, m_logits, {});
                !done)
                return done;
        }
        return {};
    }

    model::Model& m_model;
    model::KvCache& m_cache;
    Plan m_plan;
    std::vector<std::int32_t> m_tokens;
    std::vector<float> m_logits;
};

void print(const Plan& plan, std::span<const double> prefill, std::span<const double> decode,
           bool json)
{
    const auto speed = [](std::span<const double> speeds) {
        return speeds.empty() ? 0.0 : median({speeds.begin(), speeds.end()});
    };
    const std::string_view tier = kernels::nameOf(kernels::bestTier());
    const std::string line =
        json ? std::format("{{\"prefill\":{{\"tokens\":{},\"tokens_per_second\":{:.2f}}},"
                           "\"decode\":{{\"tokens\":{},\"tokens_per_second\":{:.2f}}},"
                           "\"depth\":{},\"repeat\":{},\"threads\":{},\"kernels\":\"{}\"}}\n",
                           plan.prompt, speed(prefill), plan.generate, speed(decode), plan.depth,
                           plan.repeat, plan.threads, tier)
             : std::format("prefill {} tokens: {:.1f} tokens/s\ndecode {} tokens: {:.1f} tokens/s\n"
                           "depth {}, median of {}, {} threads, {} kernels\n",
                           plan.prompt, speed(prefill), plan.generate, speed(decode), plan.depth,
                           plan.repeat, plan.threads, tier);
    std::fputs(line.c_str(), stdout);
}

int bench(const Options& options, const Plan& plan)
{
    const auto file = openModelFile(options.file());
    if (!file)
        return failed(file.error().detail);
    auto loaded = model::Model::load(*file, {.threads = plan.threads});
    if (!loaded)
        return failed(loaded.error().detail);
    auto cache = (*loaded)->makeCache(plan.depth + std::max(plan.prompt, plan.generate));
    if (!cache)
        return failed(cache.error().detail);

    Bench bench(**loaded, *cache, plan);
    if (const auto filled = bench.fillDepth(); !filled)
        return failed(filled.error().detail);
    const auto prefill = bench.measure(model::Phase::Prompt, plan.prompt);
    if (!prefill)
        return failed(prefill.error().detail);
    const auto decode = bench.measure(model::Phase::Generation, plan.generate);
    if (!decode)
        return failed(decode.error().detail);
    print(plan, *prefill, *decode, options.has("json"));
    return 0;
}

} // namespace

int runBench(const Options& options)
{
    constexpr std::uint64_t kMost = 1U << 24;
    Plan plan;
    const auto read = [&](std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                          std::uint64_t most) -> std::expected<std::uint32_t, std::string> {
        const auto value = options.number(name, otherwise, least, most);
        if (!value)
            return std::unexpected(value.error());
        return static_cast<std::uint32_t>(*value);
    };
    struct {
        std::string_view name;
        std::uint32_t& out;
        std::uint64_t otherwise, least, most;
    } const wanted[] = {
        {"prompt", plan.prompt, 512, 0, kMost},
        {"generate", plan.generate, 64, 0, kMost},
        {"depth", plan.depth, 0, 0, kMost},
        {"repeat", plan.repeat, 5, 1, 1000},
        {"threads", plan.threads, allowedCores(), 1, 1024},
    };
    for (const auto& [name, out, otherwise, least, most] : wanted) {
        const auto value = read(name, otherwise, least, most);
        if (!value)
            return misused(value.error());
        out = *value;
    }
    if (plan.prompt == 0 && plan.generate == 0)
        return misused("bench has nothing to measure: --prompt and --generate are both 0");
    return bench(options, plan);
}

} // namespace engine
