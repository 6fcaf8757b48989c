// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"

#include <array>
#include <cstddef>
#include <mutex>

namespace storage {

/// The one piece of locked memory that holds every key of the process: 64 KiB between two guard
/// pages, never swapped, left out of core dumps, read as zeros by a forked child.
///
/// Threads: locks inside.
class SecretArena {
public:
    static constexpr std::size_t kSlotBytes = 32;
    static constexpr std::size_t kBytes = 64UL * 1024;
    static constexpr std::size_t kSlots = kBytes / kSlotBytes;

    /// The process's arena. Memory is taken at the first take(), and never given back: an arena
    /// that went away before the last Secret would leave keys unlocked.
    static SecretArena& instance();

    /// A zeroed slot. Errors: NoLockedMemory when the memory cannot be locked or is used up.
    Result<std::byte*> take();
    /// Wipes @p slot and takes it back.
    void giveBack(std::byte* slot);

private:
    Result<void> map(); // secret_arena_linux.cpp

    std::mutex m_mutex;
    std::byte* m_memory = nullptr;
    std::array<bool, kSlots> m_used{};
    std::size_t m_next = 0; // where the search for a free slot begins
};

} // namespace storage
