// SPDX-License-Identifier: Apache-2.0
#include "inference/service/storage_errors.h"

#include "inference/service/logging.h"

#include <algorithm>

namespace service {

namespace {

constexpr std::size_t kLongestReason = 64; // docs/formats/audit-log.md

} // namespace

api::Error toApi(const storage::Error& error)
{
    using storage::Errc;
    switch (error.code) {
    case Errc::WrongPassphrase:
        return api::makeError(api::Errc::WrongPassphrase, "user or passphrase is wrong");
    case Errc::NotAdmitted:
        return api::makeError(api::Errc::NotAdmitted, "a steward must admit this user first");
    case Errc::NotInitialised:
        return api::makeError(api::Errc::NotInitialised, "the service is not initialised");
    case Errc::AlreadyExists:
        return api::makeError(api::Errc::Conflict, "it exists already");
    case Errc::NotFound:
        return api::makeError(api::Errc::NotFound, "there is no such thing");
    case Errc::Invalid:
        return api::makeError(api::Errc::BadRequest, error.detail);
    default:
        logError("storage", error.detail);
        return api::makeError(api::Errc::Internal, "the storage refused");
    }
}

std::string reasonOf(const storage::Error& error, const api::Error& told)
{
    const auto inCode = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    const bool code = !error.detail.empty() && error.detail.size() <= kLongestReason &&
                      std::ranges::all_of(error.detail, inCode);
    return code ? error.detail : told.name;
}

api::Error toApi(const audit::Error& error)
{
    if (error.code == audit::Errc::Invalid || error.code == audit::Errc::TooLarge)
        return api::makeError(api::Errc::BadRequest, "the request cannot be recorded as it is");
    logError("audit", error.detail);
    return api::makeError(api::Errc::AuditUnavailable,
                          "the audit log cannot be written, so nothing is released");
}

} // namespace service
