// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/measured_roofs.h"
#include "inference/engine/model_at_hand.h"
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
    ThreadChoice choice;     // of them
    std::uint32_t users = 1; // sequences that generate together
    kernels::Tier tier = kernels::bestTier();
    KvChoice kv;
    bool roofs = false; // to be measured beside
};

/// What a phase showed.
struct Measured {
    std::vector<double> speeds; // tokens per second of each repetition
    std::vector<Roofs> roofs;   // before the first and after each of them, where wanted
};

/// Tokens of a run that comes before the ones that count. More would only cost time.
constexpr std::uint32_t kWarmUpTokens = 1024;

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

std::uint32_t tokensOfOne(const Plan& plan)
{
    return plan.depth + std::max(plan.prompt, plan.generate);
}

std::uint32_t pagesOf(const Plan& plan)
{
    constexpr std::uint32_t kTokens = kernels::kPageTokens;
    return plan.users * (tokensOfOne(plan) / kTokens + 1);
}

class Bench {
public:
    Bench(model::Model& model, model::KvPool& pool, const Plan& plan)
        : m_model(model)
        , m_plan(plan)
        , m_tokens(randomTokens(std::max({plan.prompt, plan.generate, plan.depth, 1U}),
                                model.config().vocabularySize))
        , m_logits(std::size_t{plan.users} * model.config().vocabularySize)
    {
        for (std::uint32_t user = 0; user < plan.users; ++user)
            m_users.emplace_back(pool);
    }

    /// Every user gets keys and values of its own, of the same tokens: only one computes them.
    model::Result<void> fillDepth()
    {
        if (m_plan.depth == 0)
            return {};
        if (auto done = read(m_users[0], m_plan.depth, false); !done)
            return done;
        constexpr std::uint32_t kTokens = kernels::kPageTokens;
        const std::uint32_t pages = m_plan.depth / kTokens;
        const auto saved = m_users[0].save(0, pages);
        if (!saved)
            return std::unexpected(saved.error());
        for (model::KvSequence& user : std::span(m_users).subspan(1)) {
            if (auto done = user.restore(*saved); !done)
                return done;
            if (auto done = read(user, m_plan.depth - pages * kTokens, false); !done)
                return done;
        }
        return {};
    }

    /// After a repetition that warms the caches up and does not count.
    model::Result<Measured> measure(model::Phase phase, std::uint32_t count)
    {
        Measured seen;
        for (std::uint32_t i = 0; i <= m_plan.repeat && count > 0; ++i) {
            for (model::KvSequence& user : m_users)
                user.truncate(m_plan.depth);
            const bool counts = i > 0;
            const std::uint32_t tokens = counts ? count : std::min(count, kWarmUpTokens);
            const auto before = std::chrono::steady_clock::now();
            const auto done =
                phase == model::Phase::Prompt ? read(m_users[0], tokens, true) : generate(tokens);
            if (!done)
                return std::unexpected(done.error());
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - before;
            const std::uint32_t users = phase == model::Phase::Prompt ? 1 : m_plan.users;
            if (counts)
                seen.speeds.push_back(users * count / seconds.count());
            if (!m_plan.roofs)
                continue;
            // The host may make the machine faster or slower within seconds: what it allowed is to
            // be known just before and just after.
            const auto roofs = measureRoofs(std::span(&m_plan.threads, 1),
                                            std::span(&m_plan.tier, 1), leastReadBytes());
            if (!roofs)
                return std::unexpected(
                    model::Error{model::Errc::OutOfMemory, roofs.error().detail});
            seen.roofs.push_back(*roofs);
        }
        return seen;
    }

private:
    model::Result<void> read(model::KvSequence& user, std::uint32_t count, bool logits)
    {
        if (count == 0)
            return {};
        const std::span<float> out(m_logits.data(), logits ? m_model.config().vocabularySize : 0);
        return m_model.read({.sequence = &user,
                             .tokens = std::span<const std::int32_t>(m_tokens).first(count),
                             .wanted = logits ? model::Logits::Last : model::Logits::None,
                             .logits = out},
                            {});
    }

    model::Result<void> generate(std::uint32_t count)
    {
        const std::size_t vocabulary = m_model.config().vocabularySize;
        std::vector<model::Part> parts(m_users.size());
        for (std::uint32_t i = 0; i < count; ++i) {
            for (std::size_t user = 0; user < m_users.size(); ++user) {
                parts[user] = {.sequence = &m_users[user],
                               .tokens = std::span<const std::int32_t>(m_tokens).subspan(i, 1),
                               .wanted = model::Logits::Last,
                               .logits =
                                   std::span(m_logits).subspan(user * vocabulary, vocabulary)};
            }
            if (auto done = m_model.generate(parts, {}); !done)
                return done;
        }
        return {};
    }

    model::Model& m_model;
    Plan m_plan;
    std::vector<std::int32_t> m_tokens;
    std::vector<float> m_logits;
    std::vector<model::KvSequence> m_users;
};

std::string jsonOf(std::span<const Roofs> roofs)
{
    std::string list;
    for (const Roofs& one : roofs)
        list += (list.empty() ? "" : ",") + jsonOf(one);
    return "[" + list + "]";
}

void print(const Plan& plan, const Measured& prefill, const Measured& decode, bool json)
{
    const auto speed = [](const Measured& seen) {
        return seen.speeds.empty() ? 0.0 : median(seen.speeds);
    };
    const std::string_view tier = kernels::nameOf(plan.tier);
    const std::string_view from = nameOf(plan.choice.from);
    const model::ThreadCounts& counts = plan.choice.counts;
    const std::string line =
        json ? std::format(
                   "{{\"prefill\":{{\"tokens\":{},\"tokens_per_second\":{:.2f},\"roofs\":{}}},"
                   "\"decode\":{{\"tokens\":{},\"tokens_per_second\":{:.2f},\"roofs\":{}}},"
                   "\"depth\":{},\"repeat\":{},\"threads\":{},\"decode_threads\":{},"
                   "\"prefill_threads\":{},\"threads_from\":\"{}\",\"kernels\":\"{}\","
                   "\"kv\":\"{}\",\"users\":{}}}\n",
                   plan.prompt, speed(prefill), jsonOf(prefill.roofs), plan.generate, speed(decode),
                   jsonOf(decode.roofs), plan.depth, plan.repeat, plan.threads, counts.decode,
                   counts.prefill, from, tier, plan.kv.name, plan.users)
             : std::format("prefill {} tokens: {:.1f} tokens/s\ndecode {} tokens: {:.1f} tokens/s\n"
                           "depth {}, median of {}, {} threads to read, {} to generate ({}), "
                           "{} kernels, {} users\n",
                           plan.prompt, speed(prefill), plan.generate, speed(decode), plan.depth,
                           plan.repeat, counts.prefill, counts.decode, from, tier, plan.users);
    std::fputs(line.c_str(), stdout);
}

int bench(const Options& options, Plan plan)
{
    auto model = ModelAtHand::open(options);
    if (!model)
        return failed(model.error().detail);
    const auto loaded = model->load({.threads = plan.threads, .tier = plan.tier}, plan.kv);
    if (!loaded)
        return failed(loaded.error().detail);
    plan.choice = model->useBestThreads(options);
    if (tokensOfOne(plan) > (*loaded)->config().contextLength) {
        return failed(std::format("{} tokens, the model's context holds {}", tokensOfOne(plan),
                                  (*loaded)->config().contextLength));
    }
    if (const auto refusal = model->tooManyPages(pagesOf(plan)))
        return failed(refusal->detail);
    const auto pool = (*loaded)->makePool(pagesOf(plan));
    if (!pool)
        return failed(pool.error().detail);

    Bench bench(**loaded, **pool, plan);
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
        {"prompt", plan.prompt, 512, 0, kMost}, {"generate", plan.generate, 64, 0, kMost},
        {"depth", plan.depth, 0, 0, kMost},     {"repeat", plan.repeat, 5, 1, 1000},
        {"users", plan.users, 1, 1, 256},       {"threads", plan.threads, allowedCores(), 1, 1024},
    };
    for (const auto& [name, out, otherwise, least, most] : wanted) {
        const auto value = read(name, otherwise, least, most);
        if (!value)
            return misused(value.error());
        out = *value;
    }
    const auto tier = wantedTier(options);
    if (!tier)
        return misused(tier.error());
    plan.tier = *tier;
    const auto kv = wantedKv(options);
    if (!kv)
        return misused(kv.error());
    plan.kv = *kv;
    plan.roofs = options.has("roofs");
    if (plan.prompt == 0 && plan.generate == 0)
        return misused("bench has nothing to measure: --prompt and --generate are both 0");
    return bench(options, plan);
}

} // namespace engine
