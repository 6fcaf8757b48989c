// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// "02-Mar-2026", "Mar-2026", "2026"; the recorded text where it is no date; "" for none.
[[nodiscard]] std::string shown(const records::Date& date);
/// "2026-03-02", "2026-03", "2026"; "" where the date is not known.
[[nodiscard]] std::string isoDay(const records::Date& date);

/// A date told in prose, as far as it is told.
struct DateMention {
    int year = 0;           // 0: not told ("in March")
    int month = 0;          // 0: not told
    int day = 0;            // 0: not told
    bool ambiguous = false; // 03/02/2026: read as day/month; month/day would be a date as well
    std::size_t begin = 0;  // bytes of the text
    std::size_t end = 0;
};

/// All dates in @p text, in order: 2026-03-02, 02-Mar-2026, 2nd of March 2026, March 2, 2026,
/// Mar 2026, 02/03/2026, 2.3.26, "in March", "since 2019". A bare year only after such a word.
[[nodiscard]] std::vector<DateMention> datesIn(std::string_view text);
[[nodiscard]] DateMention mentionOf(const records::Date& date);

enum class DateFit : std::uint8_t {
    Fits,      // the same, or less exact than recorded
    TooFine,   // agrees as far as recorded, and says more
    Ambiguous, // fits in one of its two readings
    Differs,
};
/// How a date that was told fits one that was recorded.
[[nodiscard]] DateFit fit(const DateMention& told, const DateMention& recorded);

} // namespace evidence
