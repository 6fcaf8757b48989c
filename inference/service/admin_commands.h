// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/client.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// What stands on cloister-admin's command line.
struct AdminCall {
    std::filesystem::path socket = "/run/cloister/cloister.sock";
    std::string as; // user whose session the command needs
    bool json = false;
    std::string admin, steward, compliance; // names of the first three people
    std::optional<int> passphraseDescriptor;
    std::vector<std::string> words; // the command and its operands
};

/// What a command prints and how the program ends: 0 done, 1 refused, 2 called wrongly.
struct AdminResult {
    int status = 0;
    std::string out;   // standard output
    std::string error; // one sentence on standard error
};

/// Asks for a secret by its name ("passphrase of it.weber"). Nothing: none can be had.
using AskSecret = std::function<std::optional<std::string>(std::string_view what)>;

/// nullopt: the words are not a call of this program.
[[nodiscard]] std::optional<AdminCall> parseAdminCall(const std::vector<std::string>& arguments);
[[nodiscard]] const char* adminUsage();
[[nodiscard]] AdminResult runAdminCall(const AdminCall& call, const AskSecret& ask);

/// One sentence for a person at a terminal.
[[nodiscard]] std::string sentenceFor(const api::Error& error);

} // namespace service
