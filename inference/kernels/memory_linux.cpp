// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/memory.h"

#include <cstring>
#include <sys/mman.h>

namespace kernels {

Memory Memory::allocate(std::size_t bytes, Pages pages)
{
    Memory memory;
    if (bytes == 0)
        return memory;
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return memory;
    if (pages == Pages::Large)
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
