// SPDX-License-Identifier: Apache-2.0
// Made-up /proc and /sys of a machine that limits us, and of some that do not.
#include "storage/process/cores.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sched.h>

class TestCores : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_root;

    void write(const std::string& file, const std::string& text) const
    {
        const auto path = root() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    [[nodiscard]] std::filesystem::path root() const { return m_root->path().toStdString(); }

    static unsigned mayRunOn()
    {
        cpu_set_t allowed;
        CPU_ZERO(&allowed);
        ::sched_getaffinity(0, sizeof allowed, &allowed);
        return static_cast<unsigned>(CPU_COUNT(&allowed));
    }

private Q_SLOTS:
    void init() { m_root = std::make_unique<QTemporaryDir>(); }

    void quotas_data()
    {
        QTest::addColumn<QByteArray>("group");
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("limits"); // to one core
        const QByteArray two = "0::/ward/cloister\n";
        QTest::newRow("own group")
            << two << QByteArray("ward/cloister/cpu.max") << QByteArray("100000 100000\n") << true;
        QTest::newRow("group above")
            << two << QByteArray("ward/cpu.max") << QByteArray("50000 100000\n") << true;
        QTest::newRow("container")
            << QByteArray("0::/\n") << QByteArray("cpu.max") << QByteArray("1000 100000\n") << true;
        QTest::newRow("outside's name") << QByteArray("0::/../pod7\n") << QByteArray("cpu.max")
                                        << QByteArray("99999 100000\n") << true;
        QTest::newRow("no limit") << two << QByteArray("ward/cloister/cpu.max")
                                  << QByteArray("max 100000\n") << false;
        QTest::newRow("more than there is") << two << QByteArray("ward/cloister/cpu.max")
                                            << QByteArray("900000000000 100000\n") << false;
        QTest::newRow("no sense") << two << QByteArray("ward/cloister/cpu.max")
                                  << QByteArray("-1 0\n") << false;
        QTest::newRow("another group")
            << two << QByteArray("kitchen/cpu.max") << QByteArray("100000 100000\n") << false;
        QTest::newRow("another file") << two << QByteArray("ward/cloister/cpu.max.burst")
                                      << QByteArray("100000 100000\n") << false;
    }

    void quotas()
    {
        QFETCH(QByteArray, group);
        QFETCH(QByteArray, file);
        QFETCH(QByteArray, text);
        QFETCH(bool, limits);
        write("proc/self/cgroup", group.toStdString());
        write("sys/fs/cgroup/" + file.toStdString(), text.toStdString());
        QCOMPARE(process::allowedCores(root()), limits ? 1U : mayRunOn());
    }

    void quotasOfTheFirstVersion()
    {
        write("sys/fs/cgroup/cpu,cpuacct/ward/cpu.cfs_period_us", "100000\n");
        write("sys/fs/cgroup/cpu,cpuacct/ward/cpu.cfs_quota_us", "70000\n");
        for (const auto& [groups, limits] :
             {std::pair<std::string, bool>{"3:cpuset:/ward\n5:cpu,cpuacct:/ward/cloister\n", true},
              {"3:cpuset:/ward\n5:cpuacct:/ward\n0::/\n", false},
              {"5:cpu,cpuacct:/kitchen\n", false}}) {
            write("proc/self/cgroup", groups);
            QCOMPARE(process::allowedCores(root()), limits ? 1U : mayRunOn());
        }
        write("proc/self/cgroup", "5:cpu,cpuacct:/ward\n");
        write("sys/fs/cgroup/cpu,cpuacct/ward/cpu.cfs_quota_us", "-1\n");
        QCOMPARE(process::allowedCores(root()), mayRunOn());
    }

    void aQuotaIsRoundedUp()
    {
        if (mayRunOn() < 2)
            QSKIP("this machine has one core");
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/cpu.max", "100001 100000\n");
        QCOMPARE(process::allowedCores(root()), 2U);
    }

    void neverFewerThanOneNorMoreThanThisProcessMayUse()
    {
        QCOMPARE(process::allowedCores(root()), mayRunOn()); // no /proc at all
        QVERIFY(process::allowedCores() >= 1);
        cpu_set_t before;
        QCOMPARE(::sched_getaffinity(0, sizeof before, &before), 0);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t core = 0; CPU_COUNT(&one) == 0; ++core)
            if (CPU_ISSET(core, &before))
                CPU_SET(core, &one);
        QCOMPARE(::sched_setaffinity(0, sizeof one, &one), 0);
        const unsigned cores = process::allowedCores(root());
        QCOMPARE(::sched_setaffinity(0, sizeof before, &before), 0);
        QCOMPARE(cores, 1U);
    }

    void oneProcessorOfEveryCore()
    {
        const std::vector<unsigned> mine = process::processorsToBind(root()); // no /sys: all differ
        QCOMPARE(mine.size(), std::size_t{mayRunOn()});
        QVERIFY(std::ranges::is_sorted(mine));
        for (const char* name : {"core_cpus_list", "thread_siblings_list"}) {
            m_root = std::make_unique<QTemporaryDir>();
            // Every processor is a thread of the first one's core.
            for (const unsigned processor : mine)
                write("sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/" +
                          name,
                      std::to_string(mine.front()) + ",4095\n");
            QVERIFY(process::processorsToBind(root()) == std::vector{mine.front()});
        }
    }

    void noMoreProcessorsThanTheQuotaAllows()
    {
        const std::vector<unsigned> all = process::processorsToBind(root());
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/cpu.max", "100000 100000\n");
        QVERIFY(process::processorsToBind(root()) == std::vector{all.front()});
    }
};

QTEST_GUILESS_MAIN(TestCores)
#include "tst_cores.moc"
