// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/palette.h"

class QApplication;

namespace app {

enum class ThemeChoice { System, Light, Dark };

constexpr int kSmallestScale = 80;
constexpr int kLargestScale = 200;

/// Dresses the whole program: style, palette, font and the one style sheet.
/// @p scale is the text size in percent, held between kSmallestScale and kLargestScale.
void dress(QApplication& application, ThemeChoice choice, int scale);

/// The scheme that @p choice means now.
[[nodiscard]] Scheme schemeOf(ThemeChoice choice);

} // namespace app
