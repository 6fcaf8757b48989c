// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace service {

/// The daemon's log on standard error, one line each with systemd's priority prefix ("<3>"). Never
/// patient text, prompts, names of people or of imported files: callers pass fixed words, counts,
/// hashes and the details of typed errors, which promise the same. Threads: any.
void startLogging();
void logInfo(std::string_view what, std::string_view detail = {});
void logWarning(std::string_view what, std::string_view detail = {});
void logError(std::string_view what, std::string_view detail = {});

} // namespace service
