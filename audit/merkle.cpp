// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace audit {

namespace {

/// The largest power of two smaller than @p size: where RFC 6962 splits a tree. size >= 2.
std::uint64_t split(std::uint64_t size)
{
    return std::bit_floor(size - 1);
}

} // namespace

void MerkleTree::append(const Hash& leaf)
{
    Hash node = leaf;
    for (std::size_t level = 0;; ++level) {
        if (level == m_levels.size())
            m_levels.emplace_back();
        auto& nodes = m_levels[level];
        nodes.push_back(node);
        if (nodes.size() % 2 != 0)
            return;
        node = nodeHash(nodes[nodes.size() - 2], nodes.back());
    }
}

std::span<const Hash> MerkleTree::leaves() const
{
    return m_levels.empty() ? std::span<const Hash>{} : std::span<const Hash>(m_levels[0]);
}

Hash MerkleTree::subtree(std::uint64_t begin, std::uint64_t end) const
{
    const std::uint64_t size = end - begin;
    // Every subtree that RFC 6962 asks for begins at a multiple of its width, so a full one is
    // kept.
    if (std::has_single_bit(size)) {
        const auto level = static_cast<std::size_t>(std::countr_zero(size));
        return m_levels[level][begin >> level];
    }
    const std::uint64_t middle = begin + split(size);
    return nodeHash(subtree(begin, middle), subtree(middle, end));
}

Hash MerkleTree::rootAt(std::uint64_t size) const
{
    assert(size <= this->size());
    return size == 0 ? sha256({}) : subtree(0, size);
}

std::vector<Hash> MerkleTree::inclusionProof(std::uint64_t index, std::uint64_t size) const
{
    assert(index < size && size <= this->size());
    std::vector<Hash> proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split(end - begin);
        if (index < middle) {
            proof.push_back(subtree(middle, end));
            end = middle;
        } else {
            proof.push_back(subtree(begin, middle));
            begin = middle;
        }
    }
    std::ranges::reverse(proof); // the RFC lists the path from the leaf upwards
    return proof;
}

std::vector<Hash> MerkleTree::consistencyProof(std::uint64_t from, std::uint64_t to) const
{
    assert(from <= to && to <= size());
    std::vector<Hash> proof;
    if (from == 0 || from == to)
        return proof;
    std::uint64_t begin = 0;
    std::uint64_t end = to;
    bool known = true; // whether the verifier has the hash of [begin, from) already: the old root
    while (from != end) {
        const std::uint64_t middle = begin + split(end - begin);
        if (from <= middle) {
            proof.push_back(subtree(middle, end));
            end = middle;
        } else {
            proof.push_back(subtree(begin, middle));
            begin = middle;
            known = false;
        }
    }
    if (!known)
        proof.push_back(subtree(begin, end));
    std::ranges::reverse(proof);
    return proof;
}

bool verifyInclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                     std::span<const Hash> proof, const Hash& root)
{
    if (index >= size)
        return false;
    std::uint64_t at = index;
    std::uint64_t last = size - 1;
    Hash hash = leaf;
    for (const Hash& sibling : proof) {
        if (last == 0)
            return false;
        if (at % 2 == 1 || at == last) {
            hash = nodeHash(sibling, hash);
            while (at % 2 == 0 && at != 0) {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = nodeHash(hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    return last == 0 && hash == root;
}

bool verifyConsistency(const TreeHead& older, const TreeHead& newer, std::span<const Hash> proof)
{
    if (older.size > newer.size)
        return false;
    if (older.size == newer.size)
        return proof.empty() && older.root == newer.root;
    if (older.size == 0)
        return proof.empty() && older.root == sha256({});

    std::uint64_t at = older.size - 1;
    std::uint64_t last = newer.size - 1;
    while (at % 2 == 1) {
        at /= 2;
        last /= 2;
    }
    // A tree of 2^k leaves is itself a node of the newer tree, so its root is not in the proof.
    const bool whole = std::has_single_bit(older.size);
    if (!whole && proof.empty())
        return false;
    Hash first = whole ? older.root : proof.front();
    Hash second = first;
    for (const Hash& node : whole ? proof : proof.subspan(1)) {
        if (last == 0)
            return false;
        if (at % 2 == 1 || at == last) {
            first = nodeHash(node, first);
            second = nodeHash(node, second);
            while (at % 2 == 0 && at != 0) {
                at /= 2;
                last /= 2;
            }
        } else {
            second = nodeHash(second, node);
        }
        at /= 2;
        last /= 2;
    }
    return last == 0 && first == older.root && second == newer.root;
}

} // namespace audit
