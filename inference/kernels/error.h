// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace kernels {

enum class Errc {
    Unsupported, // the type, the shape or the processor is not one that the kernels know
    BadSize,     // the bytes given do not make up the matrix that was described
    OutOfMemory,
    Library, // oneDNN refused; the detail is its own message
};

struct Error {
    Errc code;
    std::string detail; // for the log file: names and sizes only
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace kernels
