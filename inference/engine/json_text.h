// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/expression.h"

#include <cstdint>
#include <string>
#include <string_view>

/// Pieces of JSON text. Source: RFC 8259.
namespace engine {

/// @p text, which is UTF-8, as a JSON string.
[[nodiscard]] std::string jsonQuoted(std::string_view text);
/// One character of a string, as itself or escaped; of surrogates no half.
[[nodiscard]] Expression jsonCharacter();
/// What fits @p text, with every character as a string writes it: quote, backslash and control
/// characters escaped. Calls stay as they are.
[[nodiscard]] Expression inJsonString(const Expression& text);
[[nodiscard]] Expression jsonString(Expression content);
[[nodiscard]] Expression jsonInteger();
[[nodiscard]] Expression jsonNumber();
/// What may stand between the parts of an object or array.
[[nodiscard]] Expression jsonSpace();
/// A comma and what may stand behind it.
[[nodiscard]] Expression jsonComma();
/// Between brackets, so many of @p item as wanted, separated.
[[nodiscard]] Expression jsonArray(const Expression& item, std::uint32_t least, std::uint32_t most);
/// A name, the colon and @p value.
[[nodiscard]] Expression jsonMember(Expression name, Expression value);
[[nodiscard]] Expression jsonObject(Expression members);

} // namespace engine
