// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/memory.h"
#include "inference/kernels/thread_place.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

namespace kernels {

/// A fixed set of threads that share loops. A loop is handed out index by index, so a thread that
/// the system has put aside holds back one index, not its share; a loop of runRecoverable() not
/// even that. Waiting threads spin for up to 50 microseconds (the pause between two matrices of a
/// token), then sleep in the kernel.
///
/// Threads: run(), runRecoverable(), use(), reserveScratch() and settle() from one thread at a
/// time; that thread works too, as worker 0.
///
/// Padded on purpose: what one thread writes while another reads has a cache line of its own.
class ThreadPool { // NOLINT(clang-analyzer-optin.performance.Padding)
public:
    /// @p threads in all, the caller of run() included; 0 counts as 1. With @p processors, worker i
    /// runs on the processor i % size() of them only, the calling thread from its first loop until
    /// the pool is gone.
    explicit ThreadPool(unsigned threads, std::vector<unsigned> processors = {});
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    [[nodiscard]] unsigned threads() const { return static_cast<unsigned>(m_workers.size()) + 1; }

    /// From the next loop on only the workers below @p threads take part, at least one; the others
    /// sleep.
    void use(unsigned threads);

    /// Calls f(index, worker) once for every index below @p count and returns when all are done.
    /// @p f must not throw and must not call run().
    template <typename F>
    void run(std::size_t count, F f)
    {
        runPlain(
            count,
            [](void* context, std::size_t index, unsigned worker) {
                (*static_cast<F*>(context))(index, worker);
            },
            &f);
    }

    static constexpr std::size_t kMostTaskBytes = 128;

    /// Memory of each worker for compute(). False when there is none. Waits as settle().
    bool reserveScratch(std::size_t bytes);

    /// A loop whose end does not wait for a thread that the system has put aside: a task that has
    /// been in work for more than 200 microseconds is computed again by a thread with nothing to
    /// do, and whoever is ready first commits.
    ///
    /// For every task compute(task, scratch, worker) runs at least once and commit(task, scratch)
    /// exactly once, by the same thread, before the call returns. compute writes to its scratch
    /// only (64-byte aligned, as many bytes as reserveScratch() was asked for); its result follows
    /// from the task alone. A compute that nobody waits for any more may go on after the call
    /// returned: what it reads besides the task must stay mapped until settle(), and may hold
    /// anything. Neither may throw nor start a loop.
    template <typename Task, typename Compute, typename Commit>
    void runRecoverable(std::span<const Task> tasks, Compute, Commit)
    {
        static_assert(std::is_trivially_copyable_v<Task> && sizeof(Task) <= kMostTaskBytes);
        // A late compute must find nothing of the caller's: all that it knows is in the task.
        static_assert(std::is_empty_v<Compute> && std::is_empty_v<Commit>);
        const Steps steps = {[](const void* task, std::byte* scratch, unsigned worker) {
                                 Compute{}(*static_cast<const Task*>(task), scratch, worker);
                             },
                             [](const void* task, std::byte* scratch, unsigned) {
                                 Commit{}(*static_cast<const Task*>(task), scratch);
                             },
                             (sizeof(Task) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t)};
        for (std::size_t first = 0; first < tasks.size(); first += kMostTasks) {
            const auto part = tasks.subspan(first, std::min(kMostTasks, tasks.size() - first));
            runSteps(std::as_bytes(part).data(), sizeof(Task), part.size(), steps);
        }
    }

    /// Waits until no thread is inside a task any more, that of an earlier loop included. To be
    /// called before what tasks have read is unmapped.
    void settle() const;

    /// Number of the loop that runs or ran last.
    [[nodiscard]] std::uint32_t lastLoop() const { return m_loop.load(std::memory_order_relaxed); }
    /// Whether a thread may still be inside a task of one of the loops @p first to @p last.
    [[nodiscard]] bool isBusyWith(std::uint32_t first, std::uint32_t last) const;

    /// Tasks that were computed again because their thread was put aside.
    [[nodiscard]] std::uint64_t retaken() const { return m_retaken; }

private:
    static constexpr std::size_t kMostTasks = 4096;
    static constexpr std::size_t kMostTaskWords = kMostTaskBytes / sizeof(std::uint64_t);

    using Call = void (*)(void* context, std::size_t index, unsigned worker);
    using Step = void (*)(const void* task, std::byte* scratch, unsigned worker);
    struct Steps {
        Step compute;
        Step commit;
        std::size_t taskWords;
    };
    /// On a cache line of its own: two threads write those of neighbours at the same time.
    struct alignas(64) State {
        std::atomic<std::uint64_t> word = 0;
    };
    /// What the others must see of a worker; on a cache line of its own.
    struct alignas(64) Seat {
        std::atomic<std::uint64_t> inside = 0; // 1 + number of the loop whose task it is in, or 0
        std::atomic<std::uint32_t> lost = 0;   // tasks that another thread has committed
        std::atomic<ThreadNumber> thread = 0;
        Memory scratch;
    };

    void runPlain(std::size_t count, Call call, void* context);
    void runSteps(const std::byte* tasks, std::size_t taskBytes, std::size_t count,
                  const Steps& steps);
    void runAlone(const std::byte* tasks, std::size_t taskBytes, std::size_t count,
                  const Steps& steps);
    std::uint32_t announce();
    void publish(std::uint32_t loop, std::size_t count);
    void finishOne(std::uint32_t count);
    void waitForEnd(std::uint32_t count);
    void work(unsigned worker);
    void join(unsigned worker);
    void takeIndices(unsigned worker);
    std::uint32_t waitForLoop(std::uint32_t seen);

    // ---- thread_pool_recovery.cpp ----
    bool attempt(std::size_t index, std::uint32_t loop, unsigned worker);
    bool mayCommit(std::size_t index, std::uint32_t loop);
    void rescue(unsigned worker);
    enum class TaskState { Committed, Open, Overdue };
    TaskState look(std::size_t index, std::uint32_t loop);

    // ---- thread_pool_place.cpp ----
    void bindCaller();
    void bindWorker(unsigned worker);
    void leaveContestedProcessor();

    [[nodiscard]] bool isCurrent(std::uint32_t loop) const;
    static constexpr std::uint64_t upperHalf(std::uint32_t loop)
    {
        return static_cast<std::uint64_t>(loop) << 32;
    }
    static constexpr std::uint32_t loopOf(std::uint64_t word)
    {
        return static_cast<std::uint32_t>(word >> 32);
    }

    // The number of the loop in the upper half of both, so that a thread that comes late can tell
    // that its index belongs to a loop already over.
    std::atomic<std::uint64_t> m_ticket = 0; // next index to be taken
    std::atomic<std::uint64_t> m_limit = 0;  // number of indices
    alignas(64) std::atomic<std::uint32_t> m_done = 0;
    alignas(64) std::atomic<std::uint32_t> m_loop = 0; // what a sleeping thread waits on
    std::atomic<std::uint32_t> m_active = 1;           // what a thread out of use() waits on
    std::atomic<bool> m_stop = false;

    // Of the loop. Read by threads that may come late, hence atomic, and used only after
    // isCurrent() has shown that they were of the thread's own loop.
    std::atomic<Call> m_call = nullptr; // null: a recoverable loop
    std::atomic<void*> m_context = nullptr;
    std::atomic<Step> m_compute = nullptr;
    std::atomic<Step> m_commit = nullptr;
    std::atomic<std::size_t> m_taskWords = 0;
    std::unique_ptr<std::atomic<std::uint64_t>[]> m_tasks; // [kMostTasks * kMostTaskWords]
    /// Of each task: the loop's number, whether it was committed, and when it was begun.
    std::unique_ptr<State[]> m_states; // [kMostTasks]
    std::atomic<std::uint64_t> m_retaken = 0;

    std::vector<unsigned> m_processors; // of each worker; empty: anywhere
    std::thread::id m_caller;
    std::vector<unsigned> m_callersOwn; // processors before it was bound
    std::unique_ptr<Seat[]> m_seats;    // by worker
    std::vector<std::jthread> m_workers;
};

} // namespace kernels
