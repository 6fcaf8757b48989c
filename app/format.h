// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QDate>

namespace app {

/// "1945-07-14" -> "14-Jul-1945"; "2019-03" -> "Mar-2019"; "2019" -> "2019"; an instant keeps the
/// clock time that was recorded. Anything else stands as it is.
[[nodiscard]] QString shownDate(const QString& recorded);
/// As shownDate, without the time of day.
[[nodiscard]] QString shownDay(const QString& recorded);

/// "14-Jul-1945 (81y)"; of somebody who died, the age at death; "Not Known" without a date.
[[nodiscard]] QString shownBirth(const PatientSummary& patient, QDate today);
[[nodiscard]] QString shownGender(const QString& code);
/// "<0.01 ng/mL", "Positive", or a word for an absent value.
[[nodiscard]] QString shownValue(const Lab& lab);
[[nodiscard]] QString shownRange(const Lab& lab);
/// "Penicillin: anaphylaxis, severe · Latex", or the words for none known and none recorded.
[[nodiscard]] QString shownAllergies(const Chart& chart);

/// The numbers in their order, each once.
[[nodiscard]] QList<int> withoutRepeats(const QList<int>& numbers);
/// The sentence without its "[1]" marks: the chips behind it carry the numbers.
[[nodiscard]] QString withoutMarks(const QString& sentence);

[[nodiscard]] QChar shapeOf(Verdict verdict);
[[nodiscard]] QString wordOf(Verdict verdict);
[[nodiscard]] QString wireNameOf(Verdict verdict); ///< as in api.md; the style sheet's property

/// What happened, what was kept, what to do: the sentence for a failure's code.
[[nodiscard]] QString sentenceFor(const Failure& failure);
[[nodiscard]] QString sentenceFor(WitnessVerdict verdict);

} // namespace app
