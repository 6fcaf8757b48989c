// SPDX-License-Identifier: Apache-2.0
// Replaces free() and realloc() of a program that handles secrets: what goes back to the heap is
// overwritten first, whoever frees it. docs/decisions/0013.

// AddressSanitizer brings a heap of its own, which must be told of every free().
#ifndef __SANITIZE_ADDRESS__

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

extern "C" {

// The C library's own, which it exports for programs that put theirs in front.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): its names
void __libc_free(void* block) noexcept;
void* __libc_realloc(void* block, std::size_t size) noexcept;
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

} // extern "C"

namespace {

/// Whether @p block is a mapping of its own, which goes back to the kernel with it. (Argon2's
/// 256 MiB would be overwritten for nothing.) The C library says so in the second bit of the size
/// that stands before each block; the block's own size says nothing, because a large one may come
/// out of what smaller ones left.
bool isMapped(const void* block)
{
    constexpr std::size_t kIsMapped = 2;
    std::size_t head = 0;
    std::memcpy(&head, static_cast<const char*>(block) - sizeof head, sizeof head);
    return (head & kIsMapped) != 0;
}

} // namespace

extern "C" {

void free(void* block) noexcept
{
    if (block == nullptr)
        return;
    if (!isMapped(block))
        ::explicit_bzero(block, ::malloc_usable_size(block));
    __libc_free(block);
}

void* realloc(void* block, std::size_t size) noexcept
{
    if (block == nullptr || isMapped(block))
        return __libc_realloc(block, size); // pages move, nothing stays behind
    const std::size_t held = ::malloc_usable_size(block);
    if (size == 0) {
        std::free(block);
        return nullptr; // as the C library does
    }
    if (size <= held) {
        // It shrinks where it stands; what is cut off is free from then on.
        ::explicit_bzero(static_cast<char*>(block) + size, held - size);
        return __libc_realloc(block, size);
    }
    // Not left to the C library, which may move the bytes and leave the old ones as they were.
    void* larger = std::malloc(size);
    if (larger == nullptr)
        return nullptr;
    std::memcpy(larger, block, held);
    std::free(block);
    return larger;
}

} // extern "C"

#endif
