// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QWidget>

namespace flow {

/// The visible widget below @p window that a screen reader calls @p name, or nullptr.
template <typename Widget>
Widget* named(const QWidget& window, const QString& name)
{
    for (Widget* widget : window.findChildren<Widget*>()) {
        if (widget->accessibleName() == name && widget->isVisible())
            return widget;
    }
    return nullptr;
}

} // namespace flow
