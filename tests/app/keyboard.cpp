// SPDX-License-Identifier: Apache-2.0
#include "tests/app/keyboard.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QApplication>
#include <QHeaderView>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTabBar>
#include <QTextEdit>
#include <QtTest>

namespace keyboard {

namespace {

constexpr int kMostStops = 300; // a trap that never comes round ends here

bool isUsed(const QWidget* widget)
{
    if (qobject_cast<const QHeaderView*>(widget) != nullptr)
        return false; // fixed titles
    return qobject_cast<const QAbstractButton*>(widget) != nullptr ||
           qobject_cast<const QLineEdit*>(widget) != nullptr ||
           qobject_cast<const QAbstractItemView*>(widget) != nullptr ||
           qobject_cast<const QTabBar*>(widget) != nullptr ||
           qobject_cast<const QPlainTextEdit*>(widget) != nullptr ||
           qobject_cast<const QTextEdit*>(widget) != nullptr;
}

} // namespace

QStringList missedByTab(QWidget& window)
{
    window.activateWindow();
    if (!QTest::qWaitForWindowActive(&window))
        return {QStringLiteral("the window does not become active")};
    QWidget* const before = QApplication::focusWidget();
    QSet<const QWidget*> visited;
    for (int stop = 0; stop < kMostStops; ++stop) {
        QWidget* at = QApplication::focusWidget();
        if (visited.contains(at) && at == before)
            break;
        visited.insert(at);
        QTest::keyClick(at != nullptr ? at : &window, Qt::Key_Tab);
    }
    QStringList missed;
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (isUsed(widget) && widget->isVisible() && widget->isEnabled() &&
            widget->window() == &window && !visited.contains(widget))
            missed += QStringLiteral("Tab never comes to %1 \"%2\"")
                          .arg(QString::fromLatin1(widget->metaObject()->className()),
                               widget->accessibleName() + widget->property("text").toString());
    }
    if (before != nullptr)
        before->setFocus();
    return missed;
}

} // namespace keyboard
