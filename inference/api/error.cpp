// SPDX-License-Identifier: Apache-2.0
#include "inference/api/error.h"

#include <array>
#include <utility>

namespace api {

namespace {

struct Row {
    Errc code;
    std::string_view name;
    int status;
};

constexpr std::array kRows{
    Row{Errc::BadRequest, "bad_request", 400},
    Row{Errc::UnsupportedParameter, "unsupported_parameter", 400},
    Row{Errc::ContextTooLong, "context_too_long", 400},
    Row{Errc::Unauthorized, "unauthorized", 401},
    Row{Errc::WrongPassphrase, "wrong_passphrase", 401},
    Row{Errc::Locked, "locked", 401},
    Row{Errc::Forbidden, "forbidden", 403},
    Row{Errc::NotAdmitted, "not_admitted", 403},
    Row{Errc::NotFound, "not_found", 404},
    Row{Errc::MethodNotAllowed, "method_not_allowed", 405},
    Row{Errc::Conflict, "conflict", 409},
    Row{Errc::TooLarge, "too_large", 413},
    Row{Errc::ImportRefused, "import_refused", 422},
    Row{Errc::TooManyRequests, "too_many_requests", 429},
    Row{Errc::HeadersTooLarge, "headers_too_large", 431},
    Row{Errc::Internal, "internal", 500},
    Row{Errc::AuditUnavailable, "audit_unavailable", 503},
    Row{Errc::NotInitialised, "not_initialised", 503},
    Row{Errc::EngineUnavailable, "engine_unavailable", 503},
    Row{Errc::Busy, "busy", 503},
    Row{Errc::EngineFailed, "engine_failed", 503},
    Row{Errc::ConnectFailed, "connect_failed", 0},
    Row{Errc::UntrustedPeer, "untrusted_peer", 0},
    Row{Errc::ConnectionLost, "connection_lost", 0},
    Row{Errc::Timeout, "timeout", 0},
    Row{Errc::BadResponse, "bad_response", 0},
    Row{Errc::Cancelled, "cancelled", 0},
};

const Row& rowOf(Errc code)
{
    return kRows.at(std::to_underlying(code));
}

} // namespace

std::string_view codeName(Errc code)
{
    return rowOf(code).name;
}

int httpStatus(Errc code)
{
    return rowOf(code).status;
}

Errc codeFrom(std::string_view name, int status)
{
    for (const Row& row : kRows) {
        if (row.name == name && row.status != 0)
            return row.code;
    }
    return status == 422 ? Errc::ImportRefused : Errc::Internal;
}

Error makeError(Errc code, std::string message)
{
    return {.code = code,
            .name = std::string(codeName(code)),
            .message = std::move(message),
            .counts = std::nullopt};
}

} // namespace api
