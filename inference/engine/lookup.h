// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace engine {

/// Guesses what comes next by what followed when the text ended the same way before: answers about
/// a record repeat it. Source: prompt lookup decoding (A. Saxena, 2023).
/// Threads: one at a time.
class Lookup {
public:
    /// Tokens that must be the same before a continuation is looked at.
    static constexpr std::size_t kLeast = 2;
    /// Further tokens backwards are not compared.
    static constexpr std::size_t kMost = 32;

    void append(std::int32_t token);
    void append(std::span<const std::int32_t> tokens);

    struct Guess {
        std::size_t matched = 0;              // tokens at the end that stood there before; 0: none
        std::span<const std::int32_t> tokens; // what followed them; valid until the next append
    };
    /// The longest match, of equally long ones the latest; at most @p most tokens.
    [[nodiscard]] Guess next(std::size_t most) const;

    [[nodiscard]] std::span<const std::int32_t> tokens() const { return m_tokens; }

private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    std::vector<std::int32_t> m_tokens;
    std::vector<std::uint32_t> m_before; // [tokens]: the last end of the same pair before this one
    std::unordered_map<std::uint64_t, std::uint32_t> m_ends; // pair -> where it ended last
};

} // namespace engine
