// SPDX-License-Identifier: Apache-2.0
#include "app/frame/side_pane.h"

#include "app/format.h"
#include "app/label.h"

#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace app {

namespace {
QListWidget* list(const QString& name)
{
    auto* made = new QListWidget;
    made->setAccessibleName(name);
    made->setWordWrap(true);
    made->setTextElideMode(Qt::ElideNone);
    made->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    made->setResizeMode(QListView::Adjust);
    return made;
}
} // namespace

SidePane::SidePane(QWidget* parent)
    : QWidget(parent)
    , m_tasks(list(tr("Tasks")))
    , m_conversations(list(tr("Conversations about this patient")))
{
    const QList<Task> all = tasks();
    for (const Task& task : all)
        m_tasks->addItem(task.title);
    auto* begin = new QPushButton(tr("New conversation"));
    begin->setAccessibleName(tr("New conversation"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(plainLabel(tr("TASKS"), "heading"));
    column->addWidget(m_tasks, 3);
    column->addSpacing(8);
    column->addWidget(plainLabel(tr("CONVERSATIONS"), "heading"));
    column->addWidget(m_conversations, 2);
    column->addWidget(begin);

    const auto choose = [this](const QListWidgetItem* item) {
        Q_EMIT taskChosen(tasks().at(m_tasks->row(item)));
    };
    connect(m_tasks, &QListWidget::itemActivated, this, choose);
    connect(m_tasks, &QListWidget::itemClicked, this, choose);
    const auto open = [this](const QListWidgetItem* item) {
        Q_EMIT conversationChosen(item->data(Qt::UserRole).toString());
    };
    connect(m_conversations, &QListWidget::itemActivated, this, open);
    connect(m_conversations, &QListWidget::itemClicked, this, open);
    connect(begin, &QPushButton::clicked, this, &SidePane::newConversationWanted);
}

void SidePane::setConversations(const QList<ConversationSummary>& conversations,
                                const QString& current)
{
    m_conversations->clear();
    for (const ConversationSummary& conversation : conversations) {
        auto* item =
            new QListWidgetItem(tr("%1\n%2, questions: %3")
                                    .arg(conversation.title, shownDay(conversation.changed))
                                    .arg(conversation.turns),
                                m_conversations);
        item->setData(Qt::UserRole, conversation.id);
        if (conversation.id == current)
            m_conversations->setCurrentItem(item);
    }
}

void SidePane::clear()
{
    m_conversations->clear();
}

void SidePane::takeFocus()
{
    m_tasks->setFocus(Qt::ShortcutFocusReason);
    if (m_tasks->currentRow() < 0)
        m_tasks->setCurrentRow(0);
}

} // namespace app
