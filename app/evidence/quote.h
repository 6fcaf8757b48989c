// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QSet>
#include <QString>

namespace app {

/// A span of a text in UTF-16 units.
struct TextRange {
    qsizetype begin = 0, end = 0;

    [[nodiscard]] bool empty() const { return end <= begin; }
    [[nodiscard]] bool holds(const TextRange& other) const
    {
        return begin <= other.begin && other.end <= end;
    }
    friend bool operator==(const TextRange&, const TextRange&) = default;
};

/// What a sentence says that can be found again in its source: words of substance, numbers by
/// their value (4.1 is 4.10), dates by their day (04-Mar-2024 is 2024-03-04).
class Quote {
public:
    explicit Quote(const QString& sentence);

    /// Where @p text says the same; neighbours are one range ("persistent dry cough").
    [[nodiscard]] QList<TextRange> in(const QString& text) const;
    /// How much of the sentence @p text says: a number or a date counts as two words.
    [[nodiscard]] int weightIn(const QString& text) const;
    /// Whether @p text holds a number of the sentence.
    [[nodiscard]] bool sharesNumber(const QString& text) const;

private:
    QSet<QString> m_said;
};

/// The part of @p whole to bring into view: where most of @p words stand close together, and
/// @p whole itself without any.
[[nodiscard]] TextRange densest(const TextRange& whole, const QList<TextRange>& words);

} // namespace app
