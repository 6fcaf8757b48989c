// SPDX-License-Identifier: Apache-2.0
#include "inference/model/kv_pool.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <format>
#include <utility>

namespace model {

namespace {

using kernels::kPageTokens;

std::size_t headBytes(const KvLayer& layer)
{
    return kernels::keyBytes(layer.keyFormat, layer.keyLength) +
           kernels::valueBytes(layer.valueFormat, layer.valueLength);
}

void zeroHead(const KvLayer& layer, std::byte* keys, std::size_t first, std::size_t end)
{
    const auto zeroRows = [&](std::byte* base, std::size_t rows, std::size_t element) {
        for (std::size_t row = 0; row < rows; ++row)
            std::memset(base + (row * kPageTokens + first) * element, 0, (end - first) * element);
    };
    zeroRows(keys, layer.keyLength, kernels::elementBytes(layer.keyFormat));
    if (layer.keyFormat == kernels::KeyFormat::Int8) {
        zeroRows(keys + kernels::keyScales(layer.keyFormat, layer.keyLength),
                 (layer.keyLength + kernels::kKeyGroup - 1) / kernels::kKeyGroup,
                 sizeof(std::uint16_t));
    }
    std::byte* values = keys + kernels::keyBytes(layer.keyFormat, layer.keyLength);
    const std::size_t row =
        kernels::valueStride(layer.valueLength) * kernels::elementBytes(layer.valueFormat);
    std::memset(values + first * row, 0, (end - first) * row);
    if (layer.valueFormat == kernels::ValueFormat::Int8)
        zeroRows(values + kernels::valueScales(layer.valueFormat, layer.valueLength), 1,
                 sizeof(std::uint16_t));
}

} // namespace

Result<std::unique_ptr<KvPool>> KvPool::create(std::vector<KvLayer> layers, std::uint32_t pages)
{
    assert(!layers.empty() && pages > 0);
    std::unique_ptr<KvPool> pool(new KvPool);
    pool->m_pages = pages;
    for (const KvLayer& layer : layers) {
        auto group = std::ranges::find(pool->m_groups, layer, &Group::kind);
        if (group == pool->m_groups.end())
            group = pool->m_groups.insert(group, Group{.kind = layer});
        pool->m_places.push_back(
            {static_cast<std::size_t>(group - pool->m_groups.begin()), group->bytes});
        group->bytes += layer.heads * headBytes(layer);
        ++group->layers;
    }
    pool->m_layers = std::move(layers);
    for (Group& group : pool->m_groups) {
        std::size_t bytes = 0;
        if (!__builtin_mul_overflow(group.bytes, std::size_t{pages}, &bytes))
            group.memory = kernels::Memory::allocate(bytes);
        if (!group.memory)
            return std::unexpected(
                Error{Errc::OutOfMemory,
                      std::format("the system gives no memory for keys and values of {} tokens, "
                                  "{} bytes for every {} of them",
                                  std::uint64_t{pages} * kPageTokens, bytesPerPage(pool->m_layers),
                                  kPageTokens)});
        group.holders.resize(pages);
        for (std::uint32_t page = pages; page > 0; --page)
            group.free.push_back(page - 1);
    }
    return pool;
}

KvPool::~KvPool()
{
    for ([[maybe_unused]] const Group& group : m_groups)
        assert(group.free.size() == m_pages);
}

std::uint32_t KvPool::freePages() const
{
    std::uint32_t least = m_pages;
    for (std::size_t group = 0; group < m_groups.size(); ++group)
        least = std::min(least, freePages(group));
    return least;
}

std::size_t KvPool::bytesPerPage() const
{
    return bytesPerPage(m_layers);
}

std::size_t KvPool::bytesPerPage(std::span<const KvLayer> layers)
{
    std::size_t bytes = 0;
    for (const KvLayer& layer : layers)
        bytes += layer.heads * headBytes(layer);
    return bytes;
}

std::byte* KvPool::data(std::size_t group, std::uint32_t page) const
{
    return m_groups[group].memory.data() + page * m_groups[group].bytes;
}

std::uint32_t KvPool::take(std::size_t group)
{
    Group& from = m_groups[group];
    assert(!from.free.empty());
    const std::uint32_t page = from.free.back();
    from.free.pop_back();
    from.holders[page] = 1;
    return page;
}

void KvPool::release(std::size_t group, std::uint32_t page)
{
    Group& to = m_groups[group];
    assert(to.holders[page] > 0);
    if (--to.holders[page] > 0)
        return;
    kernels::wipe(data(group, page), to.bytes);
    to.free.push_back(page);
}

void KvPool::zero(std::size_t group, std::uint32_t page, std::size_t first, std::size_t end)
{
    assert(first <= end && end <= kPageTokens);
    const Group& in = m_groups[group];
    std::byte* at = data(group, page);
    for (std::size_t head = 0; head < in.layers * in.kind.heads; ++head)
        zeroHead(in.kind, at + head * headBytes(in.kind), first, end);
}

KvBlock::KvBlock(KvPool& pool, std::vector<std::uint32_t> pages)
    : m_pool(&pool)
    , m_pages(std::move(pages))
{
    for (std::size_t group = 0; group < m_pages.size(); ++group) {
        if (m_pages[group] != KvPool::kNoPage)
            m_pool->share(group, m_pages[group]);
    }
}

KvBlock::KvBlock(const KvBlock& other)
    : KvBlock(*other.m_pool, other.m_pages)
{
}

KvBlock::KvBlock(KvBlock&& other) noexcept
    : m_pool(other.m_pool)
    , m_pages(std::exchange(other.m_pages, {}))
{
}

KvBlock& KvBlock::operator=(KvBlock other) noexcept
{
    std::swap(m_pool, other.m_pool);
    std::swap(m_pages, other.m_pages);
    return *this;
}

bool KvBlock::isShared() const
{
    for (std::size_t group = 0; group < m_pages.size(); ++group)
        if (m_pages[group] != KvPool::kNoPage && m_pool->isShared(group, m_pages[group]))
            return true;
    return false;
}

KvBlock::~KvBlock()
{
    for (std::size_t group = 0; group < m_pages.size(); ++group) {
        if (m_pages[group] != KvPool::kNoPage)
            m_pool->release(group, m_pages[group]);
    }
}

} // namespace model
