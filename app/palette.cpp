// SPDX-License-Identifier: Apache-2.0
#include "app/palette.h"

namespace app {

namespace {
// Measured on page / panel / banner: docs/decisions has no page for these, the test does.
const Colors kLight{
    .page = QColor(0xFFFFFF),
    .panel = QColor(0xF4F6F8),
    .banner = QColor(0xE6F0F5),
    .text = QColor(0x16202A),
    .secondary = QColor(0x4A5763),
    .accent = QColor(0x0B6288),
    .supported = QColor(0x17693F),
    .partly = QColor(0x7A5200),
    .notSupported = QColor(0xA3211B),
    .computed = QColor(0x5041A8),
    .border = QColor(0xD5DAE0),
};
const Colors kDark{
    .page = QColor(0x12171C),
    .panel = QColor(0x1B232B),
    .banner = QColor(0x22303A),
    .text = QColor(0xE6EBF0),
    .secondary = QColor(0xAEB9C4),
    .accent = QColor(0x6CBDE2),
    .supported = QColor(0x63CC94),
    .partly = QColor(0xE3B341),
    .notSupported = QColor(0xFF938A),
    .computed = QColor(0xB8ACF6),
    .border = QColor(0x33404C),
};
constexpr double kEvidenceShare = 0.25;
constexpr double kQuoteShare = 0.48;
} // namespace

const Colors& colorsOf(Scheme scheme)
{
    return scheme == Scheme::Dark ? kDark : kLight;
}

QPalette paletteOf(const Colors& colors)
{
    QPalette palette;
    palette.setColor(QPalette::Window, colors.panel);
    palette.setColor(QPalette::Base, colors.page);
    palette.setColor(QPalette::AlternateBase, colors.panel);
    palette.setColor(QPalette::Button, colors.panel);
    palette.setColor(QPalette::ToolTipBase, colors.banner);
    for (const auto role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText})
        palette.setColor(role, colors.text);
    palette.setColor(QPalette::PlaceholderText, colors.secondary);
    palette.setColor(QPalette::Highlight, colors.accent);
    palette.setColor(QPalette::HighlightedText, colors.page);
    palette.setColor(QPalette::Accent, colors.accent);
    palette.setColor(QPalette::Link, colors.accent);
    // No link is ever shown; the role carries secondary text, because a style sheet's "color"
    // overwrites PlaceholderText in the palettes that widgets get.
    palette.setColor(QPalette::LinkVisited, colors.secondary);
    palette.setColor(QPalette::BrightText, colors.notSupported);
    for (const auto role :
         {QPalette::Mid, QPalette::Midlight, QPalette::Light, QPalette::Dark, QPalette::Shadow})
        palette.setColor(role, colors.border);
    // A control that cannot be used is still read: grey text, not pale text.
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, colors.secondary);
    return palette;
}

QColor mix(const QColor& over, const QColor& under, double share)
{
    const auto blend = [share](int a, int b) { return qRound(a * share + b * (1.0 - share)); };
    return QColor(blend(over.red(), under.red()), blend(over.green(), under.green()),
                  blend(over.blue(), under.blue()));
}

QColor secondaryText(const QPalette& palette)
{
    return palette.color(QPalette::LinkVisited);
}

QColor evidenceTint(const QPalette& palette)
{
    return mix(palette.color(QPalette::Accent), palette.color(QPalette::Base), kEvidenceShare);
}

QColor quoteTint(const QPalette& palette)
{
    return mix(palette.color(QPalette::Accent), palette.color(QPalette::Base), kQuoteShare);
}

QColor hairline(const QPalette& palette)
{
    return palette.color(QPalette::Mid);
}

QColor flagText(const QPalette& palette)
{
    return palette.color(QPalette::BrightText);
}

} // namespace app
