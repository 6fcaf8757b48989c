// SPDX-License-Identifier: Apache-2.0
#include "app/theme.h"

#include <QApplication>
#include <QFont>
#include <QStyleHints>

#include <algorithm>
#include <array>
#include <utility>

namespace app {

namespace {
constexpr double kBodyPoints = 10.5;
constexpr double kFocusTint = 0.12;

// @words are replaced by colours and sizes below. Widgets name their part by objectName or by
// a property (role, verdict, tinted); no widget sets a colour itself.
const char* const kSheet = R"(
QWidget { color: @text; }
QMainWindow, #page { background: @panel; }
QToolTip { background: @banner; color: @text; border: 1px solid @border; padding: 4px; }

#banner { background: @banner; border-bottom: 1px solid @border; }
#banner QLabel[role="name"] { font-size: @size120; font-weight: 700; }
#banner QLabel[role="label"] { color: @secondary; }
#banner QLabel[role="value"] { font-weight: 600; }
#banner QLabel[role="alert"] { font-weight: 700; color: @notSupported; }

#strip { background: @panel; border-bottom: 1px solid @border; }
#strip QLabel { color: @secondary; font-size: @size85; }
#strip QLabel[role="good"] { color: @supported; font-weight: 600; }
#strip QLabel[role="warn"] { color: @partly; font-weight: 600; }
#strip QToolButton { font-size: @size85; }

#notice { background: @banner; border-bottom: 1px solid @border; border-left: 4px solid @partly; }
#notice[role="alarm"] { border-left: 4px solid @notSupported; }
#notice[role="alarm"] QLabel { color: @notSupported; font-weight: 600; }

QLabel[role="title"] { font-size: @size145; font-weight: 600; }
QLabel[role="heading"] { font-size: @size85; font-weight: 700; color: @secondary; }
QLabel[role="secondary"] { color: @secondary; }
QLabel[role="small"] { color: @secondary; font-size: @size85; }
QLabel[role="caution"] { color: @partly; font-weight: 600; }
QLabel[role="error"] { color: @notSupported; font-weight: 600; }
QLabel[role="draft"] { color: @partly; font-size: @size85; font-weight: 600; }
QLabel[role="computed"] { color: @computed; font-size: @size85; font-weight: 600; }
QLabel[role="question"] { font-weight: 600; }

#card { background: @page; border: 1px solid @border; border-radius: 6px; }
#turn { background: transparent; }
#asked { background: @banner; border-radius: 6px; }
#conflict { background: @panel; border-left: 3px solid @partly; }
#abstention { background: @panel; border-left: 3px solid @accent; }
#conflict QLabel[role="word"] { color: @partly; font-weight: 700; }
#abstention QLabel[role="word"] { color: @accent; font-weight: 700; }

app--ClaimLine { background: transparent; border-radius: 4px; }
app--ClaimLine[tinted="true"] { background: @tint; }

QToolButton, QPushButton { background: @page; border: 1px solid @border; border-radius: 6px; padding: 2px 8px;
    min-height: 20px; }
QPushButton { padding: 4px 12px; }
QToolButton:hover, QPushButton:hover { border-color: @accent; }
QToolButton:focus, QPushButton:focus { border: 2px solid @accent; padding: 1px 7px; }
QPushButton:focus { padding: 3px 11px; }
QToolButton:checked { background: @tint; border-color: @accent; }
QToolButton:disabled, QPushButton:disabled { color: @secondary; }
QPushButton[role="primary"] { background: @accent; color: @page; border-color: @accent; font-weight: 600; }
QPushButton[role="primary"]:focus { border: 2px solid @text; }
QPushButton[role="primary"]:disabled { background: @panel; color: @secondary; border-color: @border; }

app--CitationChip { background: @page; padding: 1px 5px; min-height: 20px; font-size: @size85; font-weight: 600; }
app--CitationChip:focus { padding: 0px 4px; min-height: 20px; border: 2px solid @accent; }
app--CitationChip[verdict="supported"] { color: @supported; border-color: @supported; }
app--CitationChip[verdict="partly"] { color: @partly; border-color: @partly; }
app--CitationChip[verdict="not_supported"] { color: @notSupported; border-color: @notSupported; }
app--CitationChip[verdict="computed"] { color: @computed; border-color: @computed; }
app--CitationChip[verdict="no_claim"] { color: @accent; border-color: @accent; }
app--CitationChip:focus[verdict] { border-color: @accent; }

QLineEdit, QPlainTextEdit { background: @page; border: 1px solid @border; border-radius: 6px; padding: 4px 6px;
    selection-background-color: @accent; selection-color: @page; }
QLineEdit, QPlainTextEdit { placeholder-text-color: @secondary; }
QLineEdit { min-height: 22px; }
QLineEdit:focus, QPlainTextEdit:focus { border: 2px solid @accent; padding: 3px 5px; }
QTextBrowser { background: @page; border: 1px solid @border; border-radius: 6px;
    selection-background-color: @accent; selection-color: @page; }
QTextBrowser:focus { border: 2px solid @accent; }

QListView, QTableView { background: @page; border: 1px solid @border; border-radius: 6px; outline: 0;
    gridline-color: @border; alternate-background-color: @panel; }
QListView:focus, QTableView:focus { border: 2px solid @accent; }
QListView::item { padding: 4px 6px; min-height: 20px; border: 1px solid transparent; }
QTableView::item { padding: 4px 6px; border: 0; }
QListView::item:hover { background: @panel; }
QListView::item:selected, QTableView::item:selected { background: @tint; color: @text; }
QListView::item:selected:active { background: @tint; color: @text; border: 1px solid @accent; }
QHeaderView { background: @panel; border: 0; }
QHeaderView::section { background: @panel; color: @secondary; border: 0; border-bottom: 1px solid @border;
    padding: 4px 6px; font-size: @size85; font-weight: 600; }

QTabWidget::pane { border: 0; border-top: 1px solid @border; }
QTabBar { background: transparent; font-size: @size85; font-weight: 600; }
QTabBar::tab { background: transparent; color: @secondary; padding: 5px 7px; min-height: 20px; border: 0;
    border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @accent; border-bottom: 2px solid @accent; }
QTabBar::tab:focus { background: @tint; }
QScrollArea { background: transparent; border: 0; }
#readable { border-left: 2px solid transparent; }
#readable:focus { border-left: 2px solid @accent; }
#readable > QWidget > QWidget { background: transparent; }
#conversation { background: @page; border: 1px solid @border; border-radius: 6px; }
#conversation:focus { border: 2px solid @accent; }
#column { background: @page; }
QSplitter::handle { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @border; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 2px; }
QScrollBar::handle:hover { background: @secondary; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QDialog, QMessageBox { background: @panel; }
)";

QString points(double percent, int scale)
{
    return QString::number(kBodyPoints * percent / 100.0 * scale / 100.0, 'f', 2) +
           QStringLiteral("pt");
}

QString sheetOf(const Colors& colors, int scale)
{
    const std::array<std::pair<QString, QString>, 16> words{{
        {QStringLiteral("@size85"), points(85, scale)},
        {QStringLiteral("@size120"), points(120, scale)},
        {QStringLiteral("@size145"), points(145, scale)},
        {QStringLiteral("@page"), colors.page.name()},
        {QStringLiteral("@panel"), colors.panel.name()},
        {QStringLiteral("@banner"), colors.banner.name()},
        {QStringLiteral("@text"), colors.text.name()},
        {QStringLiteral("@secondary"), colors.secondary.name()},
        {QStringLiteral("@accent"), colors.accent.name()},
        {QStringLiteral("@supported"), colors.supported.name()},
        {QStringLiteral("@partly"), colors.partly.name()},
        {QStringLiteral("@notSupported"), colors.notSupported.name()},
        {QStringLiteral("@computed"), colors.computed.name()},
        {QStringLiteral("@border"), colors.border.name()},
        {QStringLiteral("@tint"), mix(colors.accent, colors.page, kFocusTint).name()},
        {QStringLiteral("@none"), QStringLiteral("transparent")},
    }};
    QString sheet = QString::fromLatin1(kSheet);
    for (const auto& [word, value] : words)
        sheet.replace(word, value);
    return sheet;
}
} // namespace

Scheme schemeOf(ThemeChoice choice)
{
    if (choice == ThemeChoice::System)
        return QGuiApplication::styleHints()->colorScheme() == Qt::ColorScheme::Dark
                   ? Scheme::Dark
                   : Scheme::Light;
    return choice == ThemeChoice::Dark ? Scheme::Dark : Scheme::Light;
}

void dress(QApplication& application, ThemeChoice choice, int scale)
{
    const int held = std::clamp(scale, kSmallestScale, kLargestScale);
    const Colors& colors = colorsOf(schemeOf(choice));
    application.setStyle(QStringLiteral("Fusion"));
    application.setPalette(paletteOf(colors));
    QFont font(QStringLiteral("Noto Sans"));
    font.setStyleHint(QFont::SansSerif);
    font.setPointSizeF(kBodyPoints * held / 100.0);
    font.setFeature("tnum", 1); // digits of one width: columns of values line up
    application.setFont(font);
    application.setStyleSheet(sheetOf(colors, held));
}

} // namespace app
