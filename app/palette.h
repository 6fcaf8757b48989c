// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QPalette>

namespace app {

enum class Scheme { Light, Dark };

/// Every colour of the program. Each text colour has a contrast of at least 4.5:1 on page, panel
/// and banner (tests/app/tst_looks.cpp computes it).
struct Colors {
    QColor page, panel, banner;
    QColor text, secondary, accent;
    QColor supported, partly, notSupported, computed;
    QColor border;
};

[[nodiscard]] const Colors& colorsOf(Scheme scheme);
[[nodiscard]] QPalette paletteOf(const Colors& colors);

/// @p share (0 to 1) of @p over on @p under.
[[nodiscard]] QColor mix(const QColor& over, const QColor& under, double share);

/// What custom painting takes from a widget's palette: text that matters less, the background of a
/// highlighted span, and the lines of a drawing.
[[nodiscard]] QColor secondaryText(const QPalette& palette);
[[nodiscard]] QColor evidenceTint(const QPalette& palette);
[[nodiscard]] QColor quoteTint(const QPalette& palette); ///< of its words that matter most
[[nodiscard]] QColor hairline(const QPalette& palette);
[[nodiscard]] QColor flagText(const QPalette& palette);

} // namespace app
