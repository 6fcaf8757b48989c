// SPDX-License-Identifier: Apache-2.0
#include "storage/records/chart.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <chrono>
#include <tuple>

namespace records {

namespace {

/// Takes the digits of @p text from @p position on; -1 where there are not @p count of them.
int takeDigits(std::string_view text, std::size_t& position, std::size_t count)
{
    if (text.size() < position + count)
        return -1;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const char c = text[position + i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    position += count;
    return value;
}

bool takeCharacter(std::string_view text, std::size_t& position, char wanted)
{
    if (position >= text.size() || text[position] != wanted)
        return false;
    ++position;
    return true;
}

/// "Z", "+hh:mm" or "-hh:mm", in seconds east of UTC.
std::optional<int> takeOffset(std::string_view text, std::size_t& position)
{
    if (takeCharacter(text, position, 'Z'))
        return 0;
    const bool west = takeCharacter(text, position, '-');
    if (!west && !takeCharacter(text, position, '+'))
        return std::nullopt;
    const int hours = takeDigits(text, position, 2);
    if (hours < 0 || hours > 14 || !takeCharacter(text, position, ':'))
        return std::nullopt;
    const int minutes = takeDigits(text, position, 2);
    if (minutes < 0 || minutes > 59)
        return std::nullopt;
    return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

struct TimeOfDay {
    bool valid = false;
    int seconds = 0;
    std::optional<int> offsetSeconds;
};

/// What stands behind the "T", to the end of the text.
TimeOfDay parseTimeOfDay(std::string_view text, std::size_t position)
{
    TimeOfDay time;
    const int hour = takeDigits(text, position, 2);
    if (hour < 0 || hour > 24 || !takeCharacter(text, position, ':'))
        return time;
    const int minute = takeDigits(text, position, 2);
    if (minute < 0 || minute > 59)
        return time;
    int second = 0;
    if (takeCharacter(text, position, ':')) {
        second = takeDigits(text, position, 2);
        if (second < 0 || second > 60)
            return time;
        if (takeCharacter(text, position, '.')) {
            const std::size_t first = position;
            while (position < text.size() && text[position] >= '0' && text[position] <= '9')
                ++position;
            if (position == first)
                return time;
        }
    }
    time.seconds = hour * 3600 + minute * 60 + second;
    if (time.seconds > 24 * 3600)
        return time;
    if (position < text.size()) {
        time.offsetSeconds = takeOffset(text, position);
        if (!time.offsetSeconds || position != text.size())
            return time;
    }
    time.valid = true;
    return time;
}

std::int64_t secondsOfDay(int year, int month, int day)
{
    const std::chrono::sys_days days = std::chrono::year(year) /
                                       std::chrono::month(static_cast<unsigned>(month)) /
                                       std::chrono::day(static_cast<unsigned>(day));
    return std::int64_t{days.time_since_epoch().count()} * 86400;
}

/// First moment and fineness: a coarser date comes before what it contains.
std::tuple<bool, std::int64_t, int> orderKey(const Date& date)
{
    if (!date.known())
        return {false, 0, 0};
    if (date.instantSeconds)
        return {true, *date.instantSeconds, 3};
    const int fineness = date.day != 0 ? 2 : date.month != 0 ? 1 : 0;
    return {true,
            secondsOfDay(date.year, date.month != 0 ? date.month : 1, date.day != 0 ? date.day : 1),
            fineness};
}

} // namespace

bool earlier(const Date& a, const Date& b)
{
    return orderKey(a) < orderKey(b);
}

Date parseDate(std::string_view text)
{
    Date unknown;
    unknown.text = std::string(text);
    std::size_t position = 0;
    Date date = unknown;

    const int year = takeDigits(text, position, 4);
    if (year < 1)
        return unknown;
    date.year = static_cast<std::int16_t>(year);
    if (position == text.size())
        return date;

    if (!takeCharacter(text, position, '-'))
        return unknown;
    const int month = takeDigits(text, position, 2);
    if (month < 1 || month > 12)
        return unknown;
    date.month = static_cast<std::int8_t>(month);
    if (position == text.size())
        return date;

    if (!takeCharacter(text, position, '-'))
        return unknown;
    const int day = takeDigits(text, position, 2);
    const std::chrono::year_month_day civil{
        std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(day < 0 ? 0U : static_cast<unsigned>(day))};
    if (!civil.ok())
        return unknown;
    date.day = static_cast<std::int8_t>(day);
    if (position == text.size())
        return date;

    if (!takeCharacter(text, position, 'T'))
        return unknown;
    const TimeOfDay time = parseTimeOfDay(text, position);
    if (!time.valid)
        return unknown;
    if (time.offsetSeconds)
        date.instantSeconds = secondsOfDay(year, month, day) + time.seconds - *time.offsetSeconds;
    return date;
}

std::string_view shownUnit(std::string_view unit)
{
    const bool one = unit.starts_with('1');
    const std::string_view rest = unit.substr(one ? 1 : 0);
    const bool remark = rest.starts_with('{') && rest.find('}') == rest.size() - 1;
    return remark || (one && rest.empty()) ? std::string_view() : unit;
}

const std::string& Concept::name() const
{
    if (!text.empty())
        return text;
    for (const Coding& coding : codings) {
        if (!coding.display.empty())
            return coding.display;
    }
    for (const Coding& coding : codings) {
        if (!coding.code.empty())
            return coding.code;
    }
    return text;
}

std::string Patient::displayName() const
{
    std::string name;
    icu::UnicodeString::fromUTF8(family).toUpper(icu::Locale::getRoot()).toUTF8String(name);
    if (!given.empty())
        name += (name.empty() ? "" : ", ") + given;
    if (!prefix.empty())
        name += (name.empty() ? "(" : " (") + prefix + ")";
    return name;
}

std::string Patient::medicalRecordNumber() const
{
    for (const Identifier& identifier : identifiers) {
        if (identifier.medicalRecord && !identifier.value.empty())
            return identifier.value;
    }
    return {};
}

} // namespace records
