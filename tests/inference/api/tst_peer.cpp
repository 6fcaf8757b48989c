// SPDX-License-Identifier: Apache-2.0
// Who is told a passphrase: what the machine says about the process behind the socket.
#include "inference/api/peer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>

#include <fstream>

class TestPeer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theServiceIsTheAccountOfThatName_data()
    {
        QTest::addColumn<unsigned>("peer");
        QTest::addColumn<unsigned>("owner");
        QTest::addColumn<bool>("trusted");
        QTest::newRow("the account") << 990U << 990U << true;
        QTest::newRow("root") << 0U << 0U << true;
        QTest::newRow("oneself, from a checkout") << 1000U << 1000U << true;
        QTest::newRow("a stranger on a socket of his own") << 1001U << 1001U << false;
        QTest::newRow("the account on a stranger's socket") << 990U << 1001U << false;
        QTest::newRow("a stranger on the account's socket") << 1001U << 990U << false;
    }

    void theServiceIsTheAccountOfThatName()
    {
        QFETCH(unsigned, peer);
        QFETCH(unsigned, owner);
        QFETCH(bool, trusted);
        QCOMPARE(api::mayBeService(peer, {.socketOwner = owner, .cloister = 990U, .self = 1000U}),
                 trusted);
    }

    void withoutThatAccountItIsWhoOwnsTheSocket()
    {
        const auto trusted = [](unsigned peer, std::optional<unsigned> owner) {
            return api::mayBeService(peer, {.socketOwner = owner, .cloister = {}, .self = 1000U});
        };
        QVERIFY(trusted(1001U, 1001U)); // all that can be asked: docs/threat-model.md
        QVERIFY(!trusted(1001U, 1000U));
        QVERIFY(!trusted(1001U, std::nullopt));
    }

    void theMachineIsAsked()
    {
        const QTemporaryDir folder;
        const std::string file = folder.filePath(QStringLiteral("s")).toStdString();
        std::ofstream(file) << "x";
        const api::ServiceAccounts accounts = api::serviceAccounts(file);
        QCOMPARE(accounts.socketOwner, std::optional<std::uint32_t>(geteuid()));
        QCOMPARE(accounts.self, static_cast<std::uint32_t>(geteuid()));
        QCOMPARE(accounts.cloister, api::accountNamed("cloister"));
        QVERIFY(!api::serviceAccounts(file + "-not-there").socketOwner);
        QCOMPARE(api::accountNamed("root"), std::optional<std::uint32_t>(0));
        QVERIFY(!api::accountNamed("no such account"));
    }
};

QTEST_GUILESS_MAIN(TestPeer)
#include "tst_peer.moc"
