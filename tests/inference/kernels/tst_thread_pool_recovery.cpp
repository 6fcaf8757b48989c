// SPDX-License-Identifier: Apache-2.0
// Threads that the system puts aside are played by tasks that stand still on purpose.
#include "inference/kernels/thread_pool.h"

#include <QTest>
#include <chrono>
#include <numeric>

namespace {

/// What the tasks of one test share; it outlives them, as weights do.
struct Stage {
    std::atomic<bool> stands = false; // somebody stands still
    std::atomic<bool> go = false;     // and may go on
    std::atomic<bool> went = false;
    std::atomic<int> computed = 0;
    std::atomic<int> times = 0; // that the task which stands still was computed

    void stand()
    {
        stands = true;
        stands.notify_all();
        go.wait(false);
        went = true;
        went.notify_all();
    }
};

struct Task {
    Stage* stage;
    std::uint64_t* out;
    std::atomic<int>* commits;
    std::uint64_t value;
};

std::uint64_t resultOf(std::uint64_t value)
{
    return value * 0x9E3779B97F4A7C15 + 1;
}

void computeInto(const Task& task, std::byte* scratch)
{
    *reinterpret_cast<std::uint64_t*>(scratch) = resultOf(task.value);
    ++task.stage->computed;
}

constexpr auto kCompute = [](const Task& task, std::byte* scratch, unsigned) {
    computeInto(task, scratch);
};

constexpr auto kCommit = [](const Task& task, const std::byte* scratch) {
    *task.out = *reinterpret_cast<const std::uint64_t*>(scratch);
    ++*task.commits;
};

struct Work {
    explicit Work(std::size_t count, std::uint64_t firstValue = 0)
        : out(count)
        , commits(count)
    {
        for (std::size_t i = 0; i < count; ++i)
            tasks.push_back({&stage, &out[i], &commits[i], firstValue + i});
    }
    [[nodiscard]] bool isRight() const
    {
        for (std::size_t i = 0; i < out.size(); ++i)
            if (commits[i] != 1 || out[i] != resultOf(tasks[i].value))
                return false;
        return true;
    }

    Stage stage;
    std::vector<std::uint64_t> out;
    std::vector<std::atomic<int>> commits;
    std::vector<Task> tasks;
};

} // namespace

class TestThreadPoolRecovery : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void commitsEveryTaskOnce_data()
    {
        QTest::addColumn<unsigned>("threads");
        for (const unsigned threads : {1U, 2U, 5U})
            QTest::addRow("%u", threads) << threads;
    }

    void commitsEveryTaskOnce()
    {
        QFETCH(unsigned, threads);
        kernels::ThreadPool pool(threads);
        QVERIFY(pool.reserveScratch(64));
        for (std::size_t loop = 0; loop < 1500; ++loop) {
            // Some more than the pool keeps at a time.
            const std::size_t count = loop % 500 == 7 ? 9001 : loop % 67;
            Work work(count, loop);
            pool.runRecoverable(std::span<const Task>(work.tasks), kCompute, kCommit);
            QVERIFY2(work.isRight(), std::to_string(loop).c_str());
            pool.settle(); // the stage goes
            std::atomic<int> plain = 0;
            pool.run(loop % 5, [&](std::size_t, unsigned) { ++plain; });
            QCOMPARE(plain.load(), static_cast<int>(loop % 5));
        }
    }

    /// Worker 1 takes a task and stands still until the loop, and another one, are over.
    void doesNotWaitForAThreadThatStands()
    {
        kernels::ThreadPool pool(2);
        QVERIFY(pool.reserveScratch(64));
        Work work(20);
        pool.runRecoverable(
            std::span<const Task>(work.tasks),
            [](const Task& task, std::byte* scratch, unsigned worker) {
                if (worker == 0)
                    task.stage->stands.wait(false); // so that the other gets one
                else if (!task.stage->stands)
                    task.stage->stand();
                computeInto(task, scratch);
            },
            kCommit);
        const std::uint32_t loop = pool.lastLoop();
        QVERIFY(work.stage.stands);
        QVERIFY(!work.stage.went);
        QVERIFY(work.isRight());
        QCOMPARE(pool.retaken(), 1U);
        QVERIFY(pool.isBusyWith(loop, loop));
        QVERIFY(!pool.isBusyWith(loop + 1, loop + 9));

        std::fill(work.out.begin(), work.out.end(), 0);
        Work second(20, 100);
        pool.runRecoverable(std::span<const Task>(second.tasks), kCompute, kCommit);
        QVERIFY(second.isRight());
        work.stage.go = true;
        work.stage.go.notify_all();
        pool.settle();
        QVERIFY(work.stage.went);
        QVERIFY(!pool.isBusyWith(loop, loop));
        // It came back and found its task committed: the old place was not written again.
        QCOMPARE(std::accumulate(work.out.begin(), work.out.end(), std::uint64_t{0}), 0U);
        QVERIFY(second.isRight());
    }

    /// The caller itself stands still until somebody else has done its task.
    void goesOnWithoutTheCaller()
    {
        kernels::ThreadPool pool(3);
        QVERIFY(pool.reserveScratch(64));
        Work work(30);
        pool.runRecoverable(
            std::span<const Task>(work.tasks),
            [](const Task& task, std::byte* scratch, unsigned worker) {
                Stage& stage = *task.stage;
                if (worker != 0) {
                    stage.stands.wait(false);
                } else if (!stage.stands) {
                    stage.times = static_cast<int>(task.value); // which one it is
                    stage.stand();
                }
                if (worker != 0 && static_cast<int>(task.value) == stage.times) {
                    stage.go = true;
                    stage.go.notify_all();
                    stage.went.wait(false);
                }
                computeInto(task, scratch);
            },
            kCommit);
        QVERIFY(work.isRight());
        QVERIFY(work.stage.went);
        pool.settle();
        // Whoever was ready first has committed; both have computed.
        QVERIFY(work.stage.computed > 30);
    }

    /// The control: a plain loop ends only when the thread that stands has gone on.
    void aPlainLoopWaits()
    {
        kernels::ThreadPool pool(2);
        Stage stage;
        constexpr std::size_t kCount = 20;
        pool.run(kCount, [&](std::size_t, unsigned worker) {
            if (worker == 0)
                stage.stands.wait(false);
            else if (!stage.stands)
                stage.stand();
            if (++stage.computed == kCount - 1) {
                stage.go = true;
                stage.go.notify_all();
            }
        });
        QVERIFY(stage.went);
        QCOMPARE(stage.computed.load(), static_cast<int>(kCount));
        QCOMPARE(pool.retaken(), 0U);
    }

    /// Many loops with more threads than cores, in which some tasks take much too long.
    void staysRightUnderStress()
    {
        kernels::ThreadPool pool(4);
        QVERIFY(pool.reserveScratch(64));
        // None of them goes before settle().
        std::vector<std::unique_ptr<Work>> works;
        for (std::size_t loop = 0; loop < 400; ++loop) {
            works.push_back(std::make_unique<Work>(1 + loop * 7 % 40, loop));
            pool.runRecoverable(
                std::span<const Task>(works.back()->tasks),
                [](const Task& task, std::byte* scratch, unsigned worker) {
                    using namespace std::chrono_literals;
                    const bool slow = task.value % 37 == worker;
                    const auto end = std::chrono::steady_clock::now() + (slow ? 500us : 0us);
                    while (std::chrono::steady_clock::now() < end) {
                    }
                    computeInto(task, scratch);
                },
                kCommit);
            QVERIFY2(works.back()->isRight(), std::to_string(loop).c_str());
            std::atomic<int> plain = 0;
            pool.run(9, [&](std::size_t, unsigned) { ++plain; });
            QCOMPARE(plain.load(), 9);
        }
        pool.settle();
        for (const auto& work : works)
            QVERIFY(work->isRight());
        QVERIFY(pool.retaken() > 0);
    }

    void usesOnlySoManyThreads()
    {
        kernels::ThreadPool pool(3);
        QVERIFY(pool.reserveScratch(64));
        for (const unsigned threads : {2U, 1U, 3U, 0U, 9U}) {
            pool.use(threads);
            const unsigned most = std::clamp(threads, 1U, 3U);
            std::atomic<bool> tooMany = false;
            std::atomic<int> calls = 0;
            for (int loop = 0; loop < 200; ++loop) {
                pool.run(50, [&](std::size_t, unsigned worker) {
                    ++calls;
                    if (worker >= most)
                        tooMany = true;
                });
                Work work(10);
                pool.runRecoverable(std::span<const Task>(work.tasks), kCompute, kCommit);
                pool.settle();
                QVERIFY(work.isRight());
            }
            QVERIFY(!tooMany);
            QCOMPARE(calls.load(), 200 * 50);
        }
    }

    void keepsToItsProcessors()
    {
        const std::vector<unsigned> mine = kernels::processorsOfThisThread();
        QVERIFY(!mine.empty());
        {
            const unsigned last = mine.back();
            kernels::ThreadPool pool(2, {last});
            QVERIFY(kernels::processorsOfThisThread() == mine); // until the first loop
            std::atomic<int> elsewhere = 0;
            std::atomic<int> met = 0;
            pool.run(2, [&](std::size_t, unsigned) {
                elsewhere += kernels::processorsOfThisThread() != std::vector{last};
                ++met;
                while (met < 2)
                    std::this_thread::yield();
            });
            QCOMPARE(elsewhere.load(), 0);
        }
        QVERIFY(kernels::processorsOfThisThread() == mine);
        // The control: without processors nobody is bound.
        kernels::ThreadPool pool(2);
        pool.run(2, [](std::size_t, unsigned) {});
        QVERIFY(kernels::processorsOfThisThread() == mine);
    }
};

QTEST_GUILESS_MAIN(TestThreadPoolRecovery)
#include "tst_thread_pool_recovery.moc"
