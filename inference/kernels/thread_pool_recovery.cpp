// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/spin.h"
#include "inference/kernels/thread_pool.h"

#include <array>
#include <chrono>
#include <cstring>

namespace kernels {

namespace {

// A task's word: the loop's number (32 bits), whether it was committed (1), and when it was begun,
// in units of 1.024 microseconds (31, 0: not yet).
constexpr std::uint64_t kCommitted = std::uint64_t{1} << 31;
constexpr std::uint64_t kTime = kCommitted - 1;

// Four times what a task should take, and a tenth of what a thread that is put aside misses.
constexpr std::uint64_t kOverdue = 200;

std::uint64_t timeNow()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    return std::max<std::uint64_t>(1, (static_cast<std::uint64_t>(nanoseconds) >> 10) & kTime);
}

} // namespace

bool ThreadPool::reserveScratch(std::size_t bytes)
{
    settle();
    for (unsigned worker = 0; worker < threads(); ++worker) {
        Memory& scratch = m_seats[worker].scratch;
        if (scratch.size() < bytes)
            scratch = Memory::allocate(bytes);
        if (scratch.size() < bytes)
            return false;
    }
    return true;
}

void ThreadPool::runAlone(const std::byte* tasks, std::size_t taskBytes, std::size_t count,
                          const Steps& steps)
{
    std::byte* scratch = m_seats[0].scratch.data();
    for (std::size_t index = 0; index < count; ++index) {
        steps.compute(tasks + index * taskBytes, scratch, 0);
        steps.commit(tasks + index * taskBytes, scratch, 0);
    }
}

void ThreadPool::runSteps(const std::byte* tasks, std::size_t taskBytes, std::size_t count,
                          const Steps& steps)
{
    bindCaller();
    if (m_active == 1 || count == 1)
        return runAlone(tasks, taskBytes, count, steps);
    if (!m_tasks) {
        m_tasks = std::make_unique<std::atomic<std::uint64_t>[]>(kMostTasks * kMostTaskWords);
        m_states = std::make_unique<State[]>(kMostTasks);
    }
    const std::uint32_t loop = announce();
    m_call.store(nullptr, std::memory_order_relaxed);
    m_compute.store(steps.compute, std::memory_order_relaxed);
    m_commit.store(steps.commit, std::memory_order_relaxed);
    m_taskWords.store(steps.taskWords, std::memory_order_relaxed);
    for (std::size_t index = 0; index < count; ++index) {
        std::array<std::uint64_t, kMostTaskWords> words = {};
        std::memcpy(words.data(), tasks + index * taskBytes, taskBytes);
        for (std::size_t word = 0; word < steps.taskWords; ++word)
            m_tasks[index * steps.taskWords + word].store(words[word], std::memory_order_relaxed);
        m_states[index].word.store(upperHalf(loop), std::memory_order_relaxed);
    }
    publish(loop, count);
    takeIndices(0);
    rescue(0);
    // Over for everybody: a thread that took its task but has not begun must find it gone.
    announce();
    leaveContestedProcessor();
}

bool ThreadPool::attempt(std::size_t index, std::uint32_t loop, unsigned worker)
{
    Seat& seat = m_seats[worker];
    // Before isCurrent(): either the caller sees this thread inside, or this thread sees the end.
    seat.inside.store(std::uint64_t{loop} + 1);
    const Step compute = m_compute.load(std::memory_order_relaxed);
    const Step commit = m_commit.load(std::memory_order_relaxed);
    const std::size_t words = m_taskWords.load(std::memory_order_relaxed);
    alignas(64) std::array<std::uint64_t, kMostTaskWords> task;
    for (std::size_t word = 0; word < words; ++word)
        task[word] = m_tasks[index * words + word].load(std::memory_order_relaxed);
    bool committed = false;
    if (isCurrent(loop)) {
        std::uint64_t unbegun = upperHalf(loop);
        m_states[index].word.compare_exchange_strong(unbegun, unbegun | timeNow(),
                                                     std::memory_order_relaxed);
        compute(task.data(), seat.scratch.data(), worker);
        // The loop cannot end between these two: the task is not counted yet.
        committed = mayCommit(index, loop);
        if (committed)
            commit(task.data(), seat.scratch.data(), worker);
    }
    seat.inside.store(0, std::memory_order_release);
    if (committed)
        finishOne(0);
    return committed;
}

bool ThreadPool::mayCommit(std::size_t index, std::uint32_t loop)
{
    std::uint64_t seen = m_states[index].word.load(std::memory_order_relaxed);
    while (loopOf(seen) == loop && (seen & kCommitted) == 0) {
        if (m_states[index].word.compare_exchange_weak(
                seen, seen | kCommitted, std::memory_order_acq_rel, std::memory_order_relaxed))
            return true;
    }
    return false;
}

ThreadPool::TaskState ThreadPool::look(std::size_t index, std::uint32_t loop)
{
    std::uint64_t seen = m_states[index].word.load(std::memory_order_relaxed);
    if (loopOf(seen) != loop || (seen & kCommitted) != 0)
        return TaskState::Committed;
    const std::uint64_t now = timeNow();
    const std::uint64_t begun = seen & kTime;
    if (begun != 0 && ((now - begun) & kTime) < kOverdue)
        return TaskState::Open;
    // A new beginning, so that one thread computes it and not every idle one. One that was taken
    // and not begun gets its 200 microseconds, too.
    const bool changed = m_states[index].word.compare_exchange_strong(seen, upperHalf(loop) | now,
                                                                      std::memory_order_relaxed);
    return changed && begun != 0 ? TaskState::Overdue : TaskState::Open;
}

void ThreadPool::rescue(unsigned worker)
{
    const std::uint64_t limit = m_limit.load(std::memory_order_acquire);
    const std::uint32_t loop = loopOf(limit);
    const auto count = static_cast<std::uint32_t>(limit);
    const bool recoverable = m_call.load(std::memory_order_relaxed) == nullptr;
    if (!recoverable || count == 0)
        return;
    Spin spin;
    std::size_t first = 0; // those before are committed
    while (isCurrent(loop) && m_done.load(std::memory_order_acquire) != count) {
        for (std::size_t index = first; index < count; ++index) {
            const TaskState state = look(index, loop);
            if (state == TaskState::Committed && index == first)
                ++first;
            if (state == TaskState::Overdue && attempt(index, loop, worker))
                m_retaken.fetch_add(1, std::memory_order_relaxed);
        }
        // The task's own thread may wait for this processor.
        if (!spin.again())
            std::this_thread::yield();
    }
}

void ThreadPool::settle() const
{
    for (unsigned worker = 1; worker < threads(); ++worker)
        while (m_seats[worker].inside.load(std::memory_order_acquire) != 0)
            std::this_thread::yield();
}

bool ThreadPool::isBusyWith(std::uint32_t first, std::uint32_t last) const
{
    for (unsigned worker = 1; worker < threads(); ++worker) {
        const std::uint64_t inside = m_seats[worker].inside.load();
        if (inside != 0 && inside - 1 >= first && inside - 1 <= last)
            return true;
    }
    return false;
}

} // namespace kernels
