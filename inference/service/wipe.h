// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace service {

/// Overwrites a passphrase or token whose string lives on; what is freed is overwritten anyway
/// (docs/decisions/0013).
void wipe(std::string& secret);

} // namespace service
