// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/generation.h"
#include "inference/engine/prefix_cache.h"
#include "inference/engine/speculation.h"
#include "inference/model/kv_sequence.h"
#include "inference/model/model.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

/// Runs a smaller model with the same tokens ahead of the one that answers: what it would say is
/// verified by the latter in one step. Its numbers decide how fast an answer comes, never what it
/// says.
///
/// It has keys and values of its own, kept for later questions within the same bounds as the other
/// model's.
/// Threads: one at a time.
class Drafter {
public:
    /// What it holds of one answer; may not outlive the drafter.
    struct Draft {
        model::KvSequence sequence; // a beginning of the answer's tokens
        HeldRate agreement;         // of this answer's drafted tokens
    };

    /// @p pages for all drafts and for what is kept. Of tokens that the other model, whose
    /// vocabulary has @p tokens, does not have none is drafted. Runs a few, to know what they cost.
    /// Errors: as model::Model::makePool, and read and generate. @p network outlives the object.
    static model::Result<std::unique_ptr<Drafter>>
    create(model::Model& network, std::uint32_t pages, std::uint32_t tokens);

    /// With what is known of the prompt of @p answer.
    [[nodiscard]] Draft begin(Scope scope, const Generation& answer);

    /// Tokens of @p answer before its last one that @p draft has not read yet.
    static std::size_t unread(const Draft& draft, const Generation& answer);
    /// draft() reads so many unread ones itself; more must be read before.
    static constexpr std::size_t kFew = 16;
    [[nodiscard]] double readingTime(std::size_t tokens) const // expected, in microseconds
    {
        return m_readPerToken * static_cast<double>(tokens);
    }
    /// Reads on for about @p time. Errors: as model::Model::read; OutOfPages when dropping what is
    /// kept was not enough; @p draft is as before then.
    model::Result<void> read(Draft& draft, const Generation& answer, std::chrono::microseconds time,
                             const std::stop_token& stop);

    /// One answer that tokens are drafted for.
    struct Wish {
        Generation* answer = nullptr; // not ended
        Draft* draft = nullptr;       // at most kFew tokens unread
        std::vector<std::int32_t> tokens = {};
        std::vector<double> probabilities = {}; // [tokens]: by the draft model
        std::vector<double> chances = {};       // [tokens]: that it is right, given those before
        bool outOfMemory = false; // nothing was drafted, and the draft has given back what it held
    };
    /// What a further token must be worth: @ref rate tokens per microsecond are to be had without
    /// it; verifying it adds a row to the @ref rows of a step that costs what @ref costs says.
    struct Worth {
        double rate = 0.0;
        std::size_t rows = 0;
        const StepCosts& costs;
    };
    /// Fills in @p wishes, at most @p most tokens each; all answers together go through the draft
    /// model, and each stops where the next token is not expected to pay. Where there are no pages
    /// for all, the last go without. Errors: as model::Model::generate, but OutOfPages; tokens may
    /// have been drafted before.
    model::Result<void> draft(std::span<Wish> wishes, std::size_t most, const Worth& worth);

    /// Of the tokens drafted with @p probabilities and verified the first @p held were right.
    void verified(Draft& draft, std::span<const double> probabilities, std::size_t held);

    [[nodiscard]] const StepCosts& costs() const { return m_costs; }
    [[nodiscard]] std::uint32_t contextTokens() const { return m_network.config().contextLength; }
    [[nodiscard]] const model::KvPool& pool() const { return *m_pool; }
    [[nodiscard]] PrefixCache& prefixes() { return m_prefixes; }
    [[nodiscard]] const PrefixCache& prefixes() const { return m_prefixes; }

private:
    Drafter(model::Model& network, std::unique_ptr<model::KvPool> pool, std::uint32_t tokens);

    struct Path; // of one answer, while tokens are drafted
    model::Result<void> measure();
    model::Result<void> pass(std::vector<Path*>& paths);
    void makeRoom(std::vector<Path*>& paths);
    bool choose(Path& path, std::span<const float> logits);

    model::Model& m_network;
    std::unique_ptr<model::KvPool> m_pool;
    std::uint32_t m_tokens; // that both models have
    PrefixCache m_prefixes; // after the pool: holds its pages
    StepCosts m_costs;      // of a pass, and of choosing from its logits
    DraftRecord m_record;
    double m_readPerToken = 0.0; // microseconds
    std::vector<float> m_logits;
};

} // namespace engine
