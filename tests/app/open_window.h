// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/app/fixtures.h"

#include "app/chat/question_edit.h"
#include "app/main_window.h"
#include "app/patient_desk.h"
#include "app/theme.h"

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QTemporaryDir>
#include <QTextEdit>
#include <QtTest>

#include <memory>

/// The client's window in front of a fake service, and what a person does first.
class OpenWindow {
protected:
    void prepare()
    {
        qputenv("XDG_CONFIG_HOME", m_home.path().toUtf8());
        app::dress(*qApp, app::ThemeChoice::Light, 100);
    }

    void open()
    {
        m_backend.calls.clear();
        m_backend.signInFailure = {};
        m_backend.witness = app::WitnessVerdict::Consistent;
        fixtures::fill(m_backend);
        m_window = std::make_unique<app::MainWindow>(m_backend, QStringLiteral("/run/test.sock"),
                                                     app::Settings{});
        m_window->resize(1366, 768);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

    [[nodiscard]] QLineEdit* field(const QString& name) const
    {
        for (QLineEdit* edit : m_window->findChildren<QLineEdit*>()) {
            if (edit->accessibleName() == name && edit->isVisible())
                return edit;
        }
        return nullptr;
    }

    void signIn()
    {
        QLineEdit* user = field(QStringLiteral("User name"));
        QLineEdit* passphrase = field(QStringLiteral("Passphrase"));
        QVERIFY(user != nullptr && passphrase != nullptr);
        user->clear();
        QTest::keyClicks(user, QStringLiteral("dr.test"));
        QTest::keyClicks(passphrase, QStringLiteral("four words of mine"));
        QTest::keyClick(passphrase, Qt::Key_Return);
    }

    void openAda()
    {
        signIn();
        QLineEdit* query = field(QStringLiteral("Find a patient"));
        QVERIFY(query != nullptr);
        QTest::keyClick(query, Qt::Key_Return);
        QCOMPARE(m_window->desk().patient(), QStringLiteral("p1"));
    }

    void ask(const QString& question)
    {
        QTest::keyClicks(&m_window->desk().questionEdit(), question);
        QTest::keyClick(&m_window->desk().questionEdit(), Qt::Key_Return, Qt::ControlModifier);
    }

    /// Says that the service keeps the question that was asked last.
    void accept()
    {
        Q_EMIT m_backend.accepted(m_backend.lastAsk,
                                  {QStringLiteral("c9"), QStringLiteral("t1"), {}, 0});
    }

    void askAndAnswer()
    {
        ask(QStringLiteral("Why was lisinopril stopped?"));
        accept();
        Q_EMIT m_backend.answered(m_backend.lastAsk, fixtures::answer());
    }

    [[nodiscard]] QTableView* patientList() const
    {
        for (QTableView* table : m_window->findChildren<QTableView*>()) {
            if (table->accessibleName() == QStringLiteral("Patients"))
                return table;
        }
        return nullptr;
    }

    [[nodiscard]] QString visibleWords() const
    {
        QString all;
        for (const QLabel* label : m_window->findChildren<QLabel*>()) {
            if (label->isVisible())
                all += label->text() + QLatin1Char('\n');
        }
        return all;
    }

    [[nodiscard]] QString everyWord() const
    {
        QString all = m_window->windowTitle();
        for (const QWidget* widget : m_window->findChildren<QWidget*>()) {
            all += widget->accessibleName() + widget->accessibleDescription() + widget->toolTip();
            if (const auto* label = qobject_cast<const QLabel*>(widget))
                all += label->text();
            if (const auto* text = qobject_cast<const QTextEdit*>(widget))
                all += text->toPlainText();
            if (const auto* text = qobject_cast<const QPlainTextEdit*>(widget))
                all += text->toPlainText() + text->placeholderText();
            if (const auto* table = qobject_cast<const QAbstractItemView*>(widget);
                table != nullptr && table->model() != nullptr) {
                for (int row = 0; row < table->model()->rowCount(); ++row) {
                    for (int column = 0; column < table->model()->columnCount(); ++column)
                        all += table->model()->index(row, column).data().toString();
                }
            }
        }
        return all;
    }

    QTemporaryDir m_home; // settings and checkpoint of this test only
    FakeBackend m_backend;
    std::unique_ptr<app::MainWindow> m_window;
};
