// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace imports {

/// 64 lower-case hex digits. Asserts that libcrypto has SHA-256, which needs no memory beyond its
/// own context and no file once prepareSha256() was called.
[[nodiscard]] std::string sha256Hex(std::string_view bytes);

/// Lets libcrypto read its configuration and build its tables: before a sandbox is entered.
void prepareSha256();

} // namespace imports
