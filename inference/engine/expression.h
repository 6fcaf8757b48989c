// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <utility>
#include <vector>

/// What an answer may be, before it becomes a Grammar: patterns and schemas are written in it.
namespace engine {

/// Why an answer can't be kept to what was asked for.
struct ConstraintError {
    enum class Code {
        BadForm,     // no valid pattern or schema
        Unsupported, // valid, but not of the subset that is known
        TooLarge,
        Empty, // no text fits
    };
    Code code = Code::BadForm;
    std::string detail; // names the character, keyword or number
};

template <typename T>
using Compiled = std::expected<T, ConstraintError>;

struct CodeRange {
    char32_t first = 0;
    char32_t last = 0; // included
};

inline constexpr char32_t kLastCode = 0x10FFFF;

struct Expression {
    enum class Kind {
        Characters, // one character of the ranges; surrogates stand for none
        Text,       // these bytes
        Sequence,   // all parts; of no parts: the empty text
        Choice,     // one of the parts; of no parts: nothing fits
        Repeat,     // the one part, least to most times
        Members, // the first part separates the others, of which those not required may be absent
        Call,    // the rule with this number
    };
    static constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

    Kind kind = Kind::Sequence;
    std::vector<CodeRange> ranges;
    std::string text;
    std::vector<Expression> parts;
    std::vector<bool> required; // of Members: of each part but the first
    std::uint32_t least = 0;
    std::uint32_t most = 0; // kNoLimit: any number
    std::uint32_t rule = 0;
};

inline Expression charactersOf(std::vector<CodeRange> ranges)
{
    return {.kind = Expression::Kind::Characters, .ranges = std::move(ranges)};
}

inline Expression textOf(std::string text)
{
    return {.kind = Expression::Kind::Text, .text = std::move(text)};
}

inline Expression sequenceOf(std::vector<Expression> parts)
{
    return {.kind = Expression::Kind::Sequence, .parts = std::move(parts)};
}

inline Expression choiceOf(std::vector<Expression> parts)
{
    return {.kind = Expression::Kind::Choice, .parts = std::move(parts)};
}

inline Expression repeated(Expression part, std::uint32_t least, std::uint32_t most)
{
    Expression repeat{.kind = Expression::Kind::Repeat, .least = least, .most = most};
    repeat.parts.push_back(std::move(part));
    return repeat;
}

inline Expression callOf(std::uint32_t rule)
{
    return {.kind = Expression::Kind::Call, .rule = rule};
}

/// All characters that are not in @p ranges, in any order, lines' ends and all.
[[nodiscard]] std::vector<CodeRange> complementOf(std::vector<CodeRange> ranges);

} // namespace engine
