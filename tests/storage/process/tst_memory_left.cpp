// SPDX-License-Identifier: Apache-2.0
// Made-up /proc and /sys of machines with much memory and of groups with little.
#include "storage/process/memory.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

class TestMemoryLeft : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_root;

    void write(const std::string& file, const std::string& text) const
    {
        const auto path = root() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    [[nodiscard]] std::filesystem::path root() const { return m_root->path().toStdString(); }

private Q_SLOTS:
    void init()
    {
        m_root = std::make_unique<QTemporaryDir>();
        write("proc/meminfo",
              "MemTotal:       4000000 kB\nMemFree: 5 kB\nMemAvailable:  3000000 kB\n");
        write("proc/self/cgroup", "0::/ward/cloister\n");
    }

    void withoutLimitsTheMachineDecides()
    {
        write("sys/fs/cgroup/ward/cloister/memory.max", "max\n");
        const auto left = process::memoryLeft(root());
        QCOMPARE(left.bytes, 3000000ULL * 1024);
        QCOMPARE(left.limit, 4000000ULL * 1024);
    }

    void theLeastOfAllGroupsCounts_data()
    {
        QTest::addColumn<QString>("group");
        QTest::newRow("own") << QStringLiteral("ward/cloister");
        QTest::newRow("above") << QStringLiteral("ward");
    }

    void theLeastOfAllGroupsCounts()
    {
        QFETCH(QString, group);
        const std::string folder = "sys/fs/cgroup/" + group.toStdString();
        write(folder + "/memory.max", "1000\n");
        write(folder + "/memory.current", "900\n");
        write(folder + "/memory.stat", "anon 300\nfile_mapped 7\nfile 600\n");
        const auto left = process::memoryLeft(root());
        QCOMPARE(left.limit, 1000U);
        QCOMPARE(left.bytes, 700U); // copies of files can go
    }

    void aFullGroupHasNothingLeft()
    {
        write("sys/fs/cgroup/ward/memory.max", "1000\n");
        write("sys/fs/cgroup/ward/memory.current", "2000\n");
        QCOMPARE(process::memoryLeft(root()).bytes, 0U);
    }

    void nothingKnownMeansNoLimit()
    {
        m_root = std::make_unique<QTemporaryDir>();
        QCOMPARE(process::memoryLeft(root()).bytes, UINT64_MAX);
        QVERIFY(process::memoryLeft().bytes > 1 << 20); // this machine's
    }
};

QTEST_GUILESS_MAIN(TestMemoryLeft)
#include "tst_memory_left.moc"
