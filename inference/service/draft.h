// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"
#include "inference/evidence/prompt.h"
#include "inference/service/answer.h"

#include <functional>
#include <optional>
#include <span>

namespace service {

/// How the model's part ended.
struct Draft {
    storage::AnswerState state = storage::AnswerState::Complete;
    std::optional<api::Error> failure;
};

struct DraftRequest {
    EngineClient* engine = nullptr;
    const Clock& clock;
    const api::QuestionRequest& request;
    std::span<const evidence::EarlierTurn> earlier; // of the conversation, oldest first
    std::uint32_t place = 0;
    // What the engine knows user and patient by: nobody else's questions find what is kept of this.
    std::uint64_t user = 0;
    std::uint64_t patient = 0;
    /// Called before anything is asked of the engine. May be empty.
    std::function<void(const EngineClient::Status&)> engineReady = {};
};

/// Has the model write an answer from @p evidence and checks each sentence as it ends. Fills
/// @p answer: text, claims, model, counts; where the context is too small for all the evidence, the
/// items that rank last are left out of the prompt, and the coverage line says how many. Earlier
/// turns take what room is left, newest first, and never that of the evidence.
/// The model cannot cite a number that none of the items it was given has.
/// Tells @p listener the evidence before the first word.
Draft writeDraft(const DraftRequest& request, const evidence::Evidence& evidence,
                 api::Answer& answer, Listener& listener, const std::stop_token& stop);

/// The api's error for a worker's failure.
[[nodiscard]] api::Error toApi(const wire::Failed& failure);

/// Blocks until the model is loaded, @p stop, or two minutes. Errors: EngineUnavailable; Cancelled.
[[nodiscard]] api::Result<EngineClient::Status> awaitEngine(const EngineClient* engine,
                                                            const std::stop_token& stop);

} // namespace service
