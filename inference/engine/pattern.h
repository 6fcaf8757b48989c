// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/expression.h"

#include <string_view>

namespace engine {

/// Whether a pattern must fit the whole text, or only a part of it unless ^ and $ say otherwise.
enum class Anchored { Always, AsWritten };

/// Reads a regular expression (UTF-8, at most 16 KiB). Known: characters; `.` (any character but
/// \n and \r); classes [a-z], [^...] with \d \w \s \D \W \S (ASCII) inside and outside; | ( ) (?: )
/// * + ? {m} {m,} {m,n} with numbers up to 1,000, each perhaps followed by ?, which changes nothing
/// here; \n \r \t \f \v \0 \xHH \uHHHH, and \ before punctuation; ^ at the very beginning and $ at
/// the very end, unless a | stands outside all groups. Groups nest 100 deep at most.
/// Errors: BadForm, Unsupported (\b, back references, look-around, ...), TooLarge; detail names
/// the byte.
[[nodiscard]] Compiled<Expression> parsePattern(std::string_view pattern, Anchored anchored);

} // namespace engine
