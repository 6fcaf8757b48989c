// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/numbers.h"

#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <optional>

namespace evidence {

namespace {

using View = std::string_view;

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isWordByte(char c)
{
    return isLetter(c) || isDigit(c) || static_cast<unsigned char>(c) >= 0x80;
}

struct Alias {
    View written, unit;
};
// Left: lower case, blanks and annotations removed. Right: what is compared.
constexpr std::array kUnits{
    Alias{"mmol/l", "mmol/l"},
    Alias{"umol/l", "umol/l"},
    Alias{"nmol/l", "nmol/l"},
    Alias{"pmol/l", "pmol/l"},
    Alias{"meq/l", "meq/l"},
    Alias{"mmol/mol", "mmol/mol"},
    Alias{"mg/dl", "mg/dl"},
    Alias{"g/dl", "g/dl"},
    Alias{"g/l", "g/l"},
    Alias{"%", "%"},
    Alias{"percent", "%"},
    Alias{"mmhg", "mmhg"},
    Alias{"mm[hg]", "mmhg"},
    Alias{"kpa", "kpa"},
    Alias{"bpm", "/min"},
    Alias{"/min", "/min"},
    Alias{"beats/minute", "/min"},
    Alias{"beats/min", "/min"},
    Alias{"breaths/min", "/min"},
    Alias{"{beats}/min", "/min"},
    Alias{"{breaths}/min", "/min"},
    Alias{"kg", "kg"},
    Alias{"g", "g"},
    Alias{"grams", "g"},
    Alias{"gram", "g"},
    Alias{"mg", "mg"},
    Alias{"milligrams", "mg"},
    Alias{"milligram", "mg"},
    Alias{"ug", "ug"},
    Alias{"mcg", "ug"},
    Alias{"micrograms", "ug"},
    Alias{"microgram", "ug"},
    Alias{"ng", "ng"},
    Alias{"lb", "lb"},
    Alias{"lbs", "lb"},
    Alias{"[lb_av]", "lb"},
    Alias{"pounds", "lb"},
    Alias{"cm", "cm"},
    Alias{"mm", "mm"},
    Alias{"m", "m"},
    Alias{"inch", "inch"},
    Alias{"inches", "inch"},
    Alias{"[in_i]", "inch"},
    Alias{"ft", "ft"},
    Alias{"kg/m2", "kg/m2"},
    Alias{"ml", "ml"},
    Alias{"l", "l"},
    Alias{"litres", "l"},
    Alias{"liters", "l"},
    Alias{"dl", "dl"},
    Alias{"ml/min", "ml/min"},
    Alias{"ml/min/1.73m2", "ml/min/1.73m2"},
    Alias{"ml/min/{1.73_m2}", "ml/min/1.73m2"},
    Alias{"ml/min/1.73sqm", "ml/min/1.73m2"},
    Alias{"iu", "iu"},
    Alias{"[iu]", "iu"},
    Alias{"units", "units"},
    Alias{"unit", "units"},
    Alias{"fl", "fl"},
    Alias{"pg", "pg"},
    Alias{"cel", "c"},
    Alias{"\xC2\xB0"
          "c",
          "c"},
    Alias{"\xC2\xB0"
          "f",
          "f"},
    Alias{"[degf]", "f"},
    Alias{"x10^9/l", "10^9/l"},
    Alias{"10^9/l", "10^9/l"},
    Alias{"10*9/l", "10^9/l"},
    Alias{"x10*9/l", "10^9/l"},
    Alias{"10e9/l", "10^9/l"},
    Alias{"x10e9/l", "10^9/l"},
    Alias{"10*3/ul", "10^9/l"},
    Alias{"10^3/ul", "10^9/l"},
    Alias{"x10^3/ul", "10^9/l"},
    Alias{"k/ul", "10^9/l"},
    Alias{"10*6/ul", "10^12/l"},
    Alias{"10^6/ul", "10^12/l"},
    Alias{"10*12/l", "10^12/l"},
    Alias{"10^12/l", "10^12/l"},
    Alias{"x10^12/l", "10^12/l"},
    Alias{"m/ul", "10^12/l"},
    Alias{"mm/h", "mm/h"},
    Alias{"mm/hr", "mm/h"},
    Alias{"sec", "s"},
    Alias{"seconds", "s"},
    Alias{"s", "s"},
    Alias{"min", "min"},
    Alias{"mins", "min"},
    Alias{"minutes", "min"},
    Alias{"minute", "min"},
    Alias{"h", "h"},
    Alias{"hr", "h"},
    Alias{"hrs", "h"},
    Alias{"hours", "h"},
    Alias{"hour", "h"},
    Alias{"day", "day"},
    Alias{"days", "day"},
    Alias{"week", "week"},
    Alias{"weeks", "week"},
    Alias{"month", "month"},
    Alias{"months", "month"},
    Alias{"year", "year"},
    Alias{"years", "year"},
    Alias{"yr", "year"},
    Alias{"yrs", "year"},
    Alias{"tablet", "tablet"},
    Alias{"tablets", "tablet"},
    Alias{"tab", "tablet"},
    Alias{"capsule", "capsule"},
    Alias{"capsules", "capsule"},
    Alias{"puff", "puff"},
    Alias{"puffs", "puff"},
    Alias{"drops", "drop"},
    Alias{"cigarettes", "cigarette"},
    Alias{"u/l", "u/l"},
    Alias{"iu/l", "iu/l"},
    Alias{"[iu]/l", "iu/l"},
    Alias{"mg/g", "mg/g"},
};

/// Amount per amount, as in "pg/ml": a unit even where the table does not know it.
bool isRatio(View unit)
{
    constexpr std::array<View, 13> kPer{"l",   "dl", "ml",  "ul",   "kg", "h", "min",
                                        "day", "g",  "mol", "mmol", "m2", "hr"};
    const std::size_t slash = unit.find('/');
    return slash != View::npos && slash > 0 && slash <= 6 &&
           std::ranges::find(kPer, unit.substr(slash + 1)) != kPer.end() &&
           std::ranges::all_of(unit.substr(0, slash), isLetter);
}

/// The longest run at @p at that is a unit; its end is put into @p end.
std::string unitAt(View text, std::size_t at, std::size_t& end)
{
    std::size_t begin = at;
    if (begin < text.size() && (text[begin] == ' ' || text[begin] == '-'))
        ++begin;
    std::size_t stop = begin;
    while (stop < text.size() && text[stop] != ' ' && text[stop] != ',' && text[stop] != ';' &&
           text[stop] != '(' && text[stop] != ')' && text[stop] != '\n' && stop < begin + 24)
        ++stop;
    // "mmol/L." and "mg-": what is no part of the unit goes from the end.
    for (; stop > begin; --stop) {
        std::string unit = unitNamed(text.substr(begin, stop - begin));
        const bool whole =
            stop == text.size() || !isWordByte(text[stop]) || !isWordByte(text[stop - 1]);
        if (!unit.empty() && whole) {
            end = stop;
            return unit;
        }
    }
    return {};
}

std::string comparable(std::string digits)
{
    std::erase(digits, ',');
    const std::size_t first = digits.find_first_not_of('0');
    digits.erase(0, first == std::string::npos ? digits.size() - 1 : first);
    if (digits.find('.') != std::string::npos) {
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.ends_with('.'))
            digits.pop_back();
    }
    if (digits.empty() || digits.front() == '.')
        digits.insert(0, "0");
    return digits;
}

/// "1,234.5", "4.10", "4,1", "08:14" from @p at on; the end is put into @p end.
std::string digitsAt(View text, std::size_t at, std::size_t& end)
{
    std::size_t stop = at;
    bool point = false;
    bool clock = false;
    std::string digits;
    while (stop < text.size()) {
        const char c = text[stop];
        const bool digitFollows = stop + 1 < text.size() && isDigit(text[stop + 1]);
        if (isDigit(c)) {
            digits += c;
        } else if (c == '.' && digitFollows && !point) {
            point = true;
            digits += c;
        } else if (c == ':' && digitFollows && !point) {
            clock = true;
            digits += c;
        } else if (c == ',' && digitFollows && !point && !clock) {
            std::size_t run = stop + 1;
            while (run < text.size() && isDigit(text[run]))
                ++run;
            const std::size_t length = run - stop - 1;
            if (length != 3) { // 4,1 is a decimal comma, 1,234 groups thousands
                if (length > 2)
                    break;
                point = true;
                digits += '.';
            }
        } else {
            break;
        }
        ++stop;
    }
    end = stop;
    return clock ? digits : comparable(std::move(digits));
}

struct Lead {
    View words, sign;
};
constexpr std::array kLeads{Lead{"<=", "<="},
                            Lead{"\xE2\x89\xA4", "<="},
                            Lead{"<", "<"},
                            Lead{">=", ">="},
                            Lead{"\xE2\x89\xA5", ">="},
                            Lead{">", ">"},
                            Lead{"less than or equal to", "<="},
                            Lead{"no more than", "<="},
                            Lead{"at most", "<="},
                            Lead{"up to", "<="},
                            Lead{"less than", "<"},
                            Lead{"lower than", "<"},
                            Lead{"below", "<"},
                            Lead{"under", "<"},
                            Lead{"at least", ">="},
                            Lead{"more than", ">"},
                            Lead{"greater than", ">"},
                            Lead{"higher than", ">"},
                            Lead{"exceeding", ">"},
                            Lead{"above", ">"},
                            Lead{"over", ">"}};

/// A comparator that ends at @p at (blanks between allowed); moves @p at to its start.
std::string comparatorBefore(View text, std::size_t& at)
{
    std::size_t end = at;
    while (end > 0 && text[end - 1] == ' ')
        --end;
    const std::string before =
        lowered(text.substr(end < 24 ? 0 : end - 24, std::min<std::size_t>(end, 24)));
    for (const Lead& lead : kLeads) {
        if (!View(before).ends_with(lead.words))
            continue;
        const std::size_t rest = before.size() - lead.words.size();
        if (isLetter(lead.words.front()) && rest > 0 && isWordByte(before[rest - 1]))
            continue;
        at = end - lead.words.size();
        return std::string(lead.sign);
    }
    return {};
}

/// "reference range 3.5-5.1", "(ref 3.5 - 5.1)": whether the words just before say so.
bool isRangeBound(View text, std::size_t at)
{
    const std::size_t from = at < 28 ? 0 : at - 28;
    const View before = text.substr(from, at - from);
    const std::size_t stop = before.find_last_of(";)");
    const View near = stop == View::npos ? before : before.substr(stop);
    const std::vector<Word> words = wordsOf(near);
    for (std::size_t i = words.size(); i > 0 && words.size() - i < 5; --i) {
        const std::string& word = words[i - 1].text;
        if (word == "range" || word == "ref" || word == "reference" || word == "normal" ||
            word == "limits")
            return true;
        const bool inBetween = isDigit(word.front()) || word == "to" || word == "is" ||
                               word == "of" || word == "from" || word == "up" ||
                               word == "between" || word == "and";
        if (!inBetween)
            return false;
    }
    return false;
}

std::optional<View> numberWord(View word)
{
    constexpr std::array<View, 12> kWords{"",    "",      "two",   "three", "four", "five",
                                          "six", "seven", "eight", "nine",  "ten",  "eleven"};
    constexpr std::array<View, 12> kDigits{"",  "",  "2", "3", "4",  "5",
                                           "6", "7", "8", "9", "10", "11"};
    for (std::size_t i = 2; i < kWords.size(); ++i) {
        if (word == kWords.at(i))
            return kDigits.at(i);
    }
    return word == "twelve" ? std::optional<View>("12") : std::nullopt;
}

/// "132/84 mmHg" and "3-5 mg": the first shares the unit of the second. "4.6 mmol/L (3.5-5.1)":
/// the pair right behind a value is its range.
void joinPairs(View text, std::vector<NumberMention>& numbers)
{
    for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
        NumberMention& first = numbers[i];
        NumberMention& second = numbers[i + 1];
        const std::size_t gap = second.begin - std::min(first.end, second.begin);
        if (gap != 1 || (text[first.end] != '/' && text[first.end] != '-'))
            continue;
        if (first.unit.empty())
            first.unit = second.unit;
        const bool enclosed = text[first.end] == '-' && first.begin > 0 &&
                              text[first.begin - 1] == '(' && second.end < text.size() &&
                              text[second.end] == ')';
        if (enclosed && i > 0 && numbers[i - 1].end + 2 >= first.begin)
            first.range = second.range = true;
    }
}

} // namespace

std::string unitNamed(View text)
{
    std::string unit = lowered(text);
    for (const View micro : {View("\xC2\xB5"), View("\xCE\xBC")}) {
        for (std::size_t at = unit.find(micro); at != std::string::npos; at = unit.find(micro))
            unit.replace(at, micro.size(), "u");
    }
    for (const View square : {View("\xC2\xB2"), View("^2")}) {
        if (const std::size_t at = unit.find(square); at != std::string::npos)
            unit.replace(at, square.size(), "2");
    }
    if (unit.starts_with("\xC3\x97")) // multiplication sign
        unit.replace(0, 2, "x");
    for (const Alias& alias : kUnits) {
        if (unit == alias.written)
            return std::string(alias.unit);
    }
    return isRatio(unit) ? unit : std::string();
}

std::vector<NumberMention> numbersIn(View text,
                                     const std::vector<std::pair<std::size_t, std::size_t>>& masked)
{
    std::vector<NumberMention> numbers;
    const auto maskEnd = [&](std::size_t at) {
        for (const auto& [begin, end] : masked) {
            if (at >= begin && at < end)
                return end;
        }
        return at;
    };
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t end = maskEnd(at); end != at) {
            at = end;
            continue;
        }
        if (!isWordByte(text[at])) {
            ++at;
            continue;
        }
        NumberMention number;
        std::size_t end = at;
        if (isDigit(text[at])) {
            number.value = digitsAt(text, at, end);
        } else {
            while (end < text.size() && isWordByte(text[end]))
                ++end;
            const auto value = numberWord(lowered(text.substr(at, end - at)));
            if (!value) {
                at = end;
                continue;
            }
            number.value = *value;
        }
        // "3.5-5.1 mmol/L": a minus sign only where no number stands before it.
        number.begin = at;
        if (at > 0 && text[at - 1] == '-' &&
            (at == 1 || text[at - 2] == ' ' || text[at - 2] == '(')) {
            number.value.insert(0, "-");
            --number.begin;
        }
        number.range = isRangeBound(text, number.begin);
        number.comparator = comparatorBefore(text, number.begin);
        number.end = end;
        number.unit = unitAt(text, end, number.end);
        const bool nameFollows = number.end == end && end < text.size() && isLetter(text[end]);
        if (!nameFollows) // "2nd", "3D"
            numbers.push_back(number);
        at = std::max(number.end, end);
        while (nameFollows && at < text.size() && isWordByte(text[at]))
            ++at;
    }
    joinPairs(text, numbers);
    return numbers;
}

} // namespace evidence
