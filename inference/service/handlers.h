// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/exchange.h"
#include "inference/service/services.h"

#include <map>
#include <memory>
#include <stop_token>
#include <string>

/// What each route does. One function for each row of routes.h, called on a thread of the row's
/// lane after the header was checked. Each records what it is about to do before it does it.
namespace service {

/// Whether @p peer or the bearer of @p token may use @p route; the session where it needs one.
/// Errors: Unauthorized, Locked, Forbidden, NotAdmitted.
[[nodiscard]] api::Result<std::optional<Caller>>
authorise(Services& services, const Route& route, std::string_view token, const api::Peer& peer);

/// Whether @p caller may read records: from its sign-in on, or because a steward admitted it since.
[[nodiscard]] bool mayReadRecords(Services& services, const Caller& caller);

/// All routes but those of Lane::Stream.
[[nodiscard]] Response handle(Services& services, Request& request);

/// Routes of Lane::Stream, before anything waits: the place that stream() then gives back. @p stop
/// is requested when the client is gone. Errors: Busy.
[[nodiscard]] api::Result<std::shared_ptr<RunningQuestions::Entry>>
letIn(Services& services, const Request& request, std::shared_ptr<EventSink> sink,
      std::stop_source stop);

/// Answers through @p entry and returns when the answer is stored.
void stream(Services& services, Request& request,
            const std::shared_ptr<RunningQuestions::Entry>& entry);

/// After a session has ended: closes its streams and records the end, now or later.
void sessionEnded(Services& services, const Sessions::Ended& ended);

// ---- one for each route ----

Response describeService(Services& services);
Response showMetrics(Services& services);
Response listModels(Services& services);
Response signIn(Services& services, Request& request);
Response enrol(Services& services, Request& request);
Response heartbeat(Services& services, Request& request);
Response changePassphrase(Services& services, Request& request);
Response endSession(Services& services, Request& request);
Response searchPatients(Services& services, Request& request);
Response openPatient(Services& services, Request& request);
Response openDocument(Services& services, Request& request);
Response openOriginal(Services& services, Request& request);
Response listConversations(Services& services, Request& request);
Response openConversation(Services& services, Request& request);
Response searchConversations(Services& services, Request& request);
Response initialise(Services& services, Request& request);
Response showStatus(Services& services, Request& request);
Response import(Services& services, Request& request);
Response recover(Services& services, Request& request);
Response addUser(Services& services, Request& request);
Response listUsers(Services& services, Request& request);
Response admit(Services& services, Request& request);
Response showCheckpoint(Services& services, Request& request);
Response exportAudit(Services& services, Request& request);
void ask(Services& services, Request& request,
         const std::shared_ptr<RunningQuestions::Entry>& entry);
void chat(Services& services, Request& request,
          const std::shared_ptr<RunningQuestions::Entry>& entry);

// ---- what they share ----

using Fields = std::map<std::string, std::string>;

/// Records an event of this request's sender. Errors: AuditUnavailable.
[[nodiscard]] api::Result<audit::Receipt> record(Services& services, const Request& request,
                                                 audit::Kind kind, Fields committed = {},
                                                 Fields plain = {});
[[nodiscard]] audit::Event eventOf(const Request& request, audit::Kind kind);
/// Records that @p event was refused, then tells so. Where the log cannot take it, that is told.
[[nodiscard]] Response refuse(Services& services, audit::Event event, const api::Error& error);

[[nodiscard]] api::ModelStatus modelStatus(const EngineClient* engine);
/// Newest checkpoint with the proof from @p from to it.
[[nodiscard]] api::Result<api::AuditState> auditState(audit::Log& log, std::uint64_t from);

/// Seals the audit log's side table to the compliance key.
[[nodiscard]] audit::Log::Seal sealForAudit(storage::KeyStore& keys);

[[nodiscard]] Response json(std::string body, int status = 200);
[[nodiscard]] Response noContent();

/// @p text as a number; @p otherwise when it is empty. Errors: BadRequest.
[[nodiscard]] api::Result<std::uint64_t> number(std::string_view text, std::uint64_t otherwise);

} // namespace service
