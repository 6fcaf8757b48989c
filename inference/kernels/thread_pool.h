// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace kernels {

/// A fixed set of threads that share loops. A loop is handed out index by index, so a thread that
/// the system has put aside holds back one index, not its share. Waiting threads spin for some tens
/// of microseconds (the pause between two matrices of a token), then sleep in the kernel.
///
/// Threads: run() from one thread at a time; that thread works too, as worker 0.
class ThreadPool {
public:
    /// @p threads in all, the caller of run() included; 0 counts as 1.
    explicit ThreadPool(unsigned threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    [[nodiscard]] unsigned threads() const { return static_cast<unsigned>(m_workers.size()) + 1; }

    /// Calls f(index, worker) once for every index below @p count and returns when all are done.
    /// @p f must not throw and must not call run().
    template <typename F>
    void run(std::size_t count, F f)
    {
        runLoop(
            count,
            [](void* context, std::size_t index, unsigned worker) {
                (*static_cast<F*>(context))(index, worker);
            },
            &f);
    }

private:
    using Call = void (*)(void* context, std::size_t index, unsigned worker);

    void runLoop(std::size_t count, Call call, void* context);
    void work(unsigned worker);
    void takeIndices(unsigned worker);
    std::uint32_t waitForLoop(std::uint32_t seen);

    // The number of the loop in the upper half of both, so that a thread that comes late can tell
    // that its index belongs to a loop already over.
    std::atomic<std::uint64_t> m_ticket = 0; // next index to be taken
    std::atomic<std::uint64_t> m_limit = 0;  // number of indices
    std::atomic<std::size_t> m_done = 0;
    std::atomic<std::uint32_t> m_loop = 0; // what a sleeping thread waits on
    std::atomic<bool> m_stop = false;
    Call m_call = nullptr;
    void* m_context = nullptr;
    std::vector<std::jthread> m_workers;
};

} // namespace kernels
