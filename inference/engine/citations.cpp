// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/citations.h"

namespace engine {
namespace {

constexpr std::uint32_t kMostCitations = 1000;

/// The numbers up to @p count that begin with @p begun, without these digits.
Expression numbersBehind(std::uint32_t begun, std::uint32_t count)
{
    std::vector<Expression> ways;
    if (begun > 0)
        ways.push_back(sequenceOf({}));
    for (std::uint32_t digit = begun == 0 ? 1 : 0; digit <= 9; ++digit) {
        const std::uint32_t number = begun * 10 + digit;
        if (number > count)
            break;
        std::vector<Expression> parts;
        parts.push_back(charactersOf({{U'0' + digit, U'0' + digit}}));
        parts.push_back(numbersBehind(number, count));
        ways.push_back(sequenceOf(std::move(parts)));
    }
    return choiceOf(std::move(ways));
}

} // namespace

Compiled<Expression> textWithCitations(std::uint32_t count)
{
    if (count > kMostCitations)
        return std::unexpected(
            ConstraintError{ConstraintError::Code::TooLarge, "more than 1000 citations"});
    constexpr std::uint32_t kAny = Expression::kNoLimit;
    constexpr char32_t kEnDash = 0x2013;
    // As evidence/sentences.cpp reads marks.
    const std::vector<CodeRange> kBetween = {
        {' ', ' '}, {',', '-'}, {';', ';'}, {kEnDash, kEnDash}};
    std::vector<CodeRange> special = kBetween; // what goes on with a citation or begins one
    special.insert(special.end(), {{'0', '9'}, {'[', '['}});

    const Expression between = charactersOf(kBetween);
    const Expression plain = charactersOf(complementOf({{'[', '['}}));
    const Expression number = numbersBehind(0, count);
    // [ between* (number (between+ number)* between*)?
    const Expression more = repeated(sequenceOf({repeated(between, 1, kAny), number}), 0, kAny);
    const Expression inside = sequenceOf({number, more, repeated(between, 0, kAny)});
    const Expression mark =
        sequenceOf({textOf("["), repeated(between, 0, kAny), repeated(inside, 0, 1)});
    // What follows a mark goes on with it, begins another, or is the first of other text.
    const Expression after =
        sequenceOf({charactersOf(complementOf(std::move(special))), repeated(plain, 0, kAny)});
    return sequenceOf(
        {repeated(plain, 0, kAny), repeated(sequenceOf({mark, repeated(after, 0, 1)}), 0, kAny)});
}

} // namespace engine
