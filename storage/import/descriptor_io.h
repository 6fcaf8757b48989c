// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/error.h"

#include <string>
#include <string_view>

/// Plain reading and writing of inherited descriptors: all that the confined importer may do.
namespace imports {

/// Opens a file for reading; the descriptor is the caller's. Errors: Unreadable, without its name.
[[nodiscard]] Result<int> openForReading(const std::string& path);

/// Everything up to the end. Errors: Unreadable; TooLarge beyond @p limit bytes.
[[nodiscard]] Result<std::string> readAll(int descriptor, std::size_t limit);

/// Errors: Unreadable, when the other end has gone or the disk is full.
[[nodiscard]] Result<void> writeAll(int descriptor, std::string_view bytes);

} // namespace imports
