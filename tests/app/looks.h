// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QStringList>

class QWidget;

/// Measures a window as it is on screen.
namespace looks {

/// WCAG 2.2 contrast ratio, 1 to 21.
[[nodiscard]] double contrast(const QColor& a, const QColor& b);
/// Texts of labels, buttons, sentences, tables, lists, tabs, fields and placeholders that do not
/// fit their place. Dialogs are windows of their own: measure them as such.
[[nodiscard]] QStringList cutTexts(const QWidget& window);
/// Texts of the same kinds, and of the source, whose letters as drawn have less than 4.5:1 on their
/// ground. A few strong pixels do not save a faint text.
[[nodiscard]] QStringList faintTexts(QWidget& window);
/// What is wrong with the source that is shown: fewer than six lines, its highlight not in view or
/// not painted, rows of evidence shown in part.
[[nodiscard]] QStringList sourceFaults(QWidget& window);
/// Visible texts outside ‹marks› that are none of @p known and hold letters.
[[nodiscard]] QStringList untranslated(const QWidget& window, const QStringList& known);

} // namespace looks
