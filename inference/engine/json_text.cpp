// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/json_text.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

namespace engine {
namespace {

constexpr std::uint32_t kAny = Expression::kNoLimit;

const std::vector<CodeRange>& escapedCodes()
{
    static const std::vector<CodeRange> kEscaped = {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    return kEscaped;
}

std::string escapeOf(char32_t code)
{
    constexpr std::array<std::pair<char32_t, const char*>, 7> kShort = {{{'"', "\\\""},
                                                                         {'\\', "\\\\"},
                                                                         {'\b', "\\b"},
                                                                         {'\f', "\\f"},
                                                                         {'\n', "\\n"},
                                                                         {'\r', "\\r"},
                                                                         {'\t', "\\t"}}};
    for (const auto& [escaped, text] : kShort)
        if (escaped == code)
            return text;
    return std::format("\\u{:04x}", static_cast<std::uint32_t>(code));
}

std::vector<CodeRange> commonTo(const std::vector<CodeRange>& a, const std::vector<CodeRange>& b)
{
    std::vector<CodeRange> both;
    for (const CodeRange& one : a)
        for (const CodeRange& other : b)
            if (std::max(one.first, other.first) <= std::min(one.last, other.last))
                both.push_back({std::max(one.first, other.first), std::min(one.last, other.last)});
    return both;
}

Expression digits(std::uint32_t least, std::uint32_t most)
{
    return repeated(charactersOf({{'0', '9'}}), least, most);
}

Expression hexDigits(std::uint32_t count)
{
    return repeated(charactersOf({{'0', '9'}, {'A', 'F'}, {'a', 'f'}}), count, count);
}

} // namespace

std::string jsonQuoted(std::string_view text)
{
    std::string quoted = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || c == '"' || c == '\\')
            quoted += escapeOf(code);
        else
            quoted += c;
    }
    return quoted += '"';
}

Expression inJsonString(const Expression& text)
{
    Expression written = text;
    written.parts.clear();
    for (const Expression& part : text.parts)
        written.parts.push_back(inJsonString(part));
    if (text.kind != Expression::Kind::Characters)
        return written;
    std::vector<Expression> ways;
    ways.push_back(charactersOf(commonTo(text.ranges, complementOf(escapedCodes()))));
    for (const CodeRange& range : commonTo(text.ranges, escapedCodes()))
        for (char32_t code = range.first; code <= range.last; ++code)
            ways.push_back(textOf(escapeOf(code)));
    return ways.size() == 1 ? std::move(ways.front()) : choiceOf(std::move(ways));
}

Expression jsonCharacter()
{
    const Expression escaped = sequenceOf({textOf("\\"), charactersOf({{'"', '"'},
                                                                       {'\\', '\\'},
                                                                       {'/', '/'},
                                                                       {'b', 'b'},
                                                                       {'f', 'f'},
                                                                       {'n', 'n'},
                                                                       {'r', 'r'},
                                                                       {'t', 't'}})});
    // \ud800 to \udfff are halves.
    const Expression low = sequenceOf(
        {charactersOf({{'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}}), hexDigits(3)});
    const Expression belowHalves = sequenceOf(
        {charactersOf({{'D', 'D'}, {'d', 'd'}}), charactersOf({{'0', '7'}}), hexDigits(2)});
    const Expression byNumber = sequenceOf({textOf("\\u"), choiceOf({low, belowHalves})});
    return choiceOf({charactersOf(complementOf(escapedCodes())), escaped, byNumber});
}

Expression jsonString(Expression content)
{
    return sequenceOf({textOf("\""), std::move(content), textOf("\"")});
}

Expression jsonInteger()
{
    constexpr std::uint32_t kMostDigits = 15; // exact in a double
    return sequenceOf({repeated(textOf("-"), 0, 1),
                       choiceOf({textOf("0"), sequenceOf({charactersOf({{'1', '9'}}),
                                                          digits(0, kMostDigits - 1)})})});
}

Expression jsonNumber()
{
    const Expression fraction = sequenceOf({textOf("."), digits(1, 15)});
    const Expression exponent =
        sequenceOf({charactersOf({{'E', 'E'}, {'e', 'e'}}),
                    repeated(charactersOf({{'+', '+'}, {'-', '-'}}), 0, 1), digits(1, 2)});
    return sequenceOf({jsonInteger(), repeated(fraction, 0, 1), repeated(exponent, 0, 1)});
}

Expression jsonSpace()
{
    // Bounded, so that an answer can't be spent on blanks.
    const Expression indented = sequenceOf({textOf("\n"), repeated(textOf(" "), 0, 16)});
    return choiceOf({sequenceOf({}), textOf(" "), indented});
}

Expression jsonComma()
{
    return sequenceOf({textOf(","), jsonSpace()});
}

Expression jsonArray(const Expression& item, std::uint32_t least, std::uint32_t most)
{
    std::vector<Expression> ways;
    if (least == 0)
        ways.push_back(textOf("[]"));
    if (most > 0 && least <= most) {
        const Expression more = repeated(sequenceOf({jsonComma(), item}), std::max(least, 1U) - 1,
                                         most == kAny ? kAny : most - 1);
        ways.push_back(
            sequenceOf({textOf("["), jsonSpace(), item, more, jsonSpace(), textOf("]")}));
    }
    return choiceOf(std::move(ways));
}

Expression jsonMember(Expression name, Expression value)
{
    return sequenceOf(
        {std::move(name), textOf(":"), repeated(textOf(" "), 0, 1), std::move(value)});
}

Expression jsonObject(Expression members)
{
    return sequenceOf({textOf("{"), jsonSpace(), std::move(members), jsonSpace(), textOf("}")});
}

} // namespace engine
