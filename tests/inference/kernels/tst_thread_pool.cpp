// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/thread_pool.h"

#include <QTest>
#include <mutex>
#include <set>

class TestThreadPool : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void callsEveryIndexOnce_data()
    {
        QTest::addColumn<unsigned>("threads");
        for (const unsigned threads : {0U, 1U, 2U, 5U})
            QTest::addRow("%u", threads) << threads;
    }

    /// Many loops one after the other: a thread that comes late must not disturb the next one.
    void callsEveryIndexOnce()
    {
        QFETCH(unsigned, threads);
        kernels::ThreadPool pool(threads);
        QCOMPARE(pool.threads(), std::max(1U, threads));
        for (std::size_t loop = 0; loop < 3000; ++loop) {
            const std::size_t count = loop % 7 == 0 ? 0 : loop % 97;
            std::vector<std::atomic<int>> calls(count);
            std::atomic<bool> badWorker = false;
            pool.run(count, [&](std::size_t index, unsigned worker) {
                ++calls[index];
                if (worker >= pool.threads())
                    badWorker = true;
            });
            for (const auto& called : calls)
                QCOMPARE(called.load(), 1);
            QVERIFY(!badWorker);
        }
    }

    /// Both threads must be in the loop at once for it to end.
    void worksInParallel()
    {
        kernels::ThreadPool pool(2);
        std::atomic<int> inside = 0;
        std::set<unsigned> workers;
        std::mutex lock;
        pool.run(2, [&](std::size_t, unsigned worker) {
            {
                const std::scoped_lock hold(lock);
                workers.insert(worker);
            }
            ++inside;
            inside.notify_all();
            if (inside == 1)
                inside.wait(1);
        });
        QCOMPARE(workers, (std::set<unsigned>{0, 1}));
    }

    /// As many indices as threads, and none is done before all are begun.
    void allThatAreInUseWork()
    {
        kernels::ThreadPool pool(4);
        for (const unsigned threads : {4U, 2U, 3U, 1U, 4U, 4U}) {
            pool.use(threads);
            for (int loop = 0; loop < 50; ++loop) {
                std::atomic<unsigned> inside = 0;
                pool.run(threads, [&](std::size_t, unsigned) {
                    ++inside;
                    inside.notify_all();
                    for (unsigned now = inside; now != threads; now = inside)
                        inside.wait(now);
                });
                QCOMPARE(inside.load(), threads);
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestThreadPool)
#include "tst_thread_pool.moc"
