// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace engine {

/// The tokens of a vocabulary that may come next, one bit each.
class TokenMask {
public:
    TokenMask() = default;
    /// Allows none of @p tokens.
    explicit TokenMask(std::size_t tokens)
        : m_words((tokens + 63) / 64)
    {
    }

    /// @p token is one of them.
    void allow(std::int32_t token) { wordOf(token) |= bitOf(token); }
    /// False too for a token that the vocabulary does not have.
    [[nodiscard]] bool allows(std::int32_t token) const
    {
        const auto index = static_cast<std::uint32_t>(token);
        return index / 64 < m_words.size() && (m_words[index / 64] & bitOf(token)) != 0;
    }
    [[nodiscard]] std::size_t count() const
    {
        std::size_t sum = 0;
        for (const std::uint64_t word : m_words)
            sum += static_cast<std::size_t>(std::popcount(word));
        return sum;
    }
    /// Token t is bit t % 64 of word t / 64.
    [[nodiscard]] std::span<const std::uint64_t> words() const { return m_words; }

    bool operator==(const TokenMask&) const = default;

private:
    std::uint64_t& wordOf(std::int32_t token)
    {
        return m_words.data()[static_cast<std::uint32_t>(token) / 64];
    }
    static std::uint64_t bitOf(std::int32_t token)
    {
        return std::uint64_t{1} << (static_cast<std::uint32_t>(token) % 64);
    }

    std::vector<std::uint64_t> m_words;
};

} // namespace engine
