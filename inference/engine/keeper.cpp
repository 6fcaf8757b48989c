// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/keeper.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <ranges>
#include <utility>

namespace engine {

using kernels::kPageTokens;

namespace {

// docs/formats/saved-kv.md
constexpr std::string_view kMagic = "CLKP";
constexpr std::uint32_t kVersion = 1;

/// One page of a very large model may be larger; it must still fit a frame with its tokens.
constexpr std::size_t kMostPieceBytes = 15U << 20;

void put(std::string& to, std::uint32_t value)
{
    for (int byte = 0; byte < 4; ++byte)
        to.push_back(static_cast<char>(value >> (8 * byte)));
}

std::uint32_t takeNumber(std::string_view& from)
{
    std::uint32_t value = 0;
    for (std::size_t byte = 0; byte < 4; ++byte)
        value |= std::uint32_t{static_cast<unsigned char>(from[byte])} << (8 * byte);
    from.remove_prefix(4);
    return value;
}

struct Piece {
    std::vector<std::int32_t> tokens;
    std::uint32_t begin = 0;
    std::span<const std::byte> saved;
};

/// Nothing when it is not one of @p arithmetic.
std::optional<Piece> decode(std::string_view bytes, std::string_view arithmetic)
{
    if (!bytes.starts_with(kMagic))
        return std::nullopt;
    bytes.remove_prefix(kMagic.size());
    if (bytes.size() < 8 || takeNumber(bytes) != kVersion)
        return std::nullopt;
    if (const std::uint32_t length = takeNumber(bytes);
        length != arithmetic.size() || !bytes.starts_with(arithmetic))
        return std::nullopt;
    bytes.remove_prefix(arithmetic.size());
    if (bytes.size() < 8)
        return std::nullopt;
    Piece piece;
    piece.begin = takeNumber(bytes);
    const std::uint32_t count = takeNumber(bytes);
    if (count == 0 || count % kPageTokens != 0 || count > bytes.size() / 4 ||
        piece.begin >= count / kPageTokens)
        return std::nullopt;
    piece.tokens.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
        piece.tokens.push_back(static_cast<std::int32_t>(takeNumber(bytes)));
    piece.saved = std::as_bytes(std::span(bytes));
    return piece;
}

void wipe(std::vector<std::int32_t>& tokens)
{
    const auto bytes = std::as_writable_bytes(std::span(tokens));
    kernels::wipe(bytes.data(), bytes.size());
}

} // namespace

/// Every page once, in an order in which each finds those before it.
void Keeper::begin(Scope scope)
{
    m_scope = scope;
    m_number = 0;
    dropParts();
    for (KeptPrompt& prompt : m_scheduler.keptPrompts(scope))
        m_parts.push_back({.tokens = std::move(prompt.tokens), .next = prompt.told});
    std::ranges::reverse(m_parts);
}

void Keeper::dropParts()
{
    for (Part& part : m_parts)
        wipe(part.tokens);
    m_parts.clear();
}

void Keeper::forget(std::uint64_t user)
{
    if (m_scope.user != user)
        return;
    dropParts();
    m_scope = {};
}

std::uint32_t Keeper::pagesOfPiece() const
{
    return static_cast<std::uint32_t>(
        std::max<std::size_t>(1, m_pieceBytes / m_scheduler.pool().bytesPerPage()));
}

std::string Keeper::piece(Scope scope, std::uint32_t number)
{
    if (scope.user == 0)
        return {};
    if (number == 0)
        begin(scope);
    if (scope != m_scope || number != m_number++)
        return {};
    while (!m_parts.empty()) {
        Part& part = m_parts.back();
        const auto pages = static_cast<std::uint32_t>(part.tokens.size() / kPageTokens);
        const std::uint32_t end = std::min(pages, part.next + pagesOfPiece());
        auto saved = m_scheduler.save(scope, part.tokens, part.next, end);
        // What is gone meanwhile, or can't be had alone, is left out with all that follows it.
        const bool some = saved && !saved->empty();
        std::string bytes = some ? encode(part, end, *saved) : std::string();
        if (some)
            kernels::wipe(saved->data(), saved->size());
        part.next = end;
        if (!some || end == pages) {
            wipe(part.tokens);
            m_parts.pop_back();
        }
        if (!bytes.empty() && bytes.size() <= kMostPieceBytes)
            return bytes;
    }
    return {};
}

std::string Keeper::encode(const Part& part, std::uint32_t end,
                           std::span<const std::byte> saved) const
{
    const std::size_t tokens = std::size_t{end} * kPageTokens;
    std::string bytes;
    bytes.reserve(kMagic.size() + 16 + m_arithmetic.size() + 4 * tokens + saved.size());
    bytes += kMagic;
    put(bytes, kVersion);
    put(bytes, static_cast<std::uint32_t>(m_arithmetic.size()));
    bytes += m_arithmetic;
    put(bytes, part.next);
    put(bytes, static_cast<std::uint32_t>(tokens));
    for (const std::int32_t token : part.tokens | std::views::take(tokens))
        put(bytes, static_cast<std::uint32_t>(token));
    bytes.append(reinterpret_cast<const char*>(saved.data()), saved.size());
    return bytes;
}

std::uint32_t Keeper::restore(Scope scope, std::string_view bytes)
{
    const std::optional<Piece> piece = decode(bytes, m_arithmetic);
    if (!piece || scope.user == 0 ||
        !m_scheduler.restore(scope, piece->tokens, piece->begin, piece->saved))
        return 0;
    return static_cast<std::uint32_t>(piece->tokens.size());
}

} // namespace engine
