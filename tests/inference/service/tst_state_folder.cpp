// SPDX-License-Identifier: Apache-2.0
// Whose the state folder must be, and that one service has it at a time.
#include "inference/service/state_folder.h"

#include <QtTest>

#include <sys/stat.h>
#include <unistd.h>

class TestStateFolder : public QObject {
    Q_OBJECT

    static std::filesystem::path folder(const QTemporaryDir& place, mode_t mode)
    {
        const std::filesystem::path path = std::filesystem::path(place.path().toStdString()) / "s";
        if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), mode) != 0)
            qFatal("no folder");
        return path;
    }

private Q_SLOTS:
    void nobodyElseMayListOrWriteIt_data()
    {
        QTest::addColumn<int>("mode");
        QTest::addColumn<bool>("taken");
        QTest::newRow("alone") << 0700 << true;
        QTest::newRow("passed through") << 0711 << true;
        QTest::newRow("listed by the group") << 0740 << false;
        QTest::newRow("listed by all") << 0755 << false;
        QTest::newRow("written by the group") << 0720 << false;
        QTest::newRow("written by all") << 0703 << false;
    }

    void nobodyElseMayListOrWriteIt()
    {
        QFETCH(int, mode);
        QFETCH(bool, taken);
        const QTemporaryDir place;
        const auto state = service::StateFolder::open(folder(place, static_cast<mode_t>(mode)));
        QCOMPARE(state.has_value(), taken);
        if (!taken)
            QVERIFY(state.error().message.contains("chmod"));
    }

    void anothersFolderIsRefused()
    {
        if (::geteuid() == 0)
            QSKIP("every folder is root's or can be made so");
        QVERIFY(!service::StateFolder::open("/"));
    }

    void theOriginStaysAndOneServiceHasIt()
    {
        const QTemporaryDir place;
        const auto path = folder(place, 0700);
        std::string origin;
        {
            const auto first = service::StateFolder::open(path);
            QVERIFY(first);
            origin = (*first)->origin();
            QVERIFY(origin.starts_with("cloister/") && origin.size() == 9 + 32);
            const auto second = service::StateFolder::open(path);
            QVERIFY(!second && second.error().code == api::Errc::Conflict);
        }
        const auto again = service::StateFolder::open(path);
        QVERIFY(again);
        QCOMPARE((*again)->origin(), origin);
    }
};

QTEST_GUILESS_MAIN(TestStateFolder)
#include "tst_state_folder.moc"
