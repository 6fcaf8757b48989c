// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/pattern.h"

#include "inference/model/unicode.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

namespace engine {
namespace {

using Ranges = std::vector<CodeRange>;

constexpr std::size_t kMaxBytes = 16U << 10;
constexpr std::uint32_t kMaxTimes = 1000;
constexpr int kMaxNesting = 100;

const Ranges& digits()
{
    static const Ranges kDigits = {{'0', '9'}};
    return kDigits;
}

const Ranges& wordCharacters()
{
    static const Ranges kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    return kWord;
}

const Ranges& spaces()
{
    static const Ranges kSpaces = {{'\t', '\r'}, {' ', ' '}};
    return kSpaces;
}

Ranges single(char32_t code)
{
    return {{code, code}};
}

Expression anything()
{
    return repeated(charactersOf({{0, kLastCode}}), 0, Expression::kNoLimit);
}

/// Descends as the rules nest. The first failure sticks; what is read after it means nothing.
class Parser {
public:
    explicit Parser(std::u32string_view pattern)
        : m_pattern(pattern)
    {
    }

    Expression choice()
    {
        std::vector<Expression> parts;
        parts.push_back(sequence());
        while (take('|'))
            parts.push_back(sequence());
        m_branches = parts.size();
        return parts.size() == 1 ? std::move(parts.front()) : choiceOf(std::move(parts));
    }

    void fail(ConstraintError::Code code, std::string_view what)
    {
        if (!m_error)
            m_error = ConstraintError{code, std::format("pattern, character {}: {}", m_at, what)};
        m_at = m_pattern.size();
    }

    [[nodiscard]] bool atEnd() const { return m_at == m_pattern.size(); }
    /// Parts of the choice that was read last.
    [[nodiscard]] std::size_t branches() const { return m_branches; }
    [[nodiscard]] const std::optional<ConstraintError>& error() const { return m_error; }

private:
    [[nodiscard]] char32_t peek() const { return atEnd() ? U'\0' : m_pattern[m_at]; }
    bool take(char32_t wanted)
    {
        if (atEnd() || m_pattern[m_at] != wanted)
            return false;
        ++m_at;
        return true;
    }
    void bad(std::string_view what) { fail(ConstraintError::Code::BadForm, what); }
    void unknown(std::string_view what) { fail(ConstraintError::Code::Unsupported, what); }

    Expression sequence()
    {
        std::vector<Expression> parts;
        while (!atEnd() && peek() != '|' && peek() != ')')
            parts.push_back(times(atom()));
        return sequenceOf(std::move(parts));
    }

    Expression atom()
    {
        const char32_t next = m_pattern[m_at++];
        switch (next) {
        case '(':
            return group();
        case '[':
            return charactersOf(classInBrackets());
        case '.':
            return charactersOf(complementOf({{'\n', '\n'}, {'\r', '\r'}}));
        case '\\':
            return charactersOf(escaped());
        case '^':
        case '$':
            unknown("^ or $ inside");
            return {};
        case '*':
        case '+':
        case '?':
            bad("nothing stands before the repetition");
            return {};
        default:
            return charactersOf(single(next));
        }
    }

    Expression group()
    {
        if (++m_nesting > kMaxNesting)
            fail(ConstraintError::Code::TooLarge, "groups nest too deep");
        if (take('?') && !take(':'))
            unknown("a group that begins with (?");
        Expression inner = choice();
        if (!take(')'))
            bad("a group is not closed");
        --m_nesting;
        return inner;
    }

    Expression times(Expression part)
    {
        if (take('*'))
            return onceMore(repeated(std::move(part), 0, Expression::kNoLimit));
        if (take('+'))
            return onceMore(repeated(std::move(part), 1, Expression::kNoLimit));
        if (take('?'))
            return onceMore(repeated(std::move(part), 0, 1));
        if (!take('{'))
            return part;
        const std::uint32_t least = number();
        std::uint32_t most = least;
        if (take(','))
            most = peek() == '}' ? Expression::kNoLimit : number();
        if (!take('}') || most < least)
            bad("a repetition is not {m}, {m,} or {m,n}");
        return onceMore(repeated(std::move(part), least, most));
    }

    /// A ? says which of several ways to match is preferred, not what matches.
    Expression onceMore(Expression repeat)
    {
        take('?');
        if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')
            unknown("a repetition of a repetition");
        return repeat;
    }

    std::uint32_t number()
    {
        std::uint32_t value = 0;
        if (peek() < '0' || peek() > '9')
            bad("a number is missing");
        while (peek() >= '0' && peek() <= '9') {
            value = value * 10 + (m_pattern[m_at++] - U'0');
            if (value > kMaxTimes)
                fail(ConstraintError::Code::TooLarge, "more than 1000 repetitions");
        }
        return value;
    }

    Ranges classInBrackets()
    {
        const bool inverted = take('^');
        Ranges all;
        while (!atEnd() && peek() != ']') {
            Ranges next = classMember();
            // A - is a range between two single characters, itself at either end.
            const bool range =
                peek() == '-' && m_at + 1 < m_pattern.size() && m_pattern[m_at + 1] != ']';
            if (range) {
                ++m_at;
                const Ranges last = classMember();
                if (next.size() != 1 || last.size() != 1 || next[0].first != next[0].last ||
                    last[0].first != last[0].last || last[0].first < next[0].first) {
                    bad("not a range of characters");
                    return {};
                }
                next[0].last = last[0].last;
            }
            all.insert(all.end(), next.begin(), next.end());
        }
        if (!take(']'))
            bad("a class is not closed");
        return inverted ? complementOf(std::move(all)) : all;
    }

    Ranges classMember()
    {
        if (take('\\'))
            return escaped();
        if (atEnd())
            return single(0);
        if (peek() == '[' && m_at + 1 < m_pattern.size() && m_pattern[m_at + 1] == ':')
            unknown("a class with a name");
        return atEnd() ? single(0) : single(m_pattern[m_at++]);
    }

    /// What stands behind a backslash.
    Ranges escaped()
    {
        if (atEnd()) {
            bad("nothing stands behind the backslash");
            return {};
        }
        const char32_t next = m_pattern[m_at++];
        switch (next) {
        case 'd':
            return digits();
        case 'D':
            return complementOf(digits());
        case 'w':
            return wordCharacters();
        case 'W':
            return complementOf(wordCharacters());
        case 's':
            return spaces();
        case 'S':
            return complementOf(spaces());
        case 'n':
            return single('\n');
        case 'r':
            return single('\r');
        case 't':
            return single('\t');
        case 'f':
            return single('\f');
        case 'v':
            return single('\v');
        case '0':
            return single(0);
        case 'x':
            return single(hexadecimal(2));
        case 'u':
            return single(hexadecimal(4));
        default:
            break;
        }
        const bool isLetter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
        if (isLetter || (next >= '1' && next <= '9') || next >= 0x80)
            unknown("a backslash before this character");
        return single(next);
    }

    char32_t hexadecimal(std::size_t count)
    {
        std::string text;
        for (; text.size() < count && !atEnd() && peek() < 0x80; ++m_at)
            text += static_cast<char>(peek());
        std::uint32_t code = 0;
        const char* const end = text.data() + text.size();
        if (text.size() != count || std::from_chars(text.data(), end, code, 16).ptr != end)
            bad("hexadecimal digits are missing");
        else if (code >= 0xD800 && code <= 0xDFFF)
            unknown("half a character");
        return code;
    }

    std::u32string_view m_pattern;
    std::size_t m_at = 0;
    std::size_t m_branches = 0;
    int m_nesting = 0;
    std::optional<ConstraintError> m_error;
};

} // namespace

Compiled<Expression> parsePattern(std::string_view pattern, Anchored anchored)
{
    if (pattern.size() > kMaxBytes)
        return std::unexpected(
            ConstraintError{ConstraintError::Code::TooLarge, "the pattern is longer than 16 KiB"});
    std::u32string codes;
    for (const model::Character& character : model::charactersOf(pattern))
        codes += character.code;
    std::u32string_view rest = codes;
    const bool fromBegin = rest.starts_with(U'^');
    if (fromBegin)
        rest.remove_prefix(1);
    // Whether the last $ is one is decided by the backslashes before it.
    std::size_t backslashes = 0;
    while (rest.size() >= backslashes + 2 && rest[rest.size() - 2 - backslashes] == U'\\')
        ++backslashes;
    const bool toEnd = rest.ends_with(U'$') && backslashes % 2 == 0;
    if (toEnd)
        rest.remove_suffix(1);

    Parser parser(rest);
    Expression whole = parser.choice();
    if (!parser.error() && !parser.atEnd())
        parser.fail(ConstraintError::Code::BadForm, "a group is closed that was not opened");
    if ((fromBegin || toEnd) && parser.branches() > 1)
        parser.fail(ConstraintError::Code::Unsupported, "^ or $ beside a | outside all groups");
    if (parser.error())
        return std::unexpected(*parser.error());
    if (anchored == Anchored::Always)
        return whole;
    std::vector<Expression> parts;
    if (!fromBegin)
        parts.push_back(anything());
    parts.push_back(std::move(whole));
    if (!toEnd)
        parts.push_back(anything());
    return sequenceOf(std::move(parts));
}

} // namespace engine
