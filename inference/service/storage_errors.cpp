// SPDX-License-Identifier: Apache-2.0
#include "inference/service/storage_errors.h"

#include "inference/service/logging.h"

namespace service {

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

api::Error toApi(const audit::Error& error)
{
    if (error.code == audit::Errc::Invalid || error.code == audit::Errc::TooLarge)
        return api::makeError(api::Errc::BadRequest, "the request cannot be recorded as it is");
    logError("audit", error.detail);
    return api::makeError(api::Errc::AuditUnavailable,
                          "the audit log cannot be written, so nothing is released");
}

} // namespace service
