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
/// Texts of the same kinds, and of the source, whose drawn pixels have no colour of 4.5:1 on their
/// most frequent one.
[[nodiscard]] QStringList faintTexts(QWidget& window);
/// Visible texts outside ‹marks› that are none of @p known and hold letters.
[[nodiscard]] QStringList untranslated(const QWidget& window, const QStringList& known);

} // namespace looks
