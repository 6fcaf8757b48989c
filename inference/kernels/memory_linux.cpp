// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/memory.h"

#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace kernels {

namespace {

constexpr std::size_t kLargePage = 2 << 20;

/// As mmap, but the address is a multiple of kLargePage: only whole ones become large pages.
void* mapAligned(std::size_t bytes)
{
    void* data = mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return data;
    auto* const first = static_cast<std::byte*>(data);
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(first) % kLargePage;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t whole = (bytes + page - 1) / page * page;
    if (before > 0)
        munmap(first, before);
    if (whole < bytes + kLargePage - before)
        munmap(first + before + whole, bytes + kLargePage - before - whole);
    return first + before;
}

} // namespace

Memory Memory::allocate(std::size_t bytes, Pages pages)
{
    Memory memory;
    if (bytes == 0)
        return memory;
    const bool large = pages == Pages::Large && bytes >= kLargePage;
    void* data =
        large ? mapAligned(bytes)
              : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return memory;
    if (large)
        madvise(data, bytes, MADV_HUGEPAGE); // a refusal costs only speed
    memory.m_data = static_cast<std::byte*>(data);
    memory.m_bytes = bytes;
    return memory;
}

Memory::~Memory()
{
    if (m_data != nullptr)
        munmap(m_data, m_bytes);
}

void wipe(std::byte* data, std::size_t bytes)
{
    explicit_bzero(data, bytes);
}

} // namespace kernels
