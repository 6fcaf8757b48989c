// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/frame/tasks.h"
#include "app/view.h"

#include <QWidget>

class QListWidget;
class QPushButton;

namespace app {

/// Left of the conversation: tasks, and this patient's conversations of this user.
class SidePane : public QWidget {
    Q_OBJECT

public:
    explicit SidePane(QWidget* parent = nullptr);
    void setConversations(const QList<ConversationSummary>& conversations, const QString& current);
    void clear();
    void takeFocus();

Q_SIGNALS:
    void taskChosen(const app::Task& task);
    void conversationChosen(const QString& conversation);
    void newConversationWanted();

private:
    QListWidget* m_tasks;
    QListWidget* m_conversations;
};

} // namespace app
