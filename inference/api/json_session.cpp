// SPDX-License-Identifier: Apache-2.0
#include "inference/api/json.h"
#include "inference/api/json_fields.h"
#include "inference/api/types.h"

namespace api {

void fields(auto& f, Of<ServiceInfo> auto& v)
{
    f("version", v.version);
    f("initialised", v.initialised);
    f("synthetic", v.synthetic);
    f("auditKey", v.auditKey);
    f("protection", v.protection);
}

void fields(auto& f, Of<ModelStatus> auto& v)
{
    f("state", v.state);
    f("name", v.name);
    f("architecture", v.architecture);
    f("weights", v.weights);
    f("sha256", v.sha256);
    f("contextTokens", v.contextTokens);
    f("draft", v.draft);
}

void fields(auto& f, Of<UserInfo> auto& v)
{
    f("id", v.id);
    f("name", v.name);
    f("role", v.role);
    f("enrolled", v.enrolled);
    f("admitted", v.admitted);
}

void fields(auto& f, Of<Lease> auto& v)
{
    f("heartbeatSeconds", v.heartbeatSeconds);
    f("silentSeconds", v.silentSeconds);
    f("idleSeconds", v.idleSeconds);
}

void fields(auto& f, Of<AuditState> auto& v)
{
    f("checkpoint", v.checkpoint);
    f("key", v.key);
    f.bytes("consistency", v.consistency);
}

void fields(auto& f, Of<SignInRequest> auto& v)
{
    f("user", v.user);
    f("passphrase", v.passphrase);
    f("knownCheckpoint", v.knownCheckpoint);
}

void fields(auto& f, Of<SignIn> auto& v)
{
    f("session", v.session);
    f("token", v.token);
    f("user", v.user);
    f("lease", v.lease);
    f("model", v.model);
    f("audit", v.audit);
    f("synthetic", v.synthetic);
}

void fields(auto& f, Of<EnrolRequest> auto& v)
{
    f("user", v.user);
    f("code", v.code);
    f("passphrase", v.passphrase);
}

void fields(auto& f, Of<PassphraseChange> auto& v)
{
    f("passphrase", v.passphrase);
    f("newPassphrase", v.newPassphrase);
}

void fields(auto& f, Of<Heartbeat> auto& v)
{
    f("input", v.input);
}

void fields(auto& f, Of<HeartbeatAnswer> auto& v)
{
    f("model", v.model);
}

void fields(auto& f, Of<Account> auto& v)
{
    f("name", v.name);
    f("passphrase", v.passphrase);
}

void fields(auto& f, Of<InitRequest> auto& v)
{
    f("admin", v.admin);
    f("steward", v.steward);
    f("compliance", v.compliance);
}

void fields(auto& f, Of<InitAnswer> auto& v)
{
    f("recoveryShares", v.recoveryShares);
}

void fields(auto& f, Of<Refusal> auto& v)
{
    f("ticket", v.ticket);
    f("reason", v.reason);
    f("when", v.when);
}

void fields(auto& f, Of<ServiceStatus> auto& v)
{
    f("initialised", v.initialised);
    f("users", v.users);
    f.group("inbox", [&v](auto& inbox) {
        inbox("waiting", v.waiting);
        inbox("merged", v.merged);
        inbox("refused", v.refused);
    });
    f("model", v.model);
    f.group("audit", [&v](auto& audit) {
        audit("entries", v.auditEntries);
        audit("writable", v.auditWritable);
        audit("lost", v.auditLost);
    });
    f("protection", v.protection);
    f("lockedOut", v.lockedOut);
    f("mdwe", v.mdwe);
    f("patients", v.patients);
}

void fields(auto& f, Of<ImportReceipt> auto& v)
{
    f("ticket", v.ticket);
    f("resources", v.resources);
    f("warnings", v.warnings);
}

void fields(auto& f, Of<RecoverRequest> auto& v)
{
    f("user", v.user);
    f("shares", v.shares);
    f("passphrase", v.passphrase);
}

void fields(auto& f, Of<NewUserRequest> auto& v)
{
    f("name", v.name);
    f("role", v.role);
}

void fields(auto& f, Of<NewUser> auto& v)
{
    f("id", v.id);
    f("code", v.code);
}

void fields(auto& f, Of<UserList> auto& v)
{
    f("users", v.users);
}

void fields(auto& f, Of<Counts> auto& v)
{
    f("prompt", v.prompt);
    f("answer", v.answer);
    f("context", v.context);
}

void fields(auto& f, Of<Error> auto& v)
{
    f("code", v.name);
    f("message", v.message);
    if constexpr (std::same_as<std::remove_cvref_t<decltype(f)>, Writer>) {
        if (v.counts)
            f("counts", *v.counts);
    } else {
        f("counts", v.counts);
    }
}

struct ErrorBody {
    Error error;
};

void fields(auto& f, Of<ErrorBody> auto& v)
{
    f("error", v.error);
}

void fields(auto& f, Of<Failed> auto& v)
{
    f("error", v.error);
    f("turn", v.turn);
}

std::string encodeError(const Error& error)
{
    return encode(ErrorBody{error});
}

Error decodeError(std::string_view json, int status)
{
    Result<ErrorBody> body = decode<ErrorBody>(json);
    if (!body || body->error.name.empty())
        return makeError(Errc::BadResponse, "the service answered with an error of unknown form");
    body->error.code = codeFrom(body->error.name, status);
    return std::move(body->error);
}

template <>
Result<Failed> decode(std::string_view json)
{
    const Result<nlohmann::json> parsed = parseJson(json);
    if (!parsed)
        return std::unexpected(parsed.error());
    Failed failed;
    if (!Reader::fromJson(*parsed, failed))
        return std::unexpected(makeError(Errc::BadRequest, "wrong type of field"));
    failed.error.code = codeFrom(failed.error.name, 0);
    return failed;
}

template std::string encode(const ServiceInfo&);
template std::string encode(const SignInRequest&);
template std::string encode(const SignIn&);
template std::string encode(const EnrolRequest&);
template std::string encode(const PassphraseChange&);
template std::string encode(const Heartbeat&);
template std::string encode(const HeartbeatAnswer&);
template std::string encode(const AuditState&);
template std::string encode(const InitRequest&);
template std::string encode(const InitAnswer&);
template std::string encode(const ServiceStatus&);
template std::string encode(const ImportReceipt&);
template std::string encode(const RecoverRequest&);
template std::string encode(const NewUserRequest&);
template std::string encode(const NewUser&);
template std::string encode(const UserList&);
template std::string encode(const Failed&);

template Result<ServiceInfo> decode(std::string_view);
template Result<SignInRequest> decode(std::string_view);
template Result<SignIn> decode(std::string_view);
template Result<EnrolRequest> decode(std::string_view);
template Result<PassphraseChange> decode(std::string_view);
template Result<Heartbeat> decode(std::string_view);
template Result<HeartbeatAnswer> decode(std::string_view);
template Result<AuditState> decode(std::string_view);
template Result<InitRequest> decode(std::string_view);
template Result<InitAnswer> decode(std::string_view);
template Result<ServiceStatus> decode(std::string_view);
template Result<ImportReceipt> decode(std::string_view);
template Result<RecoverRequest> decode(std::string_view);
template Result<NewUserRequest> decode(std::string_view);
template Result<NewUser> decode(std::string_view);
template Result<UserList> decode(std::string_view);

} // namespace api
