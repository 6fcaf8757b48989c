// SPDX-License-Identifier: Apache-2.0
#include "tests/app/looks.h"

#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"
#include "app/evidence/source_view.h"
#include "app/palette.h"

#include <QAbstractButton>
#include <QAbstractTextDocumentLayout>
#include <QHash>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QScrollBar>
#include <QTabBar>
#include <QTableView>
#include <QTextBlock>
#include <QTextEdit>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace looks {

namespace {

double luminance(const QColor& color)
{
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
           0.0722 * linear(color.blueF());
}

/// Inside a scroll area what lies outside is reached by scrolling; everything else must show.
bool reachedByScrolling(const QWidget* widget)
{
    for (const QWidget* up = widget->parentWidget(); up != nullptr; up = up->parentWidget()) {
        if (up->inherits("QAbstractScrollArea"))
            return true;
    }
    return false;
}

QString textOf(const QWidget* widget)
{
    if (const auto* label = qobject_cast<const QLabel*>(widget))
        return label->text();
    if (const auto* button = qobject_cast<const QAbstractButton*>(widget))
        return button->text();
    if (const auto* line = qobject_cast<const app::ClaimLine*>(widget))
        return line->text();
    return {};
}

/// Whether @p text, wrapped at words where it may be, has room in @p size.
bool hasRoom(const QString& text, const QFontMetrics& metrics, QSize size, bool wraps)
{
    const int flags = wraps ? Qt::TextWordWrap : Qt::TextSingleLine;
    const QSize wanted =
        metrics.boundingRect(QRect(0, 0, size.width(), 1 << 20), flags, text).size();
    return wanted.width() <= size.width() + 1 && wanted.height() <= size.height() + 1;
}

QString listFault(const QListView* list)
{
    constexpr int kFrame = 2 * (6 + 1); // padding and border of the style sheet
    for (int row = 0; row < list->model()->rowCount(); ++row) {
        const QModelIndex item = list->model()->index(row, 0);
        QSize size = list->visualRect(item).size();
        size.setWidth(qMin(size.width(), list->viewport()->width()) - kFrame);
        for (const QString& line : item.data().toString().split(QLatin1Char('\n'))) {
            if (!hasRoom(line, list->fontMetrics(), size, list->wordWrap()))
                return QStringLiteral("item ") + line;
        }
        if (!hasRoom(item.data().toString(), list->fontMetrics(), size, list->wordWrap()))
            return QStringLiteral("item ") + item.data().toString();
    }
    return {};
}

QString editFault(const QPlainTextEdit* edit)
{
    const int margin = static_cast<int>(edit->document()->documentMargin());
    const QSize room = edit->viewport()->size() - QSize(2 * margin, 0);
    const QString hint = edit->toPlainText().isEmpty() ? edit->placeholderText() : QString();
    if (!hasRoom(hint, edit->fontMetrics(), room, true))
        return QStringLiteral("placeholder ") + hint;
    return edit->fontMetrics().height() <= room.height()
               ? QString()
               : QStringLiteral("field ") + edit->accessibleName();
}

QString lineFault(const QLineEdit* edit)
{
    constexpr int kFrame = 2 * (6 + 1 + 2); // padding, border, Qt's own margin
    const QSize room(edit->width() - kFrame, edit->contentsRect().height());
    if (edit->text().isEmpty() &&
        !hasRoom(edit->placeholderText(), edit->fontMetrics(), room, false))
        return QStringLiteral("placeholder ") + edit->placeholderText();
    return edit->fontMetrics().height() <= room.height()
               ? QString()
               : QStringLiteral("field ") + edit->accessibleName();
}

QString tabFault(const QTabBar* tabs)
{
    for (int tab = 0; tab < tabs->count(); ++tab) {
        const QRect box = tabs->tabRect(tab);
        if (box.right() >= tabs->width() || box.left() < 0 ||
            tabs->fontMetrics().horizontalAdvance(tabs->tabText(tab)) > box.width())
            return QStringLiteral("tab ") + tabs->tabText(tab);
    }
    return {};
}

QString tableFault(const QTableView* table)
{
    if (table->model() == nullptr || table->model()->rowCount() == 0)
        return {};
    const QHeaderView* header = table->horizontalHeader();
    if (header->length() > table->viewport()->width() + 1)
        return QStringLiteral("columns of ") + table->accessibleName();
    for (int column = 0; column < table->model()->columnCount(); ++column) {
        const QString title =
            table->model()->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
        if (header->sectionSizeHint(column) > header->sectionSize(column) + 1)
            return QStringLiteral("header ") + title;
        for (int row = 0; row < table->model()->rowCount(); ++row) {
            const QModelIndex cell = table->model()->index(row, column);
            const QSize wanted = table->itemDelegate()->sizeHint(
                [&] {
                    QStyleOptionViewItem option;
                    option.initFrom(table);
                    option.widget = table;
                    option.rect = table->visualRect(cell);
                    option.font = table->font();
                    option.fontMetrics = table->fontMetrics();
                    return option;
                }(),
                cell);
            if (wanted.height() > table->rowHeight(row) + 1 ||
                wanted.width() > table->columnWidth(column) + 1)
                return QStringLiteral("cell ") + cell.data().toString();
        }
    }
    return {};
}

QString faultOf(const QWidget* widget)
{
    if (const auto* label = qobject_cast<const QLabel*>(widget)) {
        const bool fits = label->wordWrap()
                              ? label->heightForWidth(label->width()) <= label->height() + 1
                              : label->sizeHint().width() <= label->width() + 1 &&
                                    label->sizeHint().height() <= label->height() + 1;
        return fits || label->text().isEmpty() ? QString()
                                               : QStringLiteral("label ") + label->text();
    }
    if (const auto* button = qobject_cast<const QAbstractButton*>(widget))
        return button->text().isEmpty() || (button->sizeHint().width() <= button->width() + 1 &&
                                            button->sizeHint().height() <= button->height() + 1)
                   ? QString()
                   : QStringLiteral("button ") + button->text();
    if (const auto* line = qobject_cast<const app::ClaimLine*>(widget)) {
        for (const app::CitationChip* chip : line->chips()) {
            if (!line->rect().contains(chip->geometry()))
                return QStringLiteral("chip of ") + line->text();
        }
        return line->heightForWidth(line->width()) <= line->height() + 1
                   ? QString()
                   : QStringLiteral("sentence ") + line->text();
    }
    if (const auto* table = qobject_cast<const QTableView*>(widget))
        return tableFault(table);
    if (const auto* list = qobject_cast<const QListView*>(widget))
        return listFault(list);
    if (const auto* tabs = qobject_cast<const QTabBar*>(widget))
        return tabFault(tabs);
    if (const auto* edit = qobject_cast<const QLineEdit*>(widget))
        return lineFault(edit);
    if (const auto* edit = qobject_cast<const QPlainTextEdit*>(widget))
        return editFault(edit);
    if (const auto* text = qobject_cast<const QTextEdit*>(widget))
        return text->horizontalScrollBar()->maximum() == 0
                   ? QString()
                   : QStringLiteral("lines of ") + text->accessibleName();
    return {};
}

/// A text and where in its widget it is drawn, borders and cursor left out.
struct Piece {
    QString text;
    QRect place;
};

QList<Piece> itemsOf(const QAbstractItemView* view)
{
    QList<Piece> pieces;
    if (view->model() == nullptr)
        return pieces;
    const QPoint origin = view->viewport()->pos();
    const auto* table = qobject_cast<const QTableView*>(view);
    for (int row = 0; row < view->model()->rowCount(); ++row) {
        for (int column = 0; column < view->model()->columnCount(); ++column) {
            const QModelIndex index = view->model()->index(row, column);
            pieces += {index.data().toString(),
                       view->visualRect(index).translated(origin).adjusted(3, 3, -3, -3)};
        }
    }
    for (int column = 0; table != nullptr && column < table->model()->columnCount(); ++column) {
        const QHeaderView* header = table->horizontalHeader();
        pieces += {table->model()->headerData(column, Qt::Horizontal).toString(),
                   QRect(header->x() + header->sectionViewportPosition(column), header->y(),
                         header->sectionSize(column), header->height())
                       .adjusted(3, 1, -3, -2)};
    }
    return pieces;
}

/// The lines of a text that stand in its viewport, each with its own ground.
QList<Piece> linesOf(const QTextEdit* text)
{
    QList<Piece> pieces;
    const QRect room = text->viewport()->rect();
    const int scrolled = text->verticalScrollBar()->value();
    const QAbstractTextDocumentLayout* layout = text->document()->documentLayout();
    for (QTextBlock block = text->document()->begin(); block.isValid(); block = block.next()) {
        const QPointF at = layout->blockBoundingRect(block).topLeft() - QPointF(0, scrolled);
        for (int i = 0; i < block.layout()->lineCount(); ++i) {
            const QTextLine line = block.layout()->lineAt(i);
            const QRect place = line.naturalTextRect().translated(at).toAlignedRect();
            if (place.top() >= room.top() && place.bottom() <= room.bottom())
                pieces += {block.text().mid(line.textStart(), line.textLength()),
                           (place & room).translated(text->viewport()->pos())};
        }
    }
    return pieces;
}

QList<Piece> piecesOf(const QWidget* widget)
{
    constexpr int kCursor = 16; // a blinking cursor at the left is no text
    const QRect all = widget->rect();
    if (qobject_cast<const QHeaderView*>(widget) != nullptr)
        return {}; // told with its table
    if (const auto* view = qobject_cast<const QAbstractItemView*>(widget))
        return itemsOf(view);
    if (const auto* tabs = qobject_cast<const QTabBar*>(widget)) {
        QList<Piece> pieces;
        for (int tab = 0; tab < tabs->count(); ++tab)
            pieces += {tabs->tabText(tab), tabs->tabRect(tab).adjusted(3, 2, -3, -4)};
        return pieces;
    }
    if (const auto* edit = qobject_cast<const QLineEdit*>(widget))
        return {{edit->text().isEmpty() ? edit->placeholderText() : edit->text(),
                 all.adjusted(kCursor, 4, -4, -4)}};
    if (const auto* edit = qobject_cast<const QPlainTextEdit*>(widget))
        return {{edit->toPlainText().isEmpty() ? edit->placeholderText() : edit->toPlainText(),
                 edit->viewport()->geometry().adjusted(kCursor, 2, -2, -2)}};
    if (const auto* text = qobject_cast<const QTextEdit*>(widget))
        return linesOf(text);
    return {{textOf(widget), all.adjusted(3, 3, -3, -3)}};
}

/// The contrast that the letters in @p box have with the most frequent colour: of the pixels that
/// differ from it, nine of ten have less. Edges are blurred, so most letters' pixels are paler than
/// their colour; single dark ones may be no letters.
double contrastOfLetters(const QImage& image, QRect box)
{
    constexpr double kGroundShare = 0.15, kTint = 2.5; // a highlight behind a part of the text
    constexpr double kPercentile = 0.9;
    QHash<QRgb, int> counts;
    for (int y = box.top(); y <= box.bottom(); ++y) {
        for (int x = box.left(); x <= box.right(); ++x)
            ++counts[image.pixel(x, y)];
    }
    QRgb ground = 0;
    int most = -1;
    for (auto it = counts.cbegin(); it != counts.cend(); ++it) {
        if (it.value() > most) {
            most = it.value();
            ground = it.key();
        }
    }
    std::vector<std::pair<double, int>> letters;
    int all = 0;
    for (auto it = counts.cbegin(); it != counts.cend(); ++it) {
        const double here = contrast(QColor(it.key()), QColor(ground));
        if (it.key() == ground ||
            (here < kTint && it.value() > kGroundShare * box.width() * box.height()))
            continue;
        letters.emplace_back(here, it.value());
        all += it.value();
    }
    std::ranges::sort(letters);
    int seen = 0;
    for (const auto& [here, count] : letters) {
        seen += count;
        if (seen >= kPercentile * all)
            return here;
    }
    return 1;
}

/// Rows of a list that are shown in part; a border's width does not count.
QStringList cutRows(const QListView& list)
{
    constexpr int kBorder = 4;
    QStringList faults;
    for (int row = 0; row < list.model()->rowCount(); ++row) {
        const QRect place = list.visualRect(list.model()->index(row, 0));
        const int shown = (place & list.viewport()->rect()).height();
        if (shown > kBorder && shown < place.height())
            faults +=
                QStringLiteral("cut row %1: %2 of %3").arg(row).arg(shown).arg(place.height());
    }
    return faults;
}

/// How many pixels of @p box have one of @p colors.
int painted(const QImage& image, QRect box, const QList<QColor>& colors)
{
    int count = 0;
    box &= image.rect();
    for (int y = box.top(); y <= box.bottom(); ++y) {
        for (int x = box.left(); x <= box.right(); ++x)
            count += colors.contains(QColor(image.pixel(x, y))) ? 1 : 0;
    }
    return count;
}

} // namespace

double contrast(const QColor& a, const QColor& b)
{
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QStringList cutTexts(const QWidget& window)
{
    QStringList faults;
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->window() != &window)
            continue;
        if (const QString fault = faultOf(widget); !fault.isEmpty())
            faults += QStringLiteral("cut: %1 (%2×%3)")
                          .arg(fault)
                          .arg(widget->width())
                          .arg(widget->height());
        if (!textOf(widget).isEmpty() && !reachedByScrolling(widget) &&
            !widget->parentWidget()->rect().contains(widget->geometry()))
            faults += QStringLiteral("outside: ") + textOf(widget);
    }
    return faults;
}

QStringList faintTexts(QWidget& window)
{
    QStringList faults;
    const QImage image = window.grab().toImage().convertToFormat(QImage::Format_RGB32);
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->window() != &window)
            continue;
        const QRect seen = widget->visibleRegion().boundingRect();
        for (const Piece& piece : piecesOf(widget)) {
            const QRect shown = piece.place & seen;
            if (piece.text.trimmed().isEmpty() || shown.height() < widget->fontMetrics().height())
                continue; // mostly scrolled out of view
            const double best = contrastOfLetters(
                image, QRect(widget->mapTo(&window, shown.topLeft()), shown.size()) & image.rect());
            if (best < 4.5)
                faults += QStringLiteral("faint (%1): %2").arg(best, 0, 'f', 2).arg(piece.text);
        }
    }
    return faults;
}

QStringList sourceFaults(QWidget& window)
{
    constexpr int kLines = 6, kLeastPixels = 100;
    QStringList faults;
    const QImage image = window.grab().toImage().convertToFormat(QImage::Format_RGB32);
    for (const auto* source : window.findChildren<app::SourceView*>()) {
        if (!source->isVisible() || source->toPlainText().isEmpty())
            continue;
        const QRect room = source->viewport()->rect();
        const int line = QFontMetrics(source->document()->defaultFont()).lineSpacing();
        if (room.height() < kLines * line)
            faults += QStringLiteral("source of %1 lines").arg(room.height() / line);
        const QRect place = source->focusRect();
        if (place.isNull() || place.top() < 0 || place.top() + line > room.height() ||
            (place.height() <= room.height() && place.bottom() > room.bottom()))
            faults += QStringLiteral("highlight at %1-%2 of %3: %4")
                          .arg(place.top())
                          .arg(place.bottom())
                          .arg(room.height())
                          .arg(source->highlighted().left(40));
        const QRect inWindow(source->viewport()->mapTo(&window, room.topLeft()), room.size());
        if (painted(image, inWindow,
                    {app::evidenceTint(source->palette()), app::quoteTint(source->palette())}) <
            kLeastPixels)
            faults += QStringLiteral("highlight not painted");
    }
    for (const auto* rows : window.findChildren<QListView*>(QStringLiteral("evidenceRows"))) {
        if (rows->isVisible())
            faults += cutRows(*rows);
    }
    return faults;
}

QStringList untranslated(const QWidget& window, const QStringList& known)
{
    QStringList texts{window.windowTitle()};
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->window() != &window)
            continue;
        texts += {textOf(widget), widget->accessibleName(), widget->accessibleDescription(),
                  widget->toolTip()};
        if (const auto* edit = qobject_cast<const QLineEdit*>(widget))
            texts += edit->placeholderText();
        if (const auto* edit = qobject_cast<const QPlainTextEdit*>(widget))
            texts += edit->placeholderText();
        if (const auto* line = qobject_cast<const app::ClaimLine*>(widget))
            texts += line->text();
        if (const auto* tabs = qobject_cast<const QTabBar*>(widget)) {
            for (int tab = 0; tab < tabs->count(); ++tab)
                texts += {tabs->tabText(tab), tabs->tabToolTip(tab)};
        }
        if (const auto* view = qobject_cast<const QAbstractItemView*>(widget);
            view != nullptr && view->model() != nullptr) {
            for (int row = 0; row < view->model()->rowCount(); ++row) {
                for (int column = 0; column < view->model()->columnCount(); ++column)
                    texts += view->model()->index(row, column).data().toString();
            }
            for (int column = 0;
                 view->inherits("QTableView") && column < view->model()->columnCount(); ++column)
                texts += view->model()->headerData(column, Qt::Horizontal).toString();
        }
    }
    // Dates keep their letters: month names come from the locale.
    static const QRegularExpression ignored(QStringLiteral(
        "\\d{1,2}-[A-Z][a-z]{2}-\\d{4}( \\d\\d:\\d\\d( UTC)?)?|[A-Z][a-z]{2}-\\d{4}"));
    static const QRegularExpression marked(QStringLiteral("‹[^‹›]*›"));
    static const QRegularExpression letters(QStringLiteral("\\p{L}{2,}"));
    QStringList bare;
    for (const QString& text : std::as_const(texts)) {
        QString rest = text;
        for (const QString& each : known)
            rest.remove(each);
        rest.remove(ignored);
        for (qsizetype before = -1; before != rest.size();) {
            before = rest.size();
            rest.remove(marked); // innermost first: a marked text may stand inside another
        }
        if (rest.contains(letters))
            bare += rest;
    }
    return bare;
}

} // namespace looks
