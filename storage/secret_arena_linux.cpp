// SPDX-License-Identifier: Apache-2.0
#include "storage/secret_arena.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace storage {

Result<void> SecretArena::map()
{
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t whole = kBytes + 2 * page;

    // Guard pages on both sides: reading past a neighbour's buffer faults instead of finding keys.
    void* const base = mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return std::unexpected(Error{Errc::NoLockedMemory, "mmap of the key arena refused"});
    auto* const memory = static_cast<std::byte*>(base) + page;

    const bool ready = mprotect(memory, kBytes, PROT_READ | PROT_WRITE) == 0 &&
                       mlock(memory, kBytes) == 0 && madvise(memory, kBytes, MADV_DONTDUMP) == 0 &&
                       madvise(memory, kBytes, MADV_WIPEONFORK) == 0;
    if (!ready) {
        const int reason = errno;
        munmap(base, whole);
        return std::unexpected(
            Error{Errc::NoLockedMemory, "64 KiB for keys cannot be locked in memory (errno " +
                                            std::to_string(reason) +
                                            "); raise the limit on locked memory"});
    }
    m_memory = memory;
    return {};
}

} // namespace storage
