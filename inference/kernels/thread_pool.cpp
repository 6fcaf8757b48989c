// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/thread_pool.h"

#include "inference/kernels/spin.h"

#include <cassert>
#include <limits>

namespace kernels {

ThreadPool::ThreadPool(unsigned threads, std::vector<unsigned> processors)
    : m_active(std::max(1U, threads))
    , m_processors(std::move(processors))
    , m_seats(std::make_unique<Seat[]>(std::max(1U, threads)))
{
    if (!m_processors.empty()) {
        const std::size_t own = m_processors.size();
        for (unsigned worker = static_cast<unsigned>(own); worker < threads; ++worker)
            m_processors.push_back(m_processors[worker % own]);
    }
    for (unsigned worker = 1; worker < threads; ++worker)
        m_workers.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool()
{
    m_stop = true;
    ++m_loop;
    m_loop.notify_all();
    m_active = 0;
    m_active.notify_all();
    if (!m_callersOwn.empty() && m_caller == std::this_thread::get_id())
        bindThread(numberOfThisThread(), m_callersOwn);
}

void ThreadPool::use(unsigned threads)
{
    const unsigned wanted = std::clamp(threads, 1U, this->threads());
    // Those that sleep would wake up to find that nothing has changed.
    if (m_active.exchange(wanted) != wanted)
        m_active.notify_all();
}

bool ThreadPool::isCurrent(std::uint32_t loop) const
{
    // What was read before is of the loop when its number is still there after.
    std::atomic_thread_fence(std::memory_order_acquire);
    return loopOf(m_limit.load()) == loop;
}

/// From here on what threads read of the last loop is no longer theirs.
std::uint32_t ThreadPool::announce()
{
    const std::uint32_t loop = m_loop.load(std::memory_order_relaxed) + 1;
    m_limit.store(upperHalf(loop)); // no indices yet
    std::atomic_thread_fence(std::memory_order_release);
    return loop;
}

void ThreadPool::publish(std::uint32_t loop, std::size_t count)
{
    m_done.store(0, std::memory_order_relaxed);
    m_limit.store(upperHalf(loop) | count, std::memory_order_release);
    m_ticket.store(upperHalf(loop), std::memory_order_release);
    m_loop.store(loop);
    m_loop.notify_all();
}

void ThreadPool::runPlain(std::size_t count, Call call, void* context)
{
    assert(count < std::numeric_limits<std::uint32_t>::max());
    if (count == 0)
        return;
    bindCaller();
    if (m_active == 1 || count == 1) {
        for (std::size_t index = 0; index < count; ++index)
            call(context, index, 0);
        return;
    }
    const std::uint32_t loop = announce();
    m_call.store(call, std::memory_order_relaxed);
    m_context.store(context, std::memory_order_relaxed);
    publish(loop, count);
    takeIndices(0);
    waitForEnd(static_cast<std::uint32_t>(count));
}

void ThreadPool::waitForEnd(std::uint32_t count)
{
    Spin spin;
    std::uint32_t done = m_done.load(std::memory_order_acquire);
    while (done != count) {
        // Another thread holds the last indices; if it is not running, let it.
        if (!spin.again())
            m_done.wait(done, std::memory_order_acquire);
        done = m_done.load(std::memory_order_acquire);
    }
}

void ThreadPool::finishOne(std::uint32_t count)
{
    if (m_done.fetch_add(1, std::memory_order_acq_rel) + 1 == count)
        m_done.notify_one();
}

void ThreadPool::takeIndices(unsigned worker)
{
    for (;;) {
        const std::uint64_t ticket = m_ticket.fetch_add(1, std::memory_order_acq_rel);
        const std::uint64_t limit = m_limit.load(std::memory_order_relaxed);
        const std::uint32_t loop = loopOf(ticket);
        if (loop != loopOf(limit) || ticket >= limit)
            return;
        const Call call = m_call.load(std::memory_order_relaxed);
        void* const context = m_context.load(std::memory_order_relaxed);
        if (!isCurrent(loop))
            return; // a recoverable loop that ended without this thread
        if (call == nullptr) {
            if (!attempt(static_cast<std::uint32_t>(ticket), loop, worker))
                m_seats[worker].lost.fetch_add(1, std::memory_order_relaxed);
            continue;
        }
        // The loop cannot end before this index is counted, so call and context stay its own.
        call(context, static_cast<std::uint32_t>(ticket), worker);
        finishOne(static_cast<std::uint32_t>(limit));
    }
}

std::uint32_t ThreadPool::waitForLoop(std::uint32_t seen)
{
    Spin spin;
    do {
        const std::uint32_t loop = m_loop.load(std::memory_order_acquire);
        if (loop != seen)
            return loop;
    } while (spin.again());
    m_loop.wait(seen);
    return m_loop.load(std::memory_order_acquire);
}

void ThreadPool::join(unsigned worker)
{
    takeIndices(worker);
    rescue(worker);
}

void ThreadPool::work(unsigned worker)
{
    bindWorker(worker);
    std::uint32_t seen = 0;
    for (;;) {
        seen = waitForLoop(seen);
        const std::uint32_t active = m_active;
        if (m_stop)
            return;
        if (worker < active)
            join(worker);
        else
            m_active.wait(active);
    }
}

} // namespace kernels
