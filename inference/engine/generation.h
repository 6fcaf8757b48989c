// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/constraint.h"
#include "inference/engine/sampler.h"
#include "inference/engine/stop_matcher.h"
#include "inference/model/model.h"
#include "inference/model/tokenizer.h"
#include "inference/model/unicode.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace engine {

/// Prompt tokens of one step: what must pass before another request gets its turn.
inline constexpr std::uint32_t kChunkTokens = 64;

/// How far a request has come.
struct Step {
    enum class Kind {
        Reading,   // a part of the prompt was read
        Token,     // one token was generated
        EndOfTurn, // the model ended its turn; no token of it is text
        MaxTokens, // as many tokens as wanted are there
        StopText,  // a stop text was complete; nothing of it was given out
    };
    Kind kind = Kind::Reading;
    std::int32_t token = 0;       // of Token
    std::string text;             // of Token, and of the ends what was left: whole characters
    std::vector<Likelihood> odds; // of Token, where wanted: its own, then the most likely
};

/// One answer being written: prompt, keys and values, sampler, the unfinished character.
///
/// Prompt tokens are read in chunks of kChunkTokens, generated ones singly, always in the same
/// sequence: the same request gives the same bytes, whatever runs beside it.
/// Threads: one at a time, and one generation of a model at a time.
class Generation {
public:
    struct Request {
        std::vector<std::int32_t> prompt; // not empty
        SamplerSettings sampling;
        std::uint32_t maxTokens = 0; // > 0
        std::vector<std::string> stops;
        std::optional<Constraint> constraint;
    };

    /// @p tokenizer may be null; then there is no text and only maxTokens ends the answer. All
    /// three outlive the object. Errors: ContextTooLong with the three counts when prompt and
    /// answer don't fit the context; BadToken; OutOfMemory.
    static model::Result<std::unique_ptr<Generation>>
    start(model::Model& network, const model::Tokenizer* tokenizer, Request request);

    /// Does the next step. Not to be called after an end.
    /// Errors: Cancelled when @p stop is requested meanwhile; nothing is lost by it, the step can
    /// be called again.
    model::Result<Step> step(const std::stop_token& stop);

    [[nodiscard]] std::uint32_t promptTokens() const
    {
        return static_cast<std::uint32_t>(m_request.prompt.size());
    }
    [[nodiscard]] std::uint32_t promptRead() const { return m_read; }
    [[nodiscard]] std::uint32_t generatedTokens() const { return m_generated; }
    [[nodiscard]] std::chrono::microseconds prefillTime() const { return m_prefillTime; }
    [[nodiscard]] std::chrono::microseconds decodeTime() const { return m_decodeTime; }

private:
    Generation(model::Model& network, const model::Tokenizer* tokenizer, Request request,
               model::KvCache cache);
    model::Result<Step> read(const std::stop_token& stop);
    model::Result<Step> generate(const std::stop_token& stop);
    Step take();
    std::string rest();

    model::Model& m_network;
    const model::Tokenizer* m_tokenizer;
    Request m_request;
    model::KvCache m_cache;
    Sampler m_sampler;
    model::Utf8Stream m_characters;
    StopMatcher m_stops;
    Constraint::State m_state;          // of the constraint, if there is one
    std::vector<float> m_logits;        // of the next token, once the prompt is read
    std::vector<std::int32_t> m_answer; // all generated
    std::optional<std::int32_t> m_last; // generated, not yet computed
    std::uint32_t m_read = 0;
    std::uint32_t m_generated = 0;
    std::chrono::microseconds m_prefillTime{0};
    std::chrono::microseconds m_decodeTime{0};
};

} // namespace engine
