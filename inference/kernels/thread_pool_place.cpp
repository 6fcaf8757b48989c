// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/thread_pool.h"

namespace kernels {

namespace {

// So many more tasks must the caller have lost than another: a single one says nothing.
constexpr std::uint32_t kContested = 3;

} // namespace

void ThreadPool::bindWorker(unsigned worker)
{
    const ThreadNumber own = numberOfThisThread();
    if (!m_processors.empty())
        bindThread(own, std::span(m_processors).subspan(worker, 1));
    m_seats[worker].thread = own; // from now on the caller may move it
}

void ThreadPool::bindCaller()
{
    const std::thread::id caller = std::this_thread::get_id();
    if (m_processors.empty() || caller == m_caller)
        return;
    m_caller = caller;
    m_callersOwn = processorsOfThisThread();
    bindWorker(0);
}

/// What stands between two loops runs on the caller alone, and nobody can do that in its place: a
/// caller that is often put aside changes places with the thread that is least.
void ThreadPool::leaveContestedProcessor()
{
    const std::uint32_t lost = m_seats[0].lost.load(std::memory_order_relaxed);
    if (lost < kContested || m_processors.empty())
        return;
    unsigned calmest = 1;
    for (unsigned worker = 2; worker < m_active; ++worker)
        if (m_seats[worker].lost < m_seats[calmest].lost)
            calmest = worker;
    const bool better =
        m_seats[calmest].lost + kContested <= lost && m_processors[calmest] != m_processors[0];
    for (unsigned worker = 0; worker < threads(); ++worker)
        m_seats[worker].lost = 0;
    if (!better || m_seats[calmest].thread == 0)
        return;
    std::swap(m_processors[0], m_processors[calmest]);
    bindThread(m_seats[calmest].thread, std::span(m_processors).subspan(calmest, 1));
    bindThread(m_seats[0].thread, std::span(m_processors).first(1));
}

} // namespace kernels
