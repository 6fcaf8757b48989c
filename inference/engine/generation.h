// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/constraint.h"
#include "inference/engine/lookup.h"
#include "inference/engine/sampler.h"
#include "inference/engine/speculation.h"
#include "inference/engine/stop_matcher.h"
#include "inference/model/tokenizer.h"
#include "inference/model/unicode.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace engine {

/// What one token brought, or how the answer ended.
struct Step {
    enum class Kind {
        Token,     // one token was generated
        EndOfTurn, // the model ended its turn; no token of it is text
        StopText,  // a stop text was complete; nothing of it was given out
        MaxTokens, // as many tokens as wanted are there
    };
    Kind kind = Kind::Token;
    std::int32_t token = 0;       // of Token
    std::string text;             // of Token, and of the ends what was left: whole characters
    std::vector<Likelihood> odds; // of Token, where wanted: its own, then the most likely
};

/// One answer being written: its prompt, what was chosen so far, and how the next token is chosen.
/// It computes nothing; the scheduler brings the logits.
///
/// What it chooses depends on the request and the logits alone, whatever runs beside it.
/// Threads: one at a time.
class Generation {
public:
    struct Request {
        std::vector<std::int32_t> prompt; // not empty
        SamplerSettings sampling;
        std::uint32_t maxTokens = 0; // > 0
        std::vector<std::string> stops;
        std::optional<Constraint> constraint;
    };

    /// @p tokenizer may be null; then there is no text and only maxTokens ends the answer. It
    /// outlives the object.
    Generation(const model::Tokenizer* tokenizer, Request request);

    /// The prompt, then the answer.
    [[nodiscard]] std::span<const std::int32_t> tokens() const { return m_text.tokens(); }
    [[nodiscard]] std::uint32_t promptTokens() const { return m_promptTokens; }
    [[nodiscard]] std::uint32_t generatedTokens() const { return m_generated; }
    [[nodiscard]] bool ended() const { return m_ended; }

    /// Tokens that may be guessed: the last one that may be generated follows a token, never a
    /// guess that nobody looks past.
    [[nodiscard]] std::size_t guessable() const { return m_request.maxTokens - m_generated - 1; }
    /// What may come next, to be verified.
    [[nodiscard]] Lookup::Guess guess(std::size_t most) const;
    [[nodiscard]] double chance(const Lookup::Guess& guess) const
    {
        return m_record.chance(guess.matched);
    }
    /// Of @p guessed tokens of a guess that had @p matched so many the first @p held were right.
    void verified(std::size_t matched, std::size_t guessed, std::size_t held)
    {
        m_record.seen(matched, guessed, held);
    }

    /// The answer as it would be with further tokens.
    struct Ahead {
        std::vector<std::int32_t> answer;
        Constraint::State state;
    };
    [[nodiscard]] Ahead ahead() const;
    /// Chooses what comes after @p ahead if these are its logits, as take() would, and appends it.
    /// Shapes: logits [at most V]: of another model, perhaps one of fewer tokens.
    /// Nothing where the answer would end, or no token of the logits is allowed.
    std::optional<std::int32_t> foresee(Ahead& ahead, std::span<const float> logits);

    /// Chooses the next token, and one more for each of @p guesses that was chosen, in order.
    /// Shapes: logits [1 + guesses, V], row 0 after the last of tokens(), row i after guess i - 1;
    /// @p guesses must not lie in tokens(), which grows.
    /// The last step may be an end; it comes after the token that caused it.
    std::vector<Step> take(std::span<const float> logits, std::span<const std::int32_t> guesses);

private:
    Step choose(std::span<const float> logits);
    [[nodiscard]] Step end(Step::Kind kind);

    const model::Tokenizer* m_tokenizer;
    Request m_request;
    std::uint32_t m_promptTokens;
    Sampler m_sampler;
    StopMatcher m_stops;
    Constraint::State m_state; // of the constraint, if there is one
    Lookup m_text;
    GuessRecord m_record;
    model::Utf8Stream m_characters;
    std::uint32_t m_generated = 0;
    bool m_ended = false;
};

} // namespace engine
