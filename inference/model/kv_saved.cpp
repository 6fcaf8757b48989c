// SPDX-License-Identifier: Apache-2.0
#include "inference/model/kv_sequence.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <iterator>
#include <string>

namespace model {

namespace {

// docs/formats/saved-kv.md
constexpr std::array<char, 4> kMagic = {'C', 'L', 'K', 'V'};
constexpr std::uint32_t kVersion = 1;

void put(std::vector<std::byte>& to, std::uint32_t value)
{
    for (int byte = 0; byte < 4; ++byte)
        to.push_back(static_cast<std::byte>(value >> (8 * byte)));
}

/// Everything before the pages: equal bytes mean that the pages mean the same.
std::vector<std::byte> headOf(const KvPool& pool, std::uint32_t begin, std::uint32_t end)
{
    std::vector<std::byte> head;
    std::ranges::transform(kMagic, std::back_inserter(head),
                           [](char letter) { return static_cast<std::byte>(letter); });
    put(head, kVersion);
    put(head, begin);
    put(head, end);
    put(head, static_cast<std::uint32_t>(pool.layers().size()));
    for (const KvLayer& layer : pool.layers()) {
        put(head, static_cast<std::uint32_t>(layer.kind));
        put(head, static_cast<std::uint32_t>(layer.keyFormat));
        put(head, static_cast<std::uint32_t>(layer.valueFormat));
        put(head, layer.window);
        put(head, layer.heads);
        put(head, layer.keyLength);
        put(head, layer.valueLength);
    }
    return head;
}

std::uint32_t numberAt(std::span<const std::byte> bytes, std::size_t at)
{
    std::uint32_t value = 0;
    for (std::size_t byte = 0; byte < 4; ++byte)
        value |= std::to_integer<std::uint32_t>(bytes[at + byte]) << (8 * byte);
    return value;
}

constexpr std::size_t kEndOffset = 12;

std::unexpected<Error> bad(const char* what)
{
    return std::unexpected(Error{Errc::BadFile, std::string("saved keys and values: ") + what});
}

} // namespace

Result<std::vector<std::byte>> KvSequence::save(std::uint32_t begin, std::uint32_t end) const
{
    assert(begin <= end && end <= m_length / kernels::kPageTokens);
    std::vector<std::byte> bytes = headOf(*m_pool, begin, end);
    bytes.reserve(bytes.size() + (end - begin) * m_pool->bytesPerPage());
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        for (std::uint32_t page = begin; page < end; ++page) {
            const std::byte* data = m_tables[group].bytes[page];
            if (data == nullptr) {
                kernels::wipe(bytes.data(), bytes.size());
                return std::unexpected(Error{Errc::Unsupported, "a window has let go of page " +
                                                                    std::to_string(page)});
            }
            bytes.insert(bytes.end(), data, data + m_pool->pageBytes(group));
        }
    }
    return bytes;
}

Result<void> KvSequence::restore(std::span<const std::byte> bytes)
{
    if (m_length % kernels::kPageTokens != 0)
        return bad("the sequence does not end at a page");
    const auto begin = static_cast<std::uint32_t>(m_length / kernels::kPageTokens);
    if (bytes.size() < kEndOffset + 4)
        return bad("too short");
    const std::uint32_t end = numberAt(bytes, kEndOffset);
    const std::vector<std::byte> head = headOf(*m_pool, begin, end);
    if (bytes.size() < head.size() || std::memcmp(bytes.data(), head.data(), head.size()) != 0)
        return bad("of another version, layout or place");
    if (end < begin || (bytes.size() - head.size()) / m_pool->bytesPerPage() != end - begin ||
        (bytes.size() - head.size()) % m_pool->bytesPerPage() != 0)
        return bad("the length does not fit the pages");
    if (end > UINT32_MAX / kernels::kPageTokens)
        return bad("more tokens than can be counted");

    const auto tokens = static_cast<std::uint32_t>((end - begin) * kernels::kPageTokens);
    truncate(m_length); // what was reserved and not used
    const Want want{this, tokens};
    if (auto taken = reserve(std::span(&want, 1)); !taken)
        return taken;
    const std::byte* from = bytes.data() + head.size();
    for (std::size_t group = 0; group < m_tables.size(); ++group) {
        for (std::uint32_t page = begin; page < end; ++page) {
            const std::size_t count = m_pool->pageBytes(group);
            std::memcpy(m_pool->data(group, m_tables[group].pages[page]), from, count);
            from += count;
        }
    }
    advance(tokens);
    return {};
}

} // namespace model
