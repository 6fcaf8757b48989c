// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
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
    struct Merge {
        std::uint32_t rank;
        std::int32_t result;
    };
    BytePairs() = default;
    [[nodiscard]] const Merge* find(std::int32_t left, std::int32_t right) const;

    std::array<std::int32_t, 256> m_byteTokens = {}; // -1: none
    std::unordered_map<std::uint64_t, Merge> m_merges;
};

} // namespace model
