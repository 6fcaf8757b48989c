// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QStringList>

class QWidget;

/// Measures a window as it is on screen.
namespace looks {

/// WCAG 2.2 contrast ratio, 1 to 21.
[[nodiscard]] double contrast(const QColor& a, const QColor& b);
/// Texts of labels, buttons, sentences, headers, rows and tabs that do not fit their place.
[[nodiscard]] QStringList cutTexts(const QWidget& window);
/// Labels and buttons whose drawn pixels have no colour of 4.5:1 on their most frequent one.
[[nodiscard]] QStringList faintTexts(QWidget& window);
/// Visible texts outside ‹marks› that are none of @p known and hold letters.
[[nodiscard]] QStringList untranslated(const QWidget& window, const QStringList& known);

} // namespace looks
