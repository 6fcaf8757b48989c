// SPDX-License-Identifier: Apache-2.0
#include "inference/model/byte_pairs.h"

#include "inference/model/gguf.h"
#include "inference/model/vocabulary.h"

#include <format>
#include <optional>
#include <queue>
#include <tuple>

namespace model {
namespace {

std::uint64_t keyOf(std::int32_t left, std::int32_t right)
{
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U |
           static_cast<std::uint32_t>(right);
}

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

    std::unordered_map<std::string_view, std::int32_t> tokens;
    tokens.reserve(vocabulary.size());
    for (std::int32_t id = 0; id < static_cast<std::int32_t>(vocabulary.size()); ++id)
        if (vocabulary.kind(id) == TokenKind::Normal)
            tokens.try_emplace(vocabulary.bytes(id), id);
    const auto tokenOf = [&tokens](std::string_view bytes) -> std::int32_t {
        const auto found = tokens.find(bytes);
        return found == tokens.end() ? -1 : found->second;
    };

    BytePairs pairs;
    for (std::size_t byte = 0; byte < pairs.m_byteTokens.size(); ++byte) {
        const char c = static_cast<char>(byte);
        pairs.m_byteTokens[byte] = tokenOf(std::string_view(&c, 1));
    }
    pairs.m_merges.reserve(merges->size());
    for (std::size_t rank = 0; rank < merges->size(); ++rank) {
        const std::string_view merge = (*merges)[rank];
        // The characters that stand for bytes hold no space, so the first one parts the two.
        const std::size_t space = merge.find(' ');
        const auto left = bytesOfPrintable(merge.substr(0, space));
        const auto right =
            space == merge.npos ? std::nullopt : bytesOfPrintable(merge.substr(space + 1));
        const std::int32_t leftToken = left ? tokenOf(*left) : -1;
        const std::int32_t rightToken = right ? tokenOf(*right) : -1;
        const std::int32_t result = left && right ? tokenOf(*left + *right) : -1;
        if (leftToken < 0 || rightToken < 0 || result < 0)
            return std::unexpected(Error{
                Errc::BadFile,
                std::format("metadata 'tokenizer.ggml.merges': entry {} is no pair of tokens that "
                            "make a token",
                            rank)});
        pairs.m_merges.try_emplace(
            keyOf(leftToken, rightToken),
            Merge{.rank = static_cast<std::uint32_t>(rank), .result = result});
    }
    return pairs;
}

const BytePairs::Merge* BytePairs::find(std::int32_t left, std::int32_t right) const
{
    const auto found = m_merges.find(keyOf(left, right));
    return found == m_merges.end() ? nullptr : &found->second;
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
