// SPDX-License-Identifier: Apache-2.0
// cloister-admin as IT uses it, from the ceremony of the first morning to the recovery of a
// clinician whose passphrase is lost: every command is the program itself.
#include "inference/api/client.h"
#include "tests/flow/admin_program.h"
#include "tests/flow/ward.h"

#include <QtTest>

using flow::as;
using flow::runAdmin;

class TestAdminProgram : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_ward.withModel = false;
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
    }

    void statusAnswersBeforeTheCeremony()
    {
        const auto ran = runAdmin(m_ward, {QStringLiteral("status")});
        QCOMPARE(ran.status, 0);
        QVERIFY2(ran.out.startsWith("initialised   no\n"), ran.out.constData());
        QVERIFY(ran.err.isEmpty());
    }

    void initHoldsTheCeremonyOnce()
    {
        const QStringList init{QStringLiteral("init"),
                               QStringLiteral("--admin"),
                               QString::fromStdString(m_ward.admin.name),
                               QStringLiteral("--steward"),
                               QString::fromStdString(m_ward.steward.name),
                               QStringLiteral("--compliance"),
                               QString::fromStdString(m_ward.compliance.name)};
        const std::vector<std::string> secrets{m_ward.admin.passphrase, m_ward.steward.passphrase,
                                               m_ward.compliance.passphrase};
        // A passphrase is missing: nothing is done.
        QCOMPARE(runAdmin(m_ward, init, {secrets[0], secrets[1]}).status, 2);
        const auto ran = runAdmin(m_ward, init, secrets);
        QVERIFY2(ran.status == 0, ran.err.constData());
        for (const QByteArray& share : ran.out.trimmed().split('\n'))
            m_ward.shares.push_back(share.toStdString());
        QCOMPARE(m_ward.shares.size(), 3U);
        QVERIFY(ran.err.contains("kept nowhere"));

        const auto again = runAdmin(m_ward, init, secrets);
        QCOMPARE(again.status, 1);
        QVERIFY(again.out.isEmpty());
        QVERIFY(runAdmin(m_ward, {QStringLiteral("status")}).out.startsWith("initialised   yes\n"));
    }

    void addsEnrolsAndAdmitsAClinician()
    {
        const QString name = QString::fromStdString(m_ward.clinician.name);
        const auto added = runAdmin(m_ward,
                                    as(m_ward.admin, {QStringLiteral("user"), QStringLiteral("add"),
                                                      name, QStringLiteral("clinician")}),
                                    {m_ward.admin.passphrase});
        QVERIFY2(added.status == 0, added.err.constData());
        QCOMPARE(listed(), QStringLiteral("clinician not enrolled not admitted"));

        const std::string code = added.out.trimmed().split(' ').last().toStdString();
        const QStringList enrol{QStringLiteral("enrol"), name};
        QCOMPARE(runAdmin(m_ward, enrol, {"0000-0000", m_ward.clinician.passphrase}).status, 1);
        const auto enrolled = runAdmin(m_ward, enrol, {code, m_ward.clinician.passphrase});
        QVERIFY2(enrolled.status == 0, enrolled.err.constData());
        QCOMPARE(runAdmin(m_ward, enrol, {code, "another passphrase"}).status, 1); // once only
        QCOMPARE(listed(), QStringLiteral("clinician enrolled not admitted"));

        const QStringList admit{QStringLiteral("admit"), name};
        QCOMPARE(runAdmin(m_ward, as(m_ward.admin, admit), {m_ward.admin.passphrase}).status, 1);
        const auto admitted =
            runAdmin(m_ward, as(m_ward.steward, admit), {m_ward.steward.passphrase});
        QVERIFY2(admitted.status == 0, admitted.err.constData());
        QCOMPARE(listed(), QStringLiteral("clinician enrolled admitted"));
    }

    void saysInOneLineWhatIsWrong()
    {
        const QStringList list{QStringLiteral("user"), QStringLiteral("list")};
        const auto wrong = runAdmin(m_ward, as(m_ward.admin, list), {"not the passphrase"});
        QCOMPARE(wrong.status, 1);
        QCOMPARE(wrong.err.count('\n'), 1);
        const auto notHers =
            runAdmin(m_ward, as(m_ward.clinician, list), {m_ward.clinician.passphrase});
        QCOMPARE(notHers.status, 1);
        QVERIFY(notHers.out.isEmpty());
        QCOMPARE(runAdmin(m_ward, {QStringLiteral("nonsense")}).status, 2);
    }

    void theClinicianWorks()
    {
        QCOMPARE(m_ward.import(m_made.bundle), std::string());
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        const auto found = client->searchPatients(m_made.family, 1, 0);
        QVERIFY(found && found->patients.size() == 1);
        m_patient = found->patients.front().id;
        const auto done =
            client->ask(m_patient, {.question = "What is the last potassium?"}, {}, {});
        QVERIFY(done);
        const auto status = runAdmin(m_ward, {QStringLiteral("status")});
        QVERIFY2(status.out.contains("0 waiting, 1 merged since the start, 0 refused"),
                 status.out.constData());
    }

    void wrongSharesRecoverNothing()
    {
        QString other = QString::fromStdString(m_ward.shares[1]);
        other.replace(other.size() / 2, 1, other.at(other.size() / 2) == u'A' ? u'B' : u'A');
        const std::vector<std::vector<std::string>> wrong{
            {m_ward.shares[0], m_ward.shares[0]},    // one share twice
            {m_ward.shares[0], other.toStdString()}, // one letter is another one
            {m_ward.shares[0], "no share at all"},
        };
        for (const auto& shares : wrong) {
            const auto ran = recover({shares[0], shares[1], "the thief's own passphrase"});
            QCOMPARE(ran.status, 1);
            QVERIFY(ran.out.isEmpty());
        }
        QCOMPARE(recover({m_ward.shares[0]}).status, 2); // one share
        QVERIFY(!m_ward.signIn({m_ward.clinician.name, "the thief's own passphrase"}));
        QVERIFY(m_ward.signIn(m_ward.clinician));
    }

    void twoSharesBringEverythingBack_data()
    {
        QTest::addColumn<int>("first");
        QTest::addColumn<int>("second");
        QTest::newRow("1 and 2") << 0 << 1;
        QTest::newRow("3 and 1") << 2 << 0;
    }

    void twoSharesBringEverythingBack()
    {
        QFETCH(int, first);
        QFETCH(int, second);
        // Nobody remembers a key: the service has just started.
        QVERIFY(m_ward.stop());
        QVERIFY2(m_ward.start(), m_ward.standardError().constData());
        const flow::Person before = m_ward.clinician;
        const std::string fresh = flow::randomWord(8) + ' ' + flow::randomWord(8);
        const auto ran = recover({m_ward.shares[static_cast<std::size_t>(first)],
                                  m_ward.shares[static_cast<std::size_t>(second)], fresh});
        QVERIFY2(ran.status == 0, ran.err.constData());
        m_ward.clinician.passphrase = fresh;

        QVERIFY(!m_ward.signIn(before));
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        const auto mine = client->conversations(m_patient, 10, 0);
        QVERIFY(mine && mine->size() == 1);
        const auto turns = client->conversation(mine->front().id);
        QVERIFY(turns && turns->turns.size() == 1 && turns->turns.front().answer);
        QVERIFY(turns->turns.front().answer->text.contains(m_made.lastPotassium));
        const auto chart = client->patient(m_patient);
        QVERIFY(chart);
        QCOMPARE(chart->labs.size(), m_made.potassium.size());
    }

    void aLostDeviceSecretIsTold()
    {
        const QByteArray warned = "the device secret is not the one";
        QVERIFY(!m_ward.standardError().contains(warned));
        QVERIFY(!runAdmin(m_ward, {QStringLiteral("status")}).out.contains("locked out"));
        QVERIFY(m_ward.stop());
        QVERIFY(std::filesystem::remove(m_ward.state() / "keys" / "device.secret"));
        for (int start = 1; start <= 2; ++start) { // the second finds a secret, but another
            QVERIFY2(m_ward.start(), m_ward.standardError().constData());
            QCOMPARE(m_ward.standardError().count(warned), start);
            const auto status = runAdmin(m_ward, {QStringLiteral("status")});
            QVERIFY2(status.out.contains("\nlocked out    4 users:"), status.out.constData());
            QVERIFY(runAdmin(m_ward, {QStringLiteral("--json"), QStringLiteral("status")})
                        .out.contains("\"lockedOut\":4"));
            QVERIFY(!m_ward.signIn(m_ward.clinician));
            QVERIFY(m_ward.stop());
        }
        QVERIFY(m_ward.start());
        m_ward.clinician.passphrase = flow::randomWord(8) + ' ' + flow::randomWord(8);
        QCOMPARE(recover({m_ward.shares[0], m_ward.shares[1], m_ward.clinician.passphrase}).status,
                 0);
        QVERIFY(m_ward.signIn(m_ward.clinician));
        QVERIFY(
            runAdmin(m_ward, {QStringLiteral("status")}).out.contains("locked out    3 users:"));
    }

private:
    /// What `user list` says of the clinician: role and state.
    QString listed() const
    {
        const auto ran =
            runAdmin(m_ward, as(m_ward.admin, {QStringLiteral("user"), QStringLiteral("list")}),
                     {m_ward.admin.passphrase});
        if (ran.status != 0)
            return QString::fromUtf8(ran.err);
        for (const QByteArray& line : ran.out.split('\n')) {
            if (line.startsWith(QByteArray::fromStdString(m_ward.clinician.name) + ' '))
                return QString::fromUtf8(line.mid(line.indexOf(' ')).simplified());
        }
        return QString::fromUtf8(ran.out);
    }

    flow::AdminRan recover(const std::vector<std::string>& secrets) const
    {
        return runAdmin(m_ward,
                        {QStringLiteral("recover"), QString::fromStdString(m_ward.clinician.name)},
                        secrets);
    }

    flow::Ward m_ward;
    flow::MadeUpPatient m_made = flow::makeUpPatient();
    std::string m_patient;
};

QTEST_GUILESS_MAIN(TestAdminProgram)
#include "tst_admin_program.moc"
