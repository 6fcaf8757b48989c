// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/service/act.h"
#include "inference/service/logging.h"
#include "inference/service/present.h"
#include "inference/service/storage_errors.h"
#include "inference/service/wipe.h"

#include <algorithm>

namespace service {

namespace {

/// Recorded, then told. What was typed as a name goes in only when it is one: people type
/// passphrases into the wrong field.
Response refuseSignIn(Services& services, const Request& request, const api::SignInRequest& who,
                      const api::Error& error)
{
    audit::Event event = eventOf(request, audit::Kind::SignIn);
    if (accountNamed(services.keys, who.user))
        event.actor = who.user;
    return refuse(services, std::move(event), error);
}

/// True when this session holds the records from now on.
api::Result<bool> holdRecords(Services& services, const storage::Unlocked& unlocked)
{
    const storage::Role role = unlocked.user.role;
    if (role != storage::Role::Clinician && role != storage::Role::Steward)
        return false;
    storage::Result<storage::Secret> key = services.keys.recordsKey(unlocked);
    if (!key && key.error().code == storage::Errc::NotAdmitted)
        return false;
    if (!key)
        return std::unexpected(toApi(key.error()));
    if (const storage::Result<void> held = services.records.hold(std::move(*key)); !held)
        return std::unexpected(toApi(held.error()));
    return true;
}

api::SignIn signInAnswer(Services& services, const Sessions::Opened& opened, api::AuditState audit)
{
    return {
        .session = opened.caller.session,
        .token = opened.token,
        .user = present(opened.caller.user),
        .lease = {.heartbeatSeconds = static_cast<std::uint32_t>(api::kHeartbeat.count()),
                  .silentSeconds =
                      static_cast<std::uint32_t>(services.sessions.silentAfter().count()),
                  .idleSeconds = static_cast<std::uint32_t>(services.sessions.idleAfter().count())},
        .model = modelStatus(services.engine),
        .audit = std::move(audit),
        .synthetic = services.setting.synthetic};
}

/// The passphrase was right.
Response beginSession(Services& services, const Request& request, storage::Unlocked unlocked,
                      std::uint64_t knownCheckpoint)
{
    audit::Event event = eventOf(request, audit::Kind::SignIn);
    event.actor = unlocked.user.name;
    event.plain = {{"role", std::string(nameOf(unlocked.user.role))}};
    const audit::Result<audit::Receipt> receipt = services.log.append(event);
    if (!receipt)
        return errorResponse(toApi(receipt.error()));
    api::Result<api::AuditState> audit = auditState(services.log, knownCheckpoint);
    if (!audit)
        return errorResponse(audit.error());
    const api::Result<bool> holds = holdRecords(services, unlocked);
    if (!holds)
        return errorResponse(holds.error());

    const storage::User user = unlocked.user;
    Sessions::Opened opened = services.sessions.open(
        user, request.peer,
        std::make_shared<UserKeys>(services.keys, services.setting.vaults, std::move(unlocked)),
        *holds);
    if (user.role == storage::Role::Clinician || user.role == storage::Role::Steward)
        services.orphans.reconcile(opened.caller, *receipt, services.log, services.questions);
    if (*holds)
        services.merger.wake();
    Response response = json(api::encode(signInAnswer(services, opened, std::move(*audit))), 201);
    wipe(opened.token);
    return response;
}

audit::Kind kindOf(SessionEnd why)
{
    switch (why) {
    case SessionEnd::Lock:
        return audit::Kind::Lock;
    case SessionEnd::SignOut:
        return audit::Kind::SignOut;
    default:
        return audit::Kind::LeaseEnd;
    }
}

std::string_view nameOf(SessionEnd why)
{
    switch (why) {
    case SessionEnd::Lock:
        return "lock";
    case SessionEnd::SignOut:
        return "sign_out";
    case SessionEnd::Silent:
        return "silent";
    case SessionEnd::Idle:
        return "idle";
    case SessionEnd::Shutdown:
        return "shutdown";
    }
    return "lock";
}

} // namespace

Response signIn(Services& services, Request& request)
{
    api::Result<api::SignInRequest> who = api::decode<api::SignInRequest>(request.body);
    if (!who)
        return errorResponse(who.error());
    if (!services.keys.initialised())
        return errorResponse(
            api::makeError(api::Errc::NotInitialised, "run cloister-admin init first"));
    if (services.throttle.wait(request.peer.uid, who->user) > std::chrono::seconds(0)) {
        wipe(who->passphrase);
        return refuseSignIn(services, request, *who,
                            api::makeError(api::Errc::TooManyRequests,
                                           "too many wrong passphrases; wait a little"));
    }
    storage::Result<storage::Unlocked> unlocked = services.keys.signIn(who->user, who->passphrase);
    wipe(who->passphrase);
    if (!unlocked) {
        if (unlocked.error().code == storage::Errc::WrongPassphrase)
            services.throttle.failed(request.peer.uid, who->user);
        return refuseSignIn(services, request, *who, toApi(unlocked.error()));
    }
    services.throttle.succeeded(request.peer.uid, who->user);
    return beginSession(services, request, std::move(*unlocked), who->knownCheckpoint.value_or(0));
}

Response enrol(Services& services, Request& request)
{
    api::Result<api::EnrolRequest> who = api::decode<api::EnrolRequest>(request.body);
    if (!who)
        return errorResponse(who.error());
    if (!services.keys.initialised())
        return errorResponse(
            api::makeError(api::Errc::NotInitialised, "run cloister-admin init first"));
    audit::Event event = eventOf(request, audit::Kind::UserEnrol);
    nameAccount(event, accountNamed(services.keys, who->user));
    if (services.throttle.wait(request.peer.uid, who->user) > std::chrono::seconds(0)) {
        wipe(who->passphrase);
        wipe(who->code);
        return refuse(
            services, std::move(event),
            api::makeError(api::Errc::TooManyRequests, "too many wrong codes; wait a little"));
    }
    api::Result<Act> act = Act::begin(services, std::move(event));
    const storage::Result<void> enrolled =
        act ? services.keys.enrol(who->user, who->code, who->passphrase, act->receipt())
            : storage::Result<void>();
    wipe(who->passphrase);
    wipe(who->code);
    if (!act)
        return errorResponse(act.error());
    if (enrolled) {
        act->succeeded();
        return noContent();
    }
    // Only a guess: a passphrase that is too short, or a full disk, says nothing about the code.
    if (enrolled.error().code == storage::Errc::Invalid && enrolled.error().detail == "code_wrong")
        services.throttle.failed(request.peer.uid, who->user);
    return errorResponse(act->failed(enrolled.error()));
}

Response heartbeat(Services& services, Request& request)
{
    if (request.parameters.front() != request.caller->session)
        return errorResponse(api::makeError(api::Errc::NotFound, "not your session"));
    const api::Result<api::Heartbeat> beat = api::decode<api::Heartbeat>(request.body);
    if (!beat)
        return errorResponse(beat.error());
    if (beat->input)
        services.sessions.input(request.caller->session);
    return json(api::encode(api::HeartbeatAnswer{modelStatus(services.engine)}));
}

/// The old passphrase is asked for again: whoever finds an open session has not got it.
Response changePassphrase(Services& services, Request& request)
{
    if (request.parameters.front() != request.caller->session)
        return errorResponse(api::makeError(api::Errc::NotFound, "not your session"));
    api::Result<api::PassphraseChange> change = api::decode<api::PassphraseChange>(request.body);
    if (!change)
        return errorResponse(change.error());
    const storage::User& user = request.caller->user;
    audit::Event event = eventOf(request, audit::Kind::PassphraseChange);
    nameAccount(event, user);
    if (services.throttle.wait(request.peer.uid, user.name) > std::chrono::seconds(0)) {
        wipe(change->passphrase);
        wipe(change->newPassphrase);
        return refuse(services, std::move(event),
                      api::makeError(api::Errc::TooManyRequests,
                                     "too many wrong passphrases; wait a little"));
    }
    api::Result<Act> act = Act::begin(services, std::move(event));
    const storage::Result<void> changed =
        act ? services.keys.changePassphrase(user.name, change->passphrase, change->newPassphrase,
                                             act->receipt())
            : storage::Result<void>();
    wipe(change->passphrase);
    wipe(change->newPassphrase);
    if (!act)
        return errorResponse(act.error());
    if (!changed) {
        if (changed.error().code == storage::Errc::WrongPassphrase)
            services.throttle.failed(request.peer.uid, user.name);
        return errorResponse(act->failed(changed.error()));
    }
    services.throttle.succeeded(request.peer.uid, user.name);
    act->succeeded();
    return noContent();
}

Response endSession(Services& services, Request& request)
{
    if (request.parameters.front() != request.caller->session)
        return errorResponse(api::makeError(api::Errc::NotFound, "not your session"));
    const SessionEnd why =
        queryValue(request.query, "reason") == "lock" ? SessionEnd::Lock : SessionEnd::SignOut;
    if (const auto ended = services.sessions.end(request.caller->session, why))
        sessionEnded(services, *ended);
    return noContent();
}

void sessionEnded(Services& services, const Sessions::Ended& ended)
{
    services.questions.sessionEnded(ended.caller.session);
    if (ended.lastOfUser && services.kept != nullptr)
        services.kept->left(ended.caller.keys->engineUser());
    else if (ended.lastOfUser && services.engine != nullptr)
        services.engine->forget(ended.caller.keys->engineUser());
    services.late.add({.kind = kindOf(ended.why),
                       .reason = std::string(nameOf(ended.why)),
                       .actor = ended.caller.user.name,
                       .session = ended.caller.session,
                       .peerUid = ended.caller.peer.uid,
                       .peerPid = ended.caller.peer.pid});
}

} // namespace service
