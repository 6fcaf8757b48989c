// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

namespace audit {

using Bytes = std::span<const std::byte>;
using Hash = std::array<std::byte, 32>;

/// SHA-256 of the parts, one after the other. Threads: any.
Hash sha256(std::initializer_list<Bytes> parts);

/// RFC 6962 §2.1: SHA256(0x00 || record) and SHA256(0x01 || left || right).
Hash leafHash(Bytes record);
Hash nodeHash(const Hash& left, const Hash& right);

/// HMAC-SHA256(salt, name || 0x00 || value): what the log keeps of a field that names a patient.
Hash commitment(Bytes salt, std::string_view name, Bytes value);

Bytes asBytes(std::string_view text);
std::string_view asText(Bytes bytes);

} // namespace audit
