// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QVariant>

class QLabel;
class QWidget;

namespace app {

/// A label that shows @p text as plain text, whatever it holds, and is styled by @p role
/// (theme.cpp).
[[nodiscard]] QLabel* plainLabel(const QString& text, const char* role, QWidget* parent = nullptr);
/// As plainLabel, over as many lines as it needs.
[[nodiscard]] QLabel* wrappedLabel(const QString& text, const char* role,
                                   QWidget* parent = nullptr);

/// Sets a property that the style sheet selects by, and dresses the widget again.
void restyle(QWidget* widget, const char* property, const QVariant& value);

/// Speaks @p text to a screen reader, politely, once.
void announce(QWidget* from, const QString& text);

} // namespace app
