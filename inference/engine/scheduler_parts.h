// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the scheduler's sources share; for nobody else.

#include "inference/engine/scheduler.h"

namespace engine {

/// While somebody's prompt is read, nobody's guesses make a step's answers take more than this part
/// of the gap: the rest, 63 % of the machine, is the prompt's.
inline constexpr double kMostWriting = 0.37;
/// On a machine too slow for the gap a prompt gets so many times what the answers usually take:
/// half the machine.
inline constexpr double kLeastReading = 1.0;

/// A request until its end.
struct Scheduler::Running {
    Running(const model::Tokenizer* tokenizer, Work work, std::uint64_t number)
        : id(work.id)
        , scope(work.scope)
        , sharedTokens(work.sharedTokens)
        , stop(std::move(work.stop))
        , generation(tokenizer, std::move(work.request))
        , arrival(number)
    {
    }

    RequestId id;
    Scope scope;
    std::uint32_t sharedTokens;
    std::stop_token stop;
    Generation generation;
    std::optional<model::KvSequence> sequence; // while it runs
    std::optional<Drafter::Draft> draft;       // while it runs, once it could be of use
    bool withoutDraft = false;                 // the draft model failed, or had no memory for it
    Account account;
    std::uint64_t arrival;
    std::uint32_t place = 0; // told last
    bool keep = true;        // the prompt's keys and values, for the user's next question

    [[nodiscard]] std::uint32_t promptTokens() const { return generation.promptTokens(); }
    /// A part of the prompt is still to be read.
    [[nodiscard]] bool reads() const { return sequence->length() < promptTokens(); }
    /// Chosen, not yet computed: the last one, and all of them after the request was put back.
    [[nodiscard]] std::span<const std::int32_t> pending() const
    {
        return generation.tokens().subspan(sequence->length());
    }
};

/// Tokens that may come next in one answer.
struct Scheduler::Guess {
    std::vector<std::int32_t> tokens = {};
    std::vector<double> chances = {};       // [tokens]: that it is right, given those before it
    std::size_t matched = 0;                // of Lookup::Guess
    std::vector<double> probabilities = {}; // [tokens] if they were drafted: see Drafter::Wish
};

/// What a writing step computes of one request.
struct Scheduler::Row {
    Running* request;
    std::vector<std::int32_t> tokens; // pending ones, then guesses
    Guess guess = {};
    bool catchesUp = true; // all pending ones are among them: the next token can be chosen
};

} // namespace engine
