// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "inference/api/error.h"
#include "storage/error.h"

namespace service {

/// What a client is told of a failure below. Details stay in the daemon's log.
[[nodiscard]] api::Error toApi(const storage::Error& error);
/// @p error as a reason in the audit log: its own code, else that of what the client is @p told.
[[nodiscard]] std::string reasonOf(const storage::Error& error, const api::Error& told);
/// AuditUnavailable: what could not be recorded does not happen. BadRequest where the request's own
/// words are what the log cannot take.
[[nodiscard]] api::Error toApi(const audit::Error& error);

} // namespace service
