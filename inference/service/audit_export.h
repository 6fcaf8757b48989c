// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/api/error.h"

#include <string>

namespace service {

/// The export file's bytes. It discloses who looked for whom, so it is made in memory and never
/// touches the disk. Errors: AuditUnavailable.
[[nodiscard]] api::Result<std::string> exportInMemory(const audit::Log& log,
                                                      const audit::Receipt& receipt,
                                                      const audit::Log::Unseal& unseal);

} // namespace service
