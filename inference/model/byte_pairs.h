// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace model {

class GgufFile;
class Vocabulary;

/// Byte pair encoding: a piece begins as single bytes, then the neighbours with the lowest rank are
/// merged, the leftmost first, until no pair has a rank. Threads: const after load().
class BytePairs {
public:
    /// Errors: Missing, WrongType; BadFile for a merge of or into something that is no token.
    static Result<BytePairs> load(const GgufFile& file, const Vocabulary& vocabulary);

    /// Appends the tokens of @p piece to @p tokens. A byte that the vocabulary has no token for
    /// (some lack a few control characters) gives none.
    void encode(std::string_view piece, std::vector<std::int32_t>& tokens) const;

private:
    static constexpr std::uint64_t kNoPair = UINT64_MAX; // tokens are not negative
    struct Merge {
        std::uint64_t pair = kNoPair; // the left token and the right one
        std::uint32_t rank = 0;
        std::int32_t result = 0;
    };
    BytePairs() = default;
    [[nodiscard]] std::size_t slotOf(std::uint64_t pair) const;
    [[nodiscard]] const Merge* find(std::int32_t left, std::int32_t right) const;

    std::array<std::int32_t, 256> m_byteTokens = {}; // -1: none
    /// By a hash of the pair, or in the next free place behind: a power of two of them, at least
    /// half of them free. There are 150,000 merges and more, and this is built at every start.
    std::vector<Merge> m_merges;
};

} // namespace model
