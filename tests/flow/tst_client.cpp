// SPDX-License-Identifier: Apache-2.0
// The real client's window and socket against the real service, its worker and the small model:
// everything a clinician does in one visit, by keyboard and mouse.
#include "app/chat/citation_chip.h"
#include "app/chat/claim_line.h"
#include "app/chat/conversation_view.h"
#include "app/chat/question_edit.h"
#include "app/chat/turn_view.h"
#include "app/evidence/evidence_pane.h"
#include "app/evidence/source_view.h"
#include "app/main_window.h"
#include "app/patient_desk.h"
#include "app/socket_backend.h"
#include "tests/flow/named.h"
#include "tests/flow/ward.h"
#include "tests/support/canary_scan.h"
#include "tests/support/run_options.h"

#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QTableView>
#include <QtTest>

namespace {

constexpr int kCallMs = 60'000; // Argon2 at sign-in, on a busy machine
constexpr int kAnswerMs =
    240'000; // the small model reads 1,500 tokens, without the fast kernels too

QString withoutSpaces(QString text)
{
    return text.remove(QRegularExpression(QStringLiteral("\\s")));
}

} // namespace

class TestClient : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        // Settings and checkpoint of this test only; read before the first of them is looked up.
        for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"})
            qputenv(name, m_home.path().toUtf8());
#ifndef CLOISTER_SANITIZED
        m_ward.modelFile = QString::fromStdString(support::realModel(support::kSmallModel));
        QVERIFY(!m_ward.modelFile.isEmpty() || support::realModelsMayBeAbsent());
#endif
        m_ward.extraOptions = QStringList{QStringLiteral("--synthetic")};
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
        QCOMPARE(m_ward.init(), std::string());
        QCOMPARE(m_ward.import(m_made.bundle), std::string());
        QCOMPARE(m_ward.import(flow::makeUpPatient().bundle), std::string());
        const auto ready = [this] {
            const auto status = flow::withinTheRate([this] { return m_ward.client()->status(); });
            return status && status->model.state == "ready";
        };
        QVERIFY(QTest::qWaitFor(ready, kAnswerMs));

        const QString socket = QString::fromStdString(m_ward.socket().string());
        m_backend = std::make_unique<app::SocketBackend>(socket);
        m_window = std::make_unique<app::MainWindow>(*m_backend, socket, app::Settings{});
        connect(m_backend.get(), &app::Backend::answered, this,
                [this](quint64, const app::Answer& answer) { m_answer = answer; });
        connect(
            m_backend.get(), &app::Backend::tokenCame, this, [this](quint64, const QString& text) {
                m_streamed += text;
                if (m_stopAtOnce)
                    flow::named<QPushButton>(*m_window, QStringLiteral("Stop the answer"))->click();
            });
        m_window->resize(1366, 768);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

    void signsIn()
    {
        QVERIFY(m_window->locked());
        enter(QStringLiteral("not the passphrase"));
        QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("do not match")), kCallMs);
        QVERIFY(m_window->locked());
        enter(QString::fromStdString(m_ward.clinician.passphrase));
        QTRY_VERIFY_WITH_TIMEOUT(!m_window->locked(), kCallMs);
        QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("Synthetic data")), kCallMs);
    }

    void findsAndOpensThePatient()
    {
        auto* list = flow::named<QTableView>(*m_window, QStringLiteral("Patients"));
        auto* query = flow::named<QLineEdit>(*m_window, QStringLiteral("Find a patient"));
        QVERIFY(list != nullptr && query != nullptr);
        QTRY_COMPARE_WITH_TIMEOUT(list->model()->rowCount(), 2, kCallMs);
        QTest::keyClicks(query, QString::fromStdString(m_made.family).left(6));
        QTRY_COMPARE_WITH_TIMEOUT(list->model()->rowCount(), 1, kCallMs);
        QTest::keyClick(query, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(!m_window->desk().patient().isEmpty(), kCallMs);
        QVERIFY(m_window->windowTitle().contains(QString::fromStdString(m_made.given)));
        QVERIFY(shows(QString::fromStdString(m_made.mrn)));
    }

    void aLookUpLeadsToExactlyItsValue()
    {
        const QString value = QString::fromStdString(m_made.lastPotassium);
        ask(QStringLiteral("What is the last potassium?"));
        QCOMPARE(m_answer.kind, QStringLiteral("lookup"));
        QVERIFY(m_answer.text.contains(value));
        const auto* turn = desk().conversationView().lastTurn();
        QVERIFY(turn->finished());
        QVERIFY(turn->lines().first()->text().contains(value));

        app::CitationChip* chip = turn->chips().first();
        QVERIFY(chip->number() > 0);
        QTest::mouseClick(chip, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!source().highlighted().isEmpty(), kCallMs);
        // The whole resource is shown; only white space differs from the imported bytes.
        QVERIFY(source().toPlainText().contains(QString::fromStdString(m_made.lastDate)));
        QCOMPARE(withoutSpaces(source().highlighted()),
                 QStringLiteral(R"("valueQuantity":{"unit":"mmol/L","value":%1})").arg(value));
    }

    void aFreeQuestionLeadsToTheWordsOfTheNote()
    {
        ask(QStringLiteral("Why was %1 stopped?").arg(QString::fromStdString(m_made.stoppedDrug)));
        QCOMPARE(m_answer.kind, QStringLiteral("model"));
        QVERIFY(!m_streamed.isEmpty() && m_answer.generatedTokens > 0);
        QCOMPARE(m_answer.text, m_streamed);
        const QString reason = QString::fromStdString(m_made.stopReason);
        qsizetype row = 0;
        while (row < m_answer.evidence.size() &&
               !(m_answer.evidence[row].passage && m_answer.evidence[row].text.contains(reason)))
            ++row;
        QVERIFY2(row < m_answer.evidence.size(), "no passage of the evidence tells the reason");

        // What the model cites is the model's; the list holds all that it was given.
        auto* list = flow::named<QListWidget>(*m_window, QStringLiteral("Evidence of this answer"));
        QVERIFY(list != nullptr);
        QCOMPARE(list->count(), static_cast<int>(m_answer.evidence.size()));
        QListWidgetItem* item = list->item(static_cast<int>(row));
        list->scrollToItem(item);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {},
                          list->visualItemRect(item).center());
        QTRY_VERIFY_WITH_TIMEOUT(source().highlighted().contains(reason), kCallMs);
        QVERIFY(source().toPlainText().contains(QString::fromStdString(m_made.note)));
        const app::EvidenceItem& passage = m_answer.evidence[row];
        QCOMPARE(source().highlighted(),
                 source().toPlainText().mid(passage.begin, passage.end - passage.begin));
    }

    void aCitedPassageOpensByItsChip()
    {
        // By keyboard, for whatever the model cited: Alt+number goes to the chip, and its source
        // shows the very words of that piece of evidence.
        for (const app::CitationChip* chip : desk().conversationView().lastTurn()->chips()) {
            const auto cited =
                std::ranges::find(m_answer.evidence, chip->number(), &app::EvidenceItem::number);
            if (cited == m_answer.evidence.end() || !cited->passage || chip->number() > 9)
                continue;
            QTest::keyClick(m_window.get(), static_cast<Qt::Key>(Qt::Key_0 + chip->number()),
                            Qt::AltModifier);
            QTRY_VERIFY_WITH_TIMEOUT(!source().highlighted().isEmpty(), kCallMs);
            QCOMPARE(source().highlighted(),
                     source().toPlainText().mid(cited->begin, cited->end - cited->begin));
            if (cited->text.contains(QString::fromStdString(m_made.stopReason)))
                QVERIFY(source().highlighted().contains(QString::fromStdString(m_made.stopReason)));
        }
    }

    void stopKeepsWhatWasWritten()
    {
        m_stopAtOnce = true;
        ask(QStringLiteral("Tell me in many sentences what the notes say about the family."));
        m_stopAtOnce = false;
        QVERIFY(!m_streamed.isEmpty());
        QVERIFY(m_answer.state.isEmpty()); // no final answer came
        QVERIFY(shows(QStringLiteral("Stopped.")));

        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        std::optional<api::Answer> kept;
        const auto stored = [&] {
            const auto turns = client->conversation(desk().conversation().toStdString());
            if (turns && !turns->turns.empty())
                kept = turns->turns.back().answer;
            return kept && kept->state == "cancelled";
        };
        QTRY_VERIFY_WITH_TIMEOUT(stored(), kCallMs);
        QVERIFY(kept->text.starts_with(m_streamed.toStdString()));
    }

    void locksByKeyAndGoesOnWhereItWas()
    {
        const QString patient = desk().patient();
        const auto turns = desk().conversationView().turns().size();
        QTest::keyClick(m_window.get(), Qt::Key_F9);
        QVERIFY(m_window->locked());
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        for (const std::string& word : {m_made.family, m_made.given, m_made.mrn, m_made.stopReason})
            QVERIFY(!shows(QString::fromStdString(word)));
        QVERIFY(source().toPlainText().isEmpty());

        enter(QString::fromStdString(m_ward.clinician.passphrase));
        QTRY_COMPARE_WITH_TIMEOUT(desk().patient(), patient, kCallMs);
        QTRY_COMPARE_WITH_TIMEOUT(desk().conversationView().turns().size(), turns, kCallMs);
        QVERIFY(shows(QString::fromStdString(m_made.mrn)));
    }

    void locksWhenNobodyTypes()
    {
        // Another lease: the service starts anew, and the window finds it again by itself.
        QVERIFY(m_ward.stop());
        m_ward.extraOptions << QStringLiteral("--idle-seconds") << QStringLiteral("3");
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
        QTRY_VERIFY_WITH_TIMEOUT(m_window->locked(), kCallMs); // its session ended with the service

        enter(QString::fromStdString(m_ward.clinician.passphrase));
        QTRY_VERIFY_WITH_TIMEOUT(!m_window->locked(), kCallMs);
        QTRY_VERIFY_WITH_TIMEOUT(m_window->locked(), kCallMs); // and now for want of input
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        QVERIFY(!shows(QString::fromStdString(m_made.family)));
        enter(QString::fromStdString(m_ward.clinician.passphrase));
        QTRY_VERIFY_WITH_TIMEOUT(!m_window->locked(), kCallMs);
    }

    void leavesNothingOfThePatientOnDisk()
    {
        m_window->close();
        QVERIFY(m_ward.stop());
        const std::vector<std::string> words{m_made.family,
                                             m_made.given,
                                             m_made.mrn,
                                             m_made.stopReason,
                                             m_ward.clinician.passphrase,
                                             "last potassium",
                                             m_kept};
        const auto homes = {std::filesystem::path(m_home.path().toStdString()), m_ward.state()};
        QCOMPARE(canary::describe(canary::scan(homes, words)), std::string());
        QCOMPARE(canary::describe(canary::scanBytes(m_ward.standardError().toStdString(), words)),
                 std::string());

        // The controls: the client did write there, and a word that is there is found.
        QVERIFY(QDir(m_home.filePath(QStringLiteral("cloister"))).exists());
        QFile planted(m_home.filePath(QStringLiteral("cloister/planted")));
        QVERIFY(planted.open(QIODevice::WriteOnly));
        planted.write(QByteArray::fromStdString(m_kept));
        planted.close();
        QCOMPARE(canary::scan(homes, words).size(), std::size_t(1));
    }

private:
    [[nodiscard]] app::PatientDesk& desk() const { return m_window->desk(); }
    [[nodiscard]] const app::SourceView& source() const { return desk().evidencePane().source(); }

    void enter(const QString& passphrase)
    {
        auto* user = flow::named<QLineEdit>(*m_window, QStringLiteral("User name"));
        auto* secret = flow::named<QLineEdit>(*m_window, QStringLiteral("Passphrase"));
        QVERIFY(user != nullptr && secret != nullptr);
        user->clear();
        QTest::keyClicks(user, QString::fromStdString(m_ward.clinician.name));
        QTest::keyClicks(secret, passphrase);
        QTest::keyClick(secret, Qt::Key_Return);
    }

    void ask(const QString& question)
    {
        m_answer = {};
        m_streamed.clear();
        QTest::keyClicks(&desk().questionEdit(), question);
        QTest::keyClick(&desk().questionEdit(), Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(desk().busy());
        QTRY_VERIFY_WITH_TIMEOUT(!desk().busy(), kAnswerMs);
        if (m_streamed.size() >= 40)
            m_kept = m_streamed.toStdString().substr(0, 40); // what no file may hold afterwards
    }

    /// Whether any label, title or accessible text of the window holds @p words.
    [[nodiscard]] bool shows(const QString& words) const
    {
        QString all = m_window->windowTitle();
        for (const QWidget* widget : m_window->findChildren<QWidget*>()) {
            all += widget->accessibleName() + widget->accessibleDescription() + widget->toolTip();
            if (const auto* label = qobject_cast<const QLabel*>(widget))
                all += label->text();
        }
        return all.contains(words);
    }

    QTemporaryDir m_home;
    flow::Ward m_ward;
    flow::MadeUpPatient m_made = flow::makeUpPatient();
    std::unique_ptr<app::SocketBackend> m_backend;
    std::unique_ptr<app::MainWindow> m_window;
    app::Answer m_answer;
    QString m_streamed;
    std::string m_kept;
    bool m_stopAtOnce = false;
};

QTEST_MAIN(TestClient)
#include "tst_client.moc"
