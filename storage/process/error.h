// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace process {

enum class Errc {
    NotHardened,  // the system refused a protection; the program must not go on
    NotSandboxed, // the sandbox could not be entered; the program must not go on
    NotStarted,   // a child could not be started
};

struct Error {
    Errc code;
    std::string detail; // for the log: what was tried and the system's reason
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace process
