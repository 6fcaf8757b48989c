// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace process {

enum class Sandbox { Engine, Importer };

struct ProbeResult {
    std::string_view action;
    bool denied = false;
};

/// Tries actions that the sandbox must deny, harmlessly: most with arguments that make the kernel
/// answer with another error than EPERM once it looks at them. Run inside and, as the control,
/// outside: there none may be denied, else the test shows nothing. Single-threaded programs only.
std::vector<ProbeResult> probeForbidden(Sandbox sandbox);

/// {"open":"denied","fork":"allowed",…} on one line.
std::string toJson(const std::vector<ProbeResult>& results);

} // namespace process
