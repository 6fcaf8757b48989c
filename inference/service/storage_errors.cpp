// SPDX-License-Identifier: Apache-2.0
#include "inference/service/storage_errors.h"

#include "inference/service/logging.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace service {

namespace {

constexpr std::size_t kLongestReason = 64; // docs/formats/audit-log.md

/// What a person reads in place of a code that the log keeps.
std::string_view sentenceFor(std::string_view code)
{
    constexpr std::pair<std::string_view, std::string_view> kSentences[]{
        {"passphrase_too_short", "the passphrase is too short or too long: at least 12 characters, "
                                 "at most 1024 bytes, none of them a control character"},
        {"name_not_allowed", "a user's name has 1 to 64 bytes: letters, digits, dots, hyphens, "
                             "underscores and spaces within; it begins with a letter or digit"},
        {"name_taken", "the names must differ from each other"},
        {"code_wrong", "the one-time code is wrong or was used before"},
        {"two_shares_needed", "two different recovery shares are needed"},
        {"share_unreadable", "a recovery share cannot be read: it is not complete, or no share"},
        {"share_mistyped", "a recovery share has a typing error"},
        {"share_of_another_installation", "a recovery share belongs to another installation"},
        {"shares_do_not_fit", "the recovery shares do not belong together, or not to this user"},
        {"not_enrolled", "this user has not set a passphrase yet: enrol comes first"},
        {"role_not_admissible", "users of this role cannot be admitted"},
        {"not_a_steward", "only an admitted steward can admit to the records"}};
    for (const auto& [known, sentence] : kSentences) {
        if (known == code)
            return sentence;
    }
    return code;
}

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
        return api::makeError(api::Errc::BadRequest, std::string(sentenceFor(error.detail)));
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
