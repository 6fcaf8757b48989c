// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/dates.h"

#include "inference/evidence/words.h"

#include <array>
#include <format>
#include <optional>

namespace evidence {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 12> kShortMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Reads a text from left to right; every take moves on only when it succeeds.
class Cursor {
public:
    Cursor(std::string_view text, std::size_t at)
        : m_text(text)
        , m_at(at)
    {
    }

    [[nodiscard]] std::size_t at() const { return m_at; }
    [[nodiscard]] char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }

    std::optional<int> digits(std::size_t least, std::size_t most)
    {
        std::size_t end = m_at;
        int value = 0;
        while (end < m_text.size() && isDigit(m_text[end]) && end - m_at <= most)
            value = value * 10 + (m_text[end++] - '0');
        if (end - m_at < least || end - m_at > most)
            return std::nullopt;
        m_at = end;
        return value;
    }
    bool anyOf(std::string_view characters)
    {
        if (m_at >= m_text.size() || characters.find(m_text[m_at]) == std::string_view::npos)
            return false;
        ++m_at;
        return true;
    }
    std::string letters()
    {
        std::size_t end = m_at;
        while (end < m_text.size() && isLetter(m_text[end]))
            ++end;
        std::string word = lowered(m_text.substr(m_at, end - m_at));
        m_at = end;
        return word;
    }
    void skip(std::string_view characters)
    {
        while (anyOf(characters)) {
        }
    }

private:
    std::string_view m_text;
    std::size_t m_at;
};

int monthNamed(std::string_view word)
{
    if (word.size() < 3)
        return 0;
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (word == kMonths.at(i) || word == kMonths.at(i).substr(0, 3) ||
            (i == 8 && word == "sept"))
            return static_cast<int>(i) + 1;
    }
    return 0;
}

bool plausible(int year)
{
    return year >= 1880 && year <= 2150;
}

/// 2026-03-02, 2026/03/02, 2026-03; a time of day behind it is taken along.
std::optional<DateMention> isoAt(std::string_view text, std::size_t begin)
{
    Cursor cursor(text, begin);
    DateMention date;
    const auto year = cursor.digits(4, 4);
    if (!year || !plausible(*year) || !cursor.anyOf("-/."))
        return std::nullopt;
    const auto month = cursor.digits(1, 2);
    if (!month || *month < 1 || *month > 12)
        return std::nullopt;
    date.year = *year;
    date.month = *month;
    date.end = cursor.at();
    Cursor rest = cursor;
    if (rest.anyOf("-/.")) {
        if (const auto day = rest.digits(1, 2); day && *day >= 1 && *day <= 31) {
            date.day = *day;
            date.end = rest.at();
        }
    } else if (cursor.at() - begin != 7 || text[begin + 4] != '-') {
        return std::nullopt;
    }
    if (date.day != 0 && rest.anyOf("T")) {
        rest.skip("0123456789:.+-Z");
        date.end = rest.at();
    }
    return date;
}

/// 2 March 2026, 2nd of March, 02-Mar-2026.
std::optional<DateMention> dayFirstAt(std::string_view text, std::size_t begin)
{
    Cursor cursor(text, begin);
    const auto day = cursor.digits(1, 2);
    if (!day || *day < 1 || *day > 31)
        return std::nullopt;
    Cursor suffix = cursor;
    if (const auto ending = suffix.letters();
        ending == "st" || ending == "nd" || ending == "rd" || ending == "th")
        cursor = suffix;
    cursor.skip(" -./");
    Cursor of = cursor;
    if (of.letters() == "of" && of.anyOf(" "))
        cursor = of;
    const int month = monthNamed(cursor.letters());
    if (month == 0)
        return std::nullopt;
    DateMention date{.month = month, .day = *day, .end = cursor.at()};
    cursor.skip(" -./,");
    if (const auto year = cursor.digits(4, 4); year && plausible(*year)) {
        date.year = *year;
        date.end = cursor.at();
    }
    return date;
}

/// March 2, 2026; Mar 2026; Mar-2026; and "March" alone with month only.
std::optional<DateMention> monthFirstAt(std::string_view text, std::size_t begin)
{
    Cursor cursor(text, begin);
    const int month = monthNamed(cursor.letters());
    if (month == 0)
        return std::nullopt;
    DateMention date{.month = month, .end = cursor.at()};
    cursor.skip(" -./");
    Cursor yearOnly = cursor;
    if (const auto year = yearOnly.digits(4, 4); year && plausible(*year)) {
        date.year = *year;
        date.end = yearOnly.at();
        return date;
    }
    const auto day = cursor.digits(1, 2);
    if (!day || *day < 1 || *day > 31 || cursor.peek() == '.')
        return date;
    date.day = *day;
    date.end = cursor.at();
    if (const auto ending = Cursor(cursor).letters();
        ending == "st" || ending == "nd" || ending == "rd" || ending == "th") {
        (void)cursor.letters();
        date.end = cursor.at();
    }
    cursor.skip(" ,");
    if (const auto year = cursor.digits(4, 4); year && plausible(*year)) {
        date.year = *year;
        date.end = cursor.at();
    }
    return date;
}

/// 02/03/2026, 2.3.26, 02-03-2026.
std::optional<DateMention> numericAt(std::string_view text, std::size_t begin)
{
    Cursor cursor(text, begin);
    const auto first = cursor.digits(1, 2);
    const char separator = cursor.peek();
    if (!first || !cursor.anyOf("/.-"))
        return std::nullopt;
    const auto second = cursor.digits(1, 2);
    if (!second || cursor.peek() != separator || !cursor.anyOf("/.-"))
        return std::nullopt;
    auto year = cursor.digits(2, 4);
    if (!year || isDigit(cursor.peek()))
        return std::nullopt;
    if (*year < 100)
        *year += *year > 50 ? 1900 : 2000;
    const bool dayMonth = *first >= 1 && *first <= 31 && *second >= 1 && *second <= 12;
    const bool monthDay = *first >= 1 && *first <= 12 && *second >= 1 && *second <= 31;
    if (!plausible(*year) || (!dayMonth && !monthDay))
        return std::nullopt;
    return DateMention{.year = *year,
                       .month = dayMonth ? *second : *first,
                       .day = dayMonth ? *first : *second,
                       .ambiguous = dayMonth && monthDay && *first != *second,
                       .end = cursor.at()};
}

std::string wordBefore(std::string_view text, std::size_t at)
{
    while (at > 0 && !isLetter(text[at - 1])) {
        if (text[at - 1] != ' ' && text[at - 1] != '(')
            return {};
        --at;
    }
    std::size_t begin = at;
    while (begin > 0 && isLetter(text[begin - 1]))
        --begin;
    return lowered(text.substr(begin, at - begin));
}

bool leadsToDate(std::string_view word)
{
    constexpr std::array<std::string_view, 16> kLeads{
        "in",     "since", "until",  "till", "from", "to",   "of",  "by",
        "before", "after", "during", "year", "last", "this", "and", "between"};
    for (const auto lead : kLeads) {
        if (word == lead)
            return true;
    }
    return false;
}

/// A year alone: only where a word before it says that it is one, and no unit follows.
std::optional<DateMention> yearAt(std::string_view text, std::size_t begin)
{
    Cursor cursor(text, begin);
    const auto year = cursor.digits(4, 4);
    if (!year || !plausible(*year) || isLetter(cursor.peek()) || cursor.peek() == '%')
        return std::nullopt;
    const std::size_t end = cursor.at();
    if ((cursor.anyOf(".,/") && isDigit(cursor.peek())))
        return std::nullopt;
    Cursor unit(text, end);
    unit.skip(" ");
    const std::string next = unit.letters();
    if (next == "mg" || next == "ml" || next == "iu" || next == "units" || next == "mcg" ||
        next == "ug" || next == "kcal" || next == "g")
        return std::nullopt;
    if (!leadsToDate(wordBefore(text, begin)))
        return std::nullopt;
    return DateMention{.year = *year, .end = end};
}

std::optional<DateMention> dateAt(std::string_view text, std::size_t at)
{
    if (isDigit(text[at])) {
        if (auto date = isoAt(text, at))
            return date;
        if (auto date = dayFirstAt(text, at))
            return date;
        if (auto date = numericAt(text, at))
            return date;
        return yearAt(text, at);
    }
    auto date = monthFirstAt(text, at);
    if (date && date->year == 0) {
        // "may" and "march" are words as well: alone they need a word that leads to a date, and
        // with a day a capital.
        const bool capital = text[at] >= 'A' && text[at] <= 'Z';
        if (date->day == 0 ? !leadsToDate(wordBefore(text, at)) || !capital : !capital)
            return std::nullopt;
    }
    return date;
}

} // namespace

std::string shown(const records::Date& date)
{
    if (!date.known())
        return oneLine(date.text);
    const int month{date.month};
    if (month < 1 || month > 12)
        return std::format("{:04}", date.year);
    const auto name = kShortMonths.at(static_cast<std::size_t>(month) - 1);
    if (date.day == 0)
        return std::format("{}-{:04}", name, date.year);
    return std::format("{:02}-{}-{:04}", date.day, name, date.year);
}

std::string isoDay(const records::Date& date)
{
    if (!date.known())
        return {};
    if (date.month == 0)
        return std::format("{:04}", date.year);
    if (date.day == 0)
        return std::format("{:04}-{:02}", date.year, date.month);
    return std::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::vector<DateMention> datesIn(std::string_view text)
{
    std::vector<DateMention> found;
    for (std::size_t at = 0; at < text.size();) {
        const bool startsHere = isDigit(text[at]) || isLetter(text[at]);
        if (!startsHere) {
            ++at;
            continue;
        }
        const bool decimal =
            at >= 2 && isDigit(text[at]) && text[at - 1] == '.' && isDigit(text[at - 2]);
        auto date = decimal ? std::nullopt : dateAt(text, at);
        if (date && (date->end == text.size() || !isDigit(text[date->end]))) {
            date->begin = at;
            at = date->end;
            found.push_back(*date);
            continue;
        }
        while (at < text.size() && (isDigit(text[at]) || isLetter(text[at])))
            ++at;
    }
    return found;
}

DateMention mentionOf(const records::Date& date)
{
    return {.year = date.year, .month = date.month, .day = date.day};
}

DateFit fit(const DateMention& told, const DateMention& recorded)
{
    if (recorded.ambiguous && !told.ambiguous)
        return fit(recorded, told) == DateFit::Differs ? DateFit::Differs : DateFit::Ambiguous;
    if (told.ambiguous && recorded.ambiguous && told.day == recorded.day &&
        told.month == recorded.month && told.year == recorded.year)
        return DateFit::Fits;
    if (told.ambiguous) {
        DateMention plain = recorded;
        plain.ambiguous = false;
        DateMention other = told;
        other.ambiguous = false;
        const DateFit one = fit(other, plain);
        std::swap(other.day, other.month);
        const DateFit two = fit(other, plain);
        const bool either = one != DateFit::Differs || two != DateFit::Differs;
        return either ? DateFit::Ambiguous : DateFit::Differs;
    }
    const auto contradicts = [](int a, int b) { return a != 0 && b != 0 && a != b; };
    if (contradicts(told.year, recorded.year) || contradicts(told.month, recorded.month) ||
        contradicts(told.day, recorded.day))
        return DateFit::Differs;
    const auto finer = [](int a, int b) { return a != 0 && b == 0; };
    if (finer(told.year, recorded.year) || finer(told.month, recorded.month) ||
        finer(told.day, recorded.day))
        return DateFit::TooFine;
    return DateFit::Fits;
}

} // namespace evidence
