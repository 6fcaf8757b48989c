// SPDX-License-Identifier: Apache-2.0
#include "app/label.h"

#include <QAccessible>
#include <QAccessibleAnnouncementEvent>
#include <QLabel>
#include <QStyle>
#include <QVariant>

namespace app {

QLabel* plainLabel(const QString& text, const char* role, QWidget* parent)
{
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    label->setText(text);
    label->setProperty("role", QString::fromLatin1(role));
    return label;
}

QLabel* wrappedLabel(const QString& text, const char* role, QWidget* parent)
{
    QLabel* label = plainLabel(text, role, parent);
    label->setWordWrap(true);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    label->setSizePolicy(policy);
    // Its height follows from its width; without this it would claim the height that it needs at
    // the width of its longest word, and make windows taller than the screen.
    label->setMinimumHeight(1);
    return label;
}

void restyle(QWidget* widget, const char* property, const QVariant& value)
{
    if (widget->property(property) == value)
        return;
    widget->setProperty(property, value);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
    for (QWidget* child : widget->findChildren<QWidget*>()) {
        child->style()->unpolish(child);
        child->style()->polish(child);
    }
    widget->update();
}

void announce(QWidget* from, const QString& text)
{
    QAccessibleAnnouncementEvent event(from, text);
    QAccessible::updateAccessibility(&event);
}

} // namespace app
