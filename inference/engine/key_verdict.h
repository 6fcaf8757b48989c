// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/key_check.h"
#include "inference/model/gguf.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine {

/// What a verdict holds for. A file of other weights or shapes has another first mark; another
/// arithmetic of the engine, other values beside the keys, or another check, the second.
struct KeyMarks {
    std::uint32_t model = 0;
    std::uint32_t engine = 0;
};
[[nodiscard]] KeyMarks keyMarksOf(const model::GgufFile& file, const model::Model& network);

/// A verdict as one line, without its end. Format: docs/formats/key-check.md.
[[nodiscard]] std::string lineOf(const KeyVerdict& verdict, const KeyMarks& marks);
/// What the line says of a model of so many layers. Nothing where it is not a line of lineOf() with
/// the same marks, bit for bit.
[[nodiscard]] std::optional<KeyVerdict> verdictIn(std::string_view line, const KeyMarks& marks,
                                                  std::size_t layers);

} // namespace engine
