// SPDX-License-Identifier: Apache-2.0
#include "app/frame/notice.h"

#include "app/label.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include <utility>

namespace app {

Notice::Notice(QWidget* parent)
    : QFrame(parent)
    , m_text(wrappedLabel({}, "plain"))
    , m_dismiss(new QPushButton(tr("Dismiss")))
{
    setObjectName(QStringLiteral("notice"));
    setAccessibleName(tr("Notice"));
    m_dismiss->setAccessibleName(tr("Dismiss the notice"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 6, 16, 6);
    row->addWidget(m_text, 1);
    row->addWidget(m_dismiss);
    // Its height follows from its width; else the window would have to be as tall as the sentence
    // is at its narrowest.
    setMinimumHeight(1);
    connect(m_dismiss, &QPushButton::clicked, this, &Notice::dismiss);
    hide();
}

void Notice::tell(const QString& sentence, Kind kind)
{
    if (kind == Kind::Passing && alarmed()) {
        m_after = sentence;
        return;
    }
    m_text->setText(sentence);
    restyle(this, "role",
            kind == Kind::Alarm ? QStringLiteral("alarm") : QStringLiteral("passing"));
    show();
    announce(this, sentence);
}

void Notice::calm()
{
    m_after.clear();
    if (!alarmed())
        hide();
}

void Notice::dismiss()
{
    hide();
    if (!m_after.isEmpty())
        tell(std::exchange(m_after, {}), Kind::Passing);
}

bool Notice::alarmed() const
{
    return !isHidden() && property("role").toString() == QStringLiteral("alarm");
}

QString Notice::sentence() const
{
    return isVisibleTo(parentWidget()) ? m_text->text() : QString();
}

} // namespace app
