// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/thread_pool.h"

#include <cassert>
#include <limits>

namespace kernels {

namespace {

// A pause takes 10 to 40 ns on the processors of today: some tens of microseconds in all.
constexpr int kSpins = 2000;

constexpr std::uint64_t upperHalf(std::uint32_t loop)
{
    return static_cast<std::uint64_t>(loop) << 32;
}

void pause()
{
    __builtin_ia32_pause();
}

} // namespace

ThreadPool::ThreadPool(unsigned threads)
{
    for (unsigned worker = 1; worker < threads; ++worker)
        m_workers.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool()
{
    m_stop = true;
    ++m_loop;
    m_loop.notify_all();
}

void ThreadPool::runLoop(std::size_t count, Call call, void* context)
{
    assert(count < std::numeric_limits<std::uint32_t>::max());
    if (count == 0)
        return;
    if (m_workers.empty() || count == 1) {
        for (std::size_t index = 0; index < count; ++index)
            call(context, index, 0);
        return;
    }
    const std::uint32_t loop = m_loop.load(std::memory_order_relaxed) + 1;
    m_call = call;
    m_context = context;
    m_done.store(0, std::memory_order_relaxed);
    m_limit.store(upperHalf(loop) | count, std::memory_order_relaxed);
    m_ticket.store(upperHalf(loop), std::memory_order_release);
    m_loop.store(loop);
    m_loop.notify_all();

    takeIndices(0);
    for (int spin = 0; m_done.load(std::memory_order_acquire) != count; ++spin) {
        // Another thread holds the last indices; if it is not running, let it.
        if (spin < kSpins)
            pause();
        else
            std::this_thread::yield();
    }
}

void ThreadPool::takeIndices(unsigned worker)
{
    for (;;) {
        const std::uint64_t ticket = m_ticket.fetch_add(1, std::memory_order_acq_rel);
        const std::uint64_t limit = m_limit.load(std::memory_order_relaxed);
        if (ticket >> 32 != limit >> 32 || ticket >= limit)
            return;
        // The loop cannot end before this index is counted, so call and context are its own.
        m_call(m_context, static_cast<std::uint32_t>(ticket), worker);
        m_done.fetch_add(1, std::memory_order_release);
    }
}

std::uint32_t ThreadPool::waitForLoop(std::uint32_t seen)
{
    for (int spin = 0; spin < kSpins; ++spin) {
        const std::uint32_t loop = m_loop.load(std::memory_order_acquire);
        if (loop != seen)
            return loop;
        pause();
    }
    m_loop.wait(seen);
    return m_loop.load(std::memory_order_acquire);
}

void ThreadPool::work(unsigned worker)
{
    std::uint32_t seen = 0;
    for (;;) {
        seen = waitForLoop(seen);
        if (m_stop)
            return;
        takeIndices(worker);
    }
}

} // namespace kernels
