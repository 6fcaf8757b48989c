// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

class QWidget;

/// Goes through a window as somebody does who has no mouse.
namespace keyboard {

/// What can be used in @p window (buttons, fields, lists, tables, tabs, text) and that pressing Tab
/// until it comes round again does not visit. The keyboard is put back where it was.
[[nodiscard]] QStringList missedByTab(QWidget& window);

} // namespace keyboard
