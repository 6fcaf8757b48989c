// SPDX-License-Identifier: Apache-2.0
#include "app/frame/tasks.h"

#include "app/label.h"

#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace app {

QList<Task> tasks()
{
    return {
        {TaskPalette::tr("Active medications"),
         TaskPalette::tr("What are the active medications?")},
        {TaskPalette::tr("Allergies"), TaskPalette::tr("What allergies are recorded?")},
        {TaskPalette::tr("Active problems"), TaskPalette::tr("What are the active problems?")},
        {TaskPalette::tr("Last value of …"), TaskPalette::tr("What is the last …?")},
        {TaskPalette::tr("All values of …"), TaskPalette::tr("Show all values of …")},
        {TaskPalette::tr("Why was … stopped?"), TaskPalette::tr("Why was … stopped?")},
        {TaskPalette::tr("When was … started?"), TaskPalette::tr("When was … started and why?")},
        {TaskPalette::tr("Find any mention of …"), TaskPalette::tr("Is there any mention of …?")},
    };
}

TaskPalette::TaskPalette(QWidget* parent)
    : QDialog(parent)
    , m_filter(new QLineEdit)
    , m_list(new QListWidget)
{
    setWindowTitle(tr("Tasks"));
    m_filter->setPlaceholderText(tr("Find a task"));
    m_filter->setAccessibleName(tr("Find a task"));
    m_filter->installEventFilter(this);
    m_list->setAccessibleName(tr("Tasks"));
    auto* column = new QVBoxLayout(this);
    column->addWidget(m_filter);
    column->addWidget(m_list);
    connect(m_filter, &QLineEdit::textChanged, this, &TaskPalette::refresh);
    connect(m_filter, &QLineEdit::returnPressed, this, &TaskPalette::choose);
    connect(m_list, &QListWidget::itemActivated, this, &TaskPalette::choose);
    refresh();
    resize(fontMetrics().averageCharWidth() * 44, fontMetrics().height() * 16);
}

void TaskPalette::refresh()
{
    m_list->clear();
    const QString wanted = m_filter->text().trimmed();
    const QList<Task> all = tasks();
    for (qsizetype i = 0; i < all.size(); ++i) {
        if (!wanted.isEmpty() && !all.at(i).title.contains(wanted, Qt::CaseInsensitive))
            continue;
        auto* item = new QListWidgetItem(all.at(i).title, m_list);
        item->setData(Qt::UserRole, static_cast<int>(i));
    }
    m_list->setCurrentRow(0);
}

void TaskPalette::choose()
{
    const QListWidgetItem* item = m_list->currentItem();
    if (item == nullptr)
        return;
    const Task task = tasks().at(item->data(Qt::UserRole).toInt());
    accept();
    Q_EMIT chosen(task);
}

bool TaskPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_filter || event->type() != QEvent::KeyPress)
        return QDialog::eventFilter(watched, event);
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key != Qt::Key_Down && key != Qt::Key_Up)
        return false;
    const int step = key == Qt::Key_Down ? 1 : -1;
    m_list->setCurrentRow(qBound(0, m_list->currentRow() + step, qMax(0, m_list->count() - 1)));
    return true;
}

KeysDialog::KeysDialog(QWidget* parent)
    : QDialog(parent)
{
    setWindowTitle(tr("Keys"));
    const std::pair<QString, QString> keys[]{
        {tr("Ctrl+Return"), tr("ask the question")},
        {tr("Esc"), tr("stop an answer; back from a source to the answer")},
        {tr("F2 F3 F4 F6"), tr("tasks, conversation, evidence; the next of them")},
        {tr("J K"), tr("next and previous sentence of the answers")},
        {tr("Space"), tr("on a citation: show its source")},
        {tr("Return"), tr("on a citation: go to its source")},
        {tr("Alt+1 … Alt+9"), tr("citation of that number")},
        {tr("Ctrl+P"), tr("patients")},
        {tr("Ctrl+K"), tr("tasks")},
        {tr("Ctrl+N"), tr("new conversation")},
        {tr("Ctrl++ Ctrl+- Ctrl+0"), tr("text larger, smaller, as at first")},
        {tr("F9"), tr("lock")},
        {tr("F1"), tr("this list")},
    };
    auto* table = new QWidget;
    auto* grid = new QGridLayout(table);
    grid->setContentsMargins(4, 0, 4, 0); // a "J" reaches left of its place
    grid->setHorizontalSpacing(24);
    grid->setColumnStretch(1, 1);
    int row = 0;
    for (const auto& [key, what] : keys) {
        grid->addWidget(plainLabel(key, "question"), row, 0, Qt::AlignTop);
        QLabel* meaning = wrappedLabel(what, "plain");
        meaning->setAlignment(Qt::AlignTop | Qt::AlignLeft);
        grid->addWidget(meaning, row++, 1);
    }
    auto* close = new QPushButton(tr("Close"));
    close->setAccessibleName(tr("Close"));
    close->setDefault(true);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    auto* scroll = new QScrollArea; // at large text the list is longer than the window
    scroll->setWidgetResizable(true);
    scroll->setWidget(table);
    scroll->setAccessibleName(tr("Keys"));
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 24, 24, 16);
    column->addWidget(scroll, 1);
    column->addWidget(close, 0, Qt::AlignRight);
    const QSize most = parent != nullptr ? parent->window()->size() : QSize(1024, 640);
    const QSize wanted(fontMetrics().averageCharWidth() * 72, fontMetrics().height() * 26);
    resize(wanted.boundedTo(most * 9 / 10));
}

} // namespace app
