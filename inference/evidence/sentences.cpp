// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/sentences.h"

#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace evidence {

namespace {

bool isUpper(char c)
{
    return c >= 'A' && c <= 'Z';
}
bool isLower(char c)
{
    return c >= 'a' && c <= 'z';
}
bool isLetter(char c)
{
    return isUpper(c) || isLower(c);
}
bool isSpace(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}
bool isBlank(char c)
{
    return isSpace(c) || c == '\n';
}

constexpr std::size_t kLongestMark = 40;

/// One citation mark at a place of a text: "[3]", "[1, 2]", "[1-3]".
struct Mark {
    enum class State { None, Complete, Unfinished } state = State::None;
    std::size_t end = 0;
};

Mark markAt(std::string_view text, std::size_t at)
{
    if (at >= text.size() || text[at] != '[')
        return {};
    bool digits = false;
    for (std::size_t i = at + 1; i < text.size() && i < at + kLongestMark; ++i) {
        const char c = text[i];
        if (c == ']')
            return digits ? Mark{Mark::State::Complete, i + 1} : Mark{};
        // A dash between numbers may be U+2013, whose bytes are none of the others here.
        const bool dash = c == '\xE2' || c == '\x80' || c == '\x93';
        if (!isDigit(c) && c != ',' && c != ';' && c != '-' && c != ' ' && !dash)
            return {};
        digits = digits || isDigit(c);
    }
    return text.size() < at + kLongestMark ? Mark{Mark::State::Unfinished, text.size()} : Mark{};
}

/// The marks from @p at on, blanks between them included.
Mark marksAt(std::string_view text, std::size_t at, bool atEnd)
{
    Mark all;
    std::size_t position = at;
    for (;;) {
        while (position < text.size() && isSpace(text[position]))
            ++position;
        const Mark mark = markAt(text, position);
        if (mark.state == Mark::State::None || (mark.state == Mark::State::Unfinished && atEnd))
            return all;
        if (mark.state == Mark::State::Unfinished)
            return mark;
        position = mark.end;
        all = mark;
    }
}

/// "- ", "* ", "2. ", "2) " at the start of a line; 0 when there is none. nullopt: not known yet.
std::optional<std::size_t> bulletAt(std::string_view text, std::size_t at, bool atEnd)
{
    std::size_t position = at;
    if (position < text.size() && (text[position] == '-' || text[position] == '*'))
        ++position;
    else if (text.substr(position).starts_with("\xE2\x80\xA2"))
        position += 3;
    else {
        while (position < text.size() && isDigit(text[position]) && position < at + 2)
            ++position;
        if (position == at)
            return at;
        if (position == text.size())
            return atEnd ? std::optional(at) : std::nullopt;
        if (text[position] != '.' && text[position] != ')')
            return at;
        ++position;
    }
    if (position == text.size())
        return atEnd ? std::optional(at) : std::nullopt;
    if (!isBlank(text[position]))
        return at;
    while (position < text.size() && isSpace(text[position]))
        ++position;
    return position;
}

std::string_view wordBefore(std::string_view text, std::size_t begin, std::size_t at)
{
    std::size_t start = at;
    while (start > begin && !isBlank(text[start - 1]) && text[start - 1] != '(')
        --start;
    return text.substr(start, at - start);
}

bool isAbbreviation(std::string_view word)
{
    constexpr std::array<std::string_view, 26> kAlways{
        "Dr",  "Mr", "Mrs", "Ms", "Prof", "St",   "vs", "e.g", "i.e",  "eg", "ie",  "cf",  "approx",
        "Fig", "No", "no.", "ca", "incl", "resp", "Jr", "Ph",  "Dept", "Sr", "E.g", "I.e", "viz"};
    return std::ranges::find(kAlways, word) != kAlways.end();
}

/// "J" of "J. Smith", but not the K of "vitamin K."
bool isInitial(std::string_view text, std::size_t begin, std::size_t at)
{
    const std::string_view word = wordBefore(text, begin, at);
    if (word.size() != 1 || !isUpper(word[0]))
        return false;
    std::size_t end = at - 1;
    while (end > begin && isSpace(text[end - 1]))
        --end;
    const std::string_view before = wordBefore(text, begin, end);
    constexpr std::array<std::string_view, 11> kGrades{
        "vitamin", "Vitamin", "hepatitis", "Hepatitis", "type",     "factor",
        "group",   "grade",   "stage",     "class",     "influenza"};
    return std::ranges::find(kGrades, before) == kGrades.end();
}

enum class Decision { Ends, GoesOn, Unknown };

/// Moves @p at behind the stops and closing quotes or brackets that stand there.
void skipClosers(std::string_view text, std::size_t& at)
{
    constexpr std::array<std::string_view, 8> kClosers{
        ".", "!", "?", "\"", "'", ")", "\xE2\x80\x9D", "\xE2\x80\x99"};
    for (bool moved = true; moved;) {
        moved = false;
        for (const std::string_view closer : kClosers) {
            if (text.substr(at).starts_with(closer)) {
                at += closer.size();
                moved = true;
            }
        }
    }
}

/// Whether the stop at @p at ends the sentence that begins at @p begin; @p end is set behind it.
Decision decide(std::string_view text, std::size_t begin, std::size_t at, bool atEnd,
                std::size_t& end)
{
    end = at + 1;
    skipClosers(text, end);
    if (end + 2 >= text.size() && !atEnd) {
        // A closing quote may be cut in its bytes.
        if (end == text.size() || static_cast<unsigned char>(text[end]) == 0xE2)
            return Decision::Unknown;
    }
    if (end < text.size() && !isBlank(text[end]) && text[end] != '[')
        return Decision::GoesOn;
    std::size_t next = end;
    while (next < text.size() && isSpace(text[next]))
        ++next;
    if (next == text.size() && !atEnd)
        return Decision::Unknown;
    if (text[at] == '.') {
        const std::string_view word = wordBefore(text, begin, at);
        const bool atLineEnd = next == text.size() || text[next] == '\n';
        const bool number = std::ranges::all_of(word, isDigit) && word.size() <= 2;
        if (!atLineEnd && (isAbbreviation(word) || isInitial(text, begin, at)))
            return Decision::GoesOn;
        if (!atLineEnd && number && word.data() == text.data() + begin)
            return Decision::GoesOn;
    }
    if (next < text.size() && isLower(text[next]))
        return Decision::GoesOn;
    return Decision::Ends;
}

struct Taken {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Marks behind a sentence that ended at @p end. Unknown: more text is needed.
Decision takeMarks(std::string_view text, std::size_t& end, bool marksInFront, bool atEnd)
{
    const Mark marks = marksAt(text, end, atEnd);
    if (marks.state == Mark::State::Unfinished)
        return Decision::Unknown;
    if (marks.state == Mark::State::None) {
        std::size_t next = end;
        while (next < text.size() && isSpace(text[next]))
            ++next;
        return next == text.size() && !atEnd ? Decision::Unknown : Decision::Ends;
    }
    std::size_t stop = marks.end; // "... mmol/L. [1]." has a stop behind the mark as well
    while (stop < text.size() && text[stop] == '.')
        ++stop;
    std::size_t next = stop;
    while (next < text.size() && isSpace(text[next]))
        ++next;
    if (next == text.size() && !atEnd)
        return Decision::Unknown;
    const bool lineEnds = next == text.size() || text[next] == '\n';
    if (!marksInFront || lineEnds)
        end = stop;
    return Decision::Ends;
}

/// A line of marks alone belongs to the sentence on the line before.
Decision takeMarkLine(std::string_view text, std::size_t& end, bool atEnd)
{
    std::size_t next = end;
    while (next < text.size() && isBlank(text[next]))
        ++next;
    if (next == text.size())
        return atEnd ? Decision::Ends : Decision::Unknown;
    std::size_t markEnd = next;
    const Decision marks = takeMarks(text, markEnd, true, atEnd);
    if (text[next] == '[' && marks == Decision::Unknown)
        return Decision::Unknown;
    if (text[next] == '[' && markEnd != next)
        end = markEnd;
    return Decision::Ends;
}

} // namespace

/// One sentence from m_taken on, if its end is certain.
std::vector<SentenceSpan> SentenceSplitter::take(bool atEnd)
{
    std::vector<SentenceSpan> sentences;
    const std::string_view text = m_text;
    for (;;) {
        std::size_t begin = m_taken;
        bool lineStart = m_taken == 0;
        while (begin < text.size() && isBlank(text[begin]))
            lineStart = text[begin++] == '\n' || lineStart;
        if (begin == text.size())
            return sentences;
        const auto body = lineStart ? bulletAt(text, begin, atEnd) : std::optional(begin);
        if (!body)
            return sentences;
        bool marksInFront = m_marksInFront;
        if (lineStart) {
            const Mark front = marksAt(text, *body, atEnd);
            if (front.state == Mark::State::Unfinished || (*body == text.size() && !atEnd))
                return sentences;
            marksInFront = front.state == Mark::State::Complete;
        }
        std::size_t end = text.size();
        Decision decision = atEnd ? Decision::Ends : Decision::Unknown;
        for (std::size_t at = *body; at < text.size(); ++at) {
            if (text[at] == '\n') {
                end = at;
                decision = takeMarkLine(text, end, atEnd);
                break;
            }
            if (text[at] != '.' && text[at] != '!' && text[at] != '?')
                continue;
            Decision here = decide(text, *body, at, atEnd, end);
            if (here == Decision::Ends)
                here = takeMarks(text, end, marksInFront, atEnd);
            if (here != Decision::GoesOn) {
                decision = here;
                if (here == Decision::Ends && text.substr(end).starts_with('\n'))
                    decision = takeMarkLine(text, end, atEnd);
                break;
            }
            end = text.size();
        }
        if (decision == Decision::Unknown)
            return sentences;
        while (end > begin && isBlank(text[end - 1]))
            --end;
        sentences.push_back({begin, end, std::string(text.substr(begin, end - begin))});
        m_taken = end;
        m_marksInFront = marksInFront;
    }
}

std::vector<SentenceSpan> SentenceSplitter::push(std::string_view piece)
{
    m_text += piece;
    return take(false);
}

std::vector<SentenceSpan> SentenceSplitter::finish()
{
    return take(true);
}

std::vector<SentenceSpan> splitSentences(std::string_view answer)
{
    SentenceSplitter splitter;
    std::vector<SentenceSpan> sentences = splitter.push(answer);
    for (SentenceSpan& sentence : splitter.finish())
        sentences.push_back(std::move(sentence));
    return sentences;
}

std::vector<int> citationsIn(std::string_view sentence)
{
    constexpr int kWidestRange = 20;
    std::vector<int> numbers;
    for (std::size_t at = 0; at < sentence.size(); ++at) {
        const Mark mark = markAt(sentence, at);
        if (mark.state != Mark::State::Complete)
            continue;
        bool range = false;
        for (std::size_t i = at + 1; i + 1 < mark.end;) {
            if (!isDigit(sentence[i])) {
                range =
                    (range || sentence[i] == '-' || sentence[i] == '\x93') && sentence[i] != ',';
                ++i;
                continue;
            }
            int number = 0;
            const auto [rest, error] =
                std::from_chars(sentence.data() + i, sentence.data() + mark.end - 1, number);
            if (error != std::errc())
                number = 0; // too large: there is no such item
            if (range && !numbers.empty() && number - numbers.back() <= kWidestRange) {
                for (int between = numbers.back() + 1; between < number; ++between)
                    numbers.push_back(between);
            }
            numbers.push_back(number);
            range = false;
            i = static_cast<std::size_t>(rest - sentence.data());
        }
        at = mark.end - 1;
    }
    return numbers;
}

std::string withoutCitations(std::string_view sentence)
{
    std::string out;
    for (std::size_t at = 0; at < sentence.size(); ++at) {
        const Mark mark = markAt(sentence, at);
        if (mark.state == Mark::State::Complete) {
            at = mark.end - 1;
            continue;
        }
        const bool closes = sentence[at] == '.' || sentence[at] == ',' || sentence[at] == ';';
        const bool wordFollows =
            at + 1 < sentence.size() && (isLetter(sentence[at + 1]) || isDigit(sentence[at + 1]));
        if (closes && !wordFollows) {
            while (!out.empty() && out.back() == ' ')
                out.pop_back();
            if (!out.empty() && out.back() == '.' && sentence[at] == '.')
                continue;
        }
        if (sentence[at] == ' ' && (out.empty() || out.back() == ' '))
            continue;
        out += sentence[at];
    }
    while (!out.empty() && isBlank(out.back()))
        out.pop_back();
    return out;
}

} // namespace evidence
