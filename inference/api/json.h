// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <string>
#include <string_view>

namespace api {

/// The JSON of a type of types.h as docs/formats/api.md writes it. Bytes that are not UTF-8 become
/// U+FFFD.
/// Instantiated in json_*.cpp for every type that crosses the socket.
template <typename T>
[[nodiscard]] std::string encode(const T& value);

/// Reads what encode() writes. A missing field keeps its default, an unknown one is ignored.
/// Errors: BadRequest for what is not JSON, nested too deeply, or has a field of the wrong type.
template <typename T>
[[nodiscard]] Result<T> decode(std::string_view json);

/// {"error":{"code","message","counts"}}
[[nodiscard]] std::string encodeError(const Error& error);
/// Reads an error body. Anything that is not one becomes BadResponse.
[[nodiscard]] Error decodeError(std::string_view json, int status);

} // namespace api
