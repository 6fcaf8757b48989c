// SPDX-License-Identifier: Apache-2.0
#include "tests/app/looks.h"

#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"

#include <QAbstractButton>
#include <QHash>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QTabBar>
#include <QTableView>

#include <algorithm>
#include <cmath>

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

QString tableFault(const QTableView* table)
{
    if (table->model() == nullptr || table->model()->rowCount() == 0)
        return {};
    const QHeaderView* header = table->horizontalHeader();
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
    if (const auto* tabs = qobject_cast<const QTabBar*>(widget))
        return tabs->count() == 0 || tabs->tabRect(tabs->count() - 1).right() < tabs->width()
                   ? QString()
                   : QStringLiteral("tab ") + tabs->tabText(tabs->count() - 1);
    if (const auto* edit = qobject_cast<const QLineEdit*>(widget))
        return edit->fontMetrics().height() <= edit->contentsRect().height()
                   ? QString()
                   : QStringLiteral("field ") + edit->accessibleName();
    return {};
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
        if (!widget->isVisible())
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
        if (!widget->isVisible() || textOf(widget).trimmed().isEmpty())
            continue;
        const QRect shown = widget->visibleRegion().boundingRect();
        if (shown.height() < widget->fontMetrics().height())
            continue; // mostly scrolled out of view
        const QRect box =
            QRect(widget->mapTo(&window, shown.topLeft()), shown.size()).adjusted(3, 3, -3, -3) &
            image.rect();
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
        double best = 1;
        for (auto it = counts.cbegin(); it != counts.cend(); ++it)
            best = std::max(best, contrast(QColor(it.key()), QColor(ground)));
        if (best < 4.5)
            faults += QStringLiteral("faint (%1): %2").arg(best, 0, 'f', 2).arg(textOf(widget));
    }
    return faults;
}

QStringList untranslated(const QWidget& window, const QStringList& known)
{
    QStringList texts{window.windowTitle()};
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (!widget->isVisible())
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
                texts += tabs->tabText(tab);
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
