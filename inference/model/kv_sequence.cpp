// SPDX-License-Identifier: Apache-2.0
#include "inference/model/kv_sequence.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

namespace model {

namespace {

constexpr auto kTokens = static_cast<std::uint32_t>(kernels::kPageTokens);

/// Pages at the beginning that no token from @p length on can see.
std::uint32_t pagesPassed(const KvLayer& kind, std::uint32_t length)
{
    if (kind.kind != KvLayer::Kind::Window || length < kind.window)
        return 0;
    return (length + 1 - kind.window) / kTokens;
}

} // namespace

KvSequence::KvSequence(KvPool& pool)
    : m_pool(&pool)
    , m_tables(pool.groups())
{
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : m_pool(other.m_pool)
    , m_tables(std::exchange(other.m_tables, {}))
    , m_length(std::exchange(other.m_length, 0))
    , m_reserved(std::exchange(other.m_reserved, 0))
{
}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept
{
    // What was held here goes to other and is wiped when that ends.
    std::swap(m_pool, other.m_pool);
    std::swap(m_tables, other.m_tables);
    std::swap(m_length, other.m_length);
    std::swap(m_reserved, other.m_reserved);
    return *this;
}

KvSequence::~KvSequence()
{
    for (std::size_t group = 0; group < m_tables.size(); ++group)
        dropFrom(group, 0);
}

void KvSequence::dropFrom(std::size_t group, std::size_t pages)
{
    Table& table = m_tables[group];
    while (table.pages.size() > pages) {
        if (table.pages.back() != KvPool::kNoPage)
            m_pool->release(group, table.pages.back());
        table.pages.pop_back();
        table.bytes.pop_back();
    }
}

std::uint32_t KvSequence::truncate(std::uint32_t length)
{
    if (length >= m_reserved)
        return m_length;
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        if (m_tables[group].passed > pagesPassed(m_pool->kindOf(group), length))
            length = 0;
    }
    m_length = std::min(m_length, length);
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        Table& table = m_tables[group];
        dropFrom(group, pagesFor(length));
        table.passed = std::min<std::uint32_t>(table.passed, pagesFor(length));
        const std::uint32_t kept = length % kTokens;
        if (kept != 0 && !m_pool->isShared(group, table.pages.back())) {
            const std::uint32_t stored = std::min(kTokens, m_reserved - (length - kept));
            m_pool->zero(group, table.pages.back(), kept, stored);
        }
    }
    m_reserved = length;
    return m_length;
}

std::uint32_t KvSequence::pagesWanted(std::size_t group, std::uint32_t tokens) const
{
    const auto held = static_cast<std::uint32_t>(m_tables[group].pages.size());
    const std::uint32_t needed = pagesFor(m_length + tokens);
    const bool copies = tokens > 0 && m_length % kTokens != 0 &&
                        m_pool->isShared(group, m_tables[group].pages[m_length / kTokens]);
    return (needed > held ? needed - held : 0) + (copies ? 1 : 0);
}

Result<void> KvSequence::reserve(std::span<const Want> wants)
{
    if (wants.empty())
        return {};
    const KvPool& pool = *wants.front().sequence->m_pool;
    for (std::size_t group = 0; group < pool.groups(); ++group) {
        std::uint64_t wanted = 0;
        for (const Want& want : wants) {
            assert(want.sequence->m_pool == &pool);
            wanted += want.sequence->pagesWanted(group, want.tokens);
        }
        if (wanted > pool.freePages(group)) {
            return std::unexpected(
                Error{Errc::OutOfPages, std::to_string(wanted) + " pages wanted, " +
                                            std::to_string(pool.freePages(group)) + " of " +
                                            std::to_string(pool.pages()) + " are free"});
        }
    }
    for (const Want& want : wants)
        want.sequence->take(want.tokens);
    return {};
}

void KvSequence::take(std::uint32_t tokens)
{
    if (tokens == 0)
        return;
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        if (m_length % kTokens != 0)
            ownLastPage(group);
        while (m_tables[group].pages.size() < pagesFor(m_length + tokens))
            push(group, m_pool->take(group));
    }
    m_reserved = std::max(m_reserved, m_length + tokens);
}

void KvSequence::push(std::size_t group, std::uint32_t page)
{
    m_tables[group].pages.push_back(page);
    m_tables[group].bytes.push_back(m_pool->data(group, page));
}

/// A shared page that is filled in part becomes this sequence's own before it is filled further.
void KvSequence::ownLastPage(std::size_t group)
{
    Table& table = m_tables[group];
    const std::size_t last = m_length / kTokens;
    const std::uint32_t shared = table.pages[last];
    if (!m_pool->isShared(group, shared))
        return;
    const std::uint32_t own = m_pool->take(group);
    std::memcpy(m_pool->data(group, own), m_pool->data(group, shared), m_pool->pageBytes(group));
    m_pool->zero(group, own, m_length % kTokens, kTokens);
    m_pool->release(group, shared);
    table.pages[last] = own;
    table.bytes[last] = m_pool->data(group, own);
}

void KvSequence::advance(std::uint32_t tokens)
{
    m_length += tokens;
    assert(m_length <= m_reserved);
    for (std::size_t group = 0; group < m_tables.size(); ++group)
        letGo(group);
}

/// Gives back what no window sees any longer, but for the slack.
void KvSequence::letGo(std::size_t group)
{
    Table& table = m_tables[group];
    const std::uint32_t sure = m_length > kWindowSlack ? m_length - kWindowSlack : 0;
    const std::uint32_t passed = pagesPassed(m_pool->kindOf(group), sure);
    for (; table.passed < passed; ++table.passed) {
        if (table.pages[table.passed] != KvPool::kNoPage)
            m_pool->release(group, table.pages[table.passed]);
        table.pages[table.passed] = KvPool::kNoPage;
        table.bytes[table.passed] = nullptr;
    }
}

std::vector<KvBlock> KvSequence::blocks(std::uint32_t begin, std::uint32_t end) const
{
    assert(begin <= end && end <= m_length / kTokens);
    std::vector<KvBlock> blocks;
    blocks.reserve(end - begin);
    for (std::uint32_t page = begin; page < end; ++page) {
        std::vector<std::uint32_t> pages;
        pages.reserve(m_tables.size());
        for (const Table& table : m_tables)
            pages.push_back(table.pages[page]);
        blocks.push_back(KvBlock(*m_pool, std::move(pages)));
    }
    return blocks;
}

bool KvSequence::append(std::span<const KvBlock> blocks)
{
    assert(m_length % kTokens == 0);
    truncate(m_length); // what was reserved and not used
    const std::uint32_t held = m_length / kTokens;
    const auto length = static_cast<std::uint32_t>(m_length + blocks.size() * kTokens);
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        const std::uint32_t passed = pagesPassed(m_pool->kindOf(group), length);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (held + i >= passed && blocks[i].m_pages[group] == KvPool::kNoPage)
                return false;
        }
    }
    for (const KvBlock& block : blocks) {
        assert(block.m_pool == m_pool);
        for (std::size_t group = 0; group < m_tables.size(); ++group) {
            const std::uint32_t page = block.m_pages[group];
            if (page != KvPool::kNoPage)
                m_pool->share(group, page);
            m_tables[group].pages.push_back(page);
            m_tables[group].bytes.push_back(page == KvPool::kNoPage ? nullptr
                                                                    : m_pool->data(group, page));
        }
    }
    m_length = m_reserved = length;
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        Table& table = m_tables[group];
        // What the blocks lacked lies before the first page they hold.
        while (table.passed < table.pages.size() && table.pages[table.passed] == KvPool::kNoPage)
            ++table.passed;
        letGo(group);
    }
    return true;
}

kernels::KvHead KvSequence::head(std::size_t layer, std::size_t head) const
{
    const auto [group, offset] = m_pool->placeOf(layer);
    const KvLayer& kind = m_pool->kindOf(group);
    const std::size_t keys = kernels::keyBytes(kind.keyFormat, kind.keyLength);
    const std::size_t each = keys + kernels::valueBytes(kind.valueFormat, kind.valueLength);
    return {.pages = m_tables[group].bytes.data(),
            .keys = offset + head * each,
            .values = offset + head * each + keys,
            .keyLength = kind.keyLength,
            .valueLength = kind.valueLength,
            .keyFormat = kind.keyFormat,
            .valueFormat = kind.valueFormat};
}

KvSequence::Slot KvSequence::slot(std::size_t layer, std::size_t head, std::uint32_t position) const
{
    assert(position < m_reserved);
    const kernels::KvHead in = this->head(layer, head);
    const std::size_t group = m_pool->placeOf(layer).group;
    std::byte* page = m_pool->data(group, m_tables[group].pages[position / kTokens]);
    return {page + in.keys, page + in.values, position % kTokens};
}

} // namespace model
