// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/hash.h"

#include <cstdint>
#include <span>
#include <vector>

namespace audit {

/// The Merkle tree of RFC 6962 over the leaf hashes of the log, kept with every complete subtree:
/// 64 bytes per record, and roots and proofs in O(log² n).
/// Threads: const calls from any, append alone.
class MerkleTree {
public:
    void append(const Hash& leaf);

    [[nodiscard]] std::uint64_t size() const { return m_levels.empty() ? 0 : m_levels[0].size(); }
    [[nodiscard]] std::span<const Hash> leaves() const;

    /// Root over the first @p size leaves, size <= size().
    [[nodiscard]] Hash rootAt(std::uint64_t size) const;
    [[nodiscard]] Hash root() const { return rootAt(size()); }

    /// RFC 6962 §2.1.1: the path from leaf @p index to the root at @p size; index < size <= size().
    [[nodiscard]] std::vector<Hash> inclusionProof(std::uint64_t index, std::uint64_t size) const;

    /// RFC 6962 §2.1.2: from <= to <= size(). Empty when from is 0 or equals to.
    [[nodiscard]] std::vector<Hash> consistencyProof(std::uint64_t from, std::uint64_t to) const;

private:
    [[nodiscard]] Hash subtree(std::uint64_t begin, std::uint64_t end) const;

    /// m_levels[k][i] is the hash of the leaves [i·2^k, (i+1)·2^k).
    std::vector<std::vector<Hash>> m_levels;
};

/// RFC 9162 §2.1.3.2. @return whether @p proof leads from @p leaf at @p index to @p root.
bool verifyInclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                     std::span<const Hash> proof, const Hash& root);

/// One head of the tree.
struct TreeHead {
    std::uint64_t size = 0;
    Hash root{};
};

/// RFC 9162 §2.1.4.2. @return whether the tree at @p newer begins with the tree at @p older.
bool verifyConsistency(const TreeHead& older, const TreeHead& newer, std::span<const Hash> proof);

} // namespace audit
