// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/api/types.h"
#include "inference/evidence/prompt.h"
#include "inference/service/clock.h"
#include "inference/service/engine_client.h"
#include "inference/service/kept_charts.h"
#include "inference/service/sessions.h"
#include "inference/service/shared_records.h"

#include <expected>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// What a question is answered with. The daemon fills it once; tests put in what they like.
struct Desk {
    audit::Log& log;
    SharedRecords& records;
    EngineClient* engine = nullptr; // null: no model; look-ups are answered all the same
    const Clock& clock;
    KeptCharts* kept = nullptr; // null: none are kept
    /// Whether this user may open this patient. The default policy: every admitted user may.
    std::function<bool(const storage::User&, std::string_view patient)> mayOpen =
        [](const storage::User&, std::string_view) { return true; };
    /// Turns whose answers are being written, so that a sign-in does not take them for lost ones.
    std::function<void(const std::string& turn)> turnBegins = [](const std::string&) {};
    std::function<void(const std::string& turn)> turnEnds = [](const std::string&) {};
};

struct Question {
    Caller caller;
    std::string patient;
    api::QuestionRequest request;
    std::uint32_t place = 0; // questions that were running when this one came
    /// What a follow-up may refer to where the caller keeps the conversation; else the vault's
    /// turns.
    std::vector<evidence::EarlierTurn> earlier = {};
};

/// Hears what happens to a question, in the order of docs/formats/api.md. Threads: called from the
/// thread of answer() and, during generation, from the engine client's: one at a time; must not
/// block.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void accepted(const api::Accepted& event) = 0;
    virtual void evidence(const api::EvidenceFound& event) = 0;
    virtual void progress(const api::Progress& event) = 0;
    virtual void token(const std::string& text) = 0;
    virtual void claim(const api::Claim& event) = 0;
};

/// The product: answers one question about one patient's record. In order: audit intent, question
/// stored, accepted; record read, evidence gathered; the data's own answer, or a prompt composed,
/// generated and checked; answer stored, audit outcome; then it returns and the answer is final.
///
/// @p stop ends the generation; what was written so far is stored as cancelled, and returned.
/// Errors: AuditUnavailable (nothing was released), NotFound of the conversation, Forbidden, Locked
/// before the question was accepted; afterwards NotFound of the patient, NotAdmitted,
/// EngineUnavailable, EngineFailed, ContextTooLong, with the turn, which is stored as failed;
/// Internal when the answer could not be stored (the turn stays
/// pending and is reconciled at the next sign-in).
/// Threads: any; blocks until the answer is final.
std::expected<api::Done, api::Failed> answer(Desk& desk, const Question& question,
                                             Listener& listener, const std::stop_token& stop);

} // namespace service
