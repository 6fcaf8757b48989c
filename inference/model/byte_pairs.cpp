// SPDX-License-Identifier: Apache-2.0
#include "inference/model/byte_pairs.h"

#include "inference/model/gguf.h"
#include "inference/model/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <format>
#include <queue>
#include <tuple>

namespace model {
namespace {

std::uint64_t pairOf(std::int32_t left, std::int32_t right)
{
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U |
           static_cast<std::uint32_t>(right);
}

std::size_t hashOf(std::uint64_t value)
{
    // Multiplied by an odd number near 2^64 / golden ratio: the upper half depends on every bit.
    return static_cast<std::size_t>((value * 0x9E3779B97F4A7C15U) >> 32U);
}

/// Of a table for @p entries.
std::size_t slotsFor(std::size_t entries)
{
    return std::bit_ceil(2 * entries + 1);
}

/// The ids of normal tokens by their bytes. Built as BytePairs::m_merges is.
class IdsByBytes {
public:
    explicit IdsByBytes(const Vocabulary& vocabulary)
        : m_vocabulary(vocabulary)
        , m_ids(slotsFor(vocabulary.size()), -1)
    {
        for (std::int32_t id = 0; id < static_cast<std::int32_t>(vocabulary.size()); ++id) {
            if (vocabulary.kind(id) != TokenKind::Normal)
                continue;
            std::int32_t& slot = m_ids[slotOf(vocabulary.bytes(id))];
            if (slot < 0) // of two with the same bytes the first
                slot = id;
        }
    }

    /// -1: no token.
    [[nodiscard]] std::int32_t find(std::string_view bytes) const { return m_ids[slotOf(bytes)]; }

private:
    /// Where the token with these bytes stands, or would.
    [[nodiscard]] std::size_t slotOf(std::string_view bytes) const
    {
        std::uint64_t hash = bytes.size();
        for (std::size_t at = 0; at < bytes.size(); at += sizeof hash) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
            hash = hashOf(hash ^ word) ^ (word >> 32U) ^ hash << 32U;
        }
        std::size_t slot = hashOf(hash) & (m_ids.size() - 1);
        while (m_ids[slot] >= 0 && m_vocabulary.bytes(m_ids[slot]) != bytes)
            slot = (slot + 1) & (m_ids.size() - 1);
        return slot;
    }

    const Vocabulary& m_vocabulary;
    std::vector<std::int32_t> m_ids;
};

constexpr std::size_t kNone = SIZE_MAX;

/// A run of bytes that is one token so far, in a list of its neighbours.
struct Symbol {
    std::int32_t token;
    std::size_t before;
    std::size_t after;
};

/// Two neighbours that may be merged. It is stale when either has changed since.
struct Candidate {
    std::uint32_t rank;
    std::size_t left;
    std::int32_t leftToken;
    std::int32_t rightToken;
    std::int32_t result;
};

struct LowestRankLeftmost {
    bool operator()(const Candidate& a, const Candidate& b) const
    {
        return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
    }
};

} // namespace

Result<BytePairs> BytePairs::load(const GgufFile& file, const Vocabulary& vocabulary)
{
    const auto merges = file.strings("tokenizer.ggml.merges");
    if (!merges)
        return std::unexpected(merges.error());

    // Each pair makes a token, and a token of n characters has n - 1 pairs: far more are none, and
    // are not to cost memory before that is seen.
    constexpr std::size_t kMostPairs = 16; // for each token
    if (merges->size() > kMostPairs * vocabulary.size())
        return std::unexpected(
            Error{Errc::BadFile, "metadata 'tokenizer.ggml.merges' has too many entries"});

    const IdsByBytes ids(vocabulary);
    BytePairs pairs;
    for (std::size_t byte = 0; byte < pairs.m_byteTokens.size(); ++byte) {
        const char c = static_cast<char>(byte);
        pairs.m_byteTokens[byte] = ids.find(std::string_view(&c, 1));
    }
    pairs.m_merges.resize(slotsFor(merges->size()));
    std::string both; // the bytes of the left token, then those of the right one
    for (std::size_t rank = 0; rank < merges->size(); ++rank) {
        const std::string_view merge = (*merges)[rank];
        // The characters that stand for bytes hold no space, so the first one parts the two.
        const std::size_t space = std::min(merge.find(' '), merge.size());
        both.clear();
        const bool left = appendBytesOf(merge.substr(0, space), both);
        const std::size_t middle = both.size();
        const bool right = space < merge.size() && appendBytesOf(merge.substr(space + 1), both);
        const std::string_view bytes = both;
        const std::int32_t leftToken = left ? ids.find(bytes.substr(0, middle)) : -1;
        const std::int32_t rightToken = right ? ids.find(bytes.substr(middle)) : -1;
        const std::int32_t result = left && right ? ids.find(bytes) : -1;
        if (leftToken < 0 || rightToken < 0 || result < 0)
            return std::unexpected(Error{
                Errc::BadFile,
                std::format("metadata 'tokenizer.ggml.merges': entry {} is no pair of tokens that "
                            "make a token",
                            rank)});
        const std::uint64_t pair = pairOf(leftToken, rightToken);
        Merge& slot = pairs.m_merges[pairs.slotOf(pair)];
        if (slot.pair == kNoPair) // of two the first
            slot = {.pair = pair, .rank = static_cast<std::uint32_t>(rank), .result = result};
    }
    return pairs;
}

std::size_t BytePairs::slotOf(std::uint64_t pair) const
{
    const std::size_t mask = m_merges.size() - 1;
    std::size_t slot = hashOf(pair) & mask;
    while (m_merges[slot].pair != kNoPair && m_merges[slot].pair != pair)
        slot = (slot + 1) & mask;
    return slot;
}

const BytePairs::Merge* BytePairs::find(std::int32_t left, std::int32_t right) const
{
    if (left < 0 || right < 0)
        return nullptr;
    const Merge& merge = m_merges[slotOf(pairOf(left, right))];
    return merge.pair == kNoPair ? nullptr : &merge;
}

void BytePairs::encode(std::string_view piece, std::vector<std::int32_t>& tokens) const
{
    std::vector<Symbol> symbols;
    symbols.reserve(piece.size());
    for (const char c : piece)
        symbols.push_back({m_byteTokens[static_cast<unsigned char>(c)],
                           symbols.empty() ? kNone : symbols.size() - 1, symbols.size() + 1});
    if (symbols.empty())
        return;
    symbols.back().after = kNone;

    std::priority_queue<Candidate, std::vector<Candidate>, LowestRankLeftmost> queue;
    const auto consider = [&](std::size_t left) {
        if (left == kNone || symbols[left].after == kNone)
            return;
        const Symbol& a = symbols[left];
        const Symbol& b = symbols[a.after];
        if (const Merge* merge = find(a.token, b.token))
            queue.push({merge->rank, left, a.token, b.token, merge->result});
    };
    for (std::size_t i = 0; i < symbols.size(); ++i)
        consider(i);

    constexpr std::int32_t kGone = -2;
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        Symbol& left = symbols[best.left];
        if (left.token != best.leftToken || left.after == kNone ||
            symbols[left.after].token != best.rightToken)
            continue;
        Symbol& right = symbols[left.after];
        left.token = best.result;
        left.after = right.after;
        right.token = kGone;
        if (left.after != kNone)
            symbols[left.after].before = best.left;
        consider(left.before);
        consider(best.left);
    }
    for (std::size_t i = 0; i != kNone; i = symbols[i].after)
        if (symbols[i].token >= 0)
            tokens.push_back(symbols[i].token);
}

} // namespace model
