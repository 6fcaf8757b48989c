// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/grammar.h"
#include "inference/model/vocabulary.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace engine {

/// The texts of a vocabulary's tokens as a tree of their bytes, so that what begins alike is looked
/// at once. Made once per model. Threads: const.
class TokenTrie {
public:
    /// A node stands behind its parent, its whole subtree behind it.
    struct Node {
        std::uint32_t end = 0;   // the first node behind the subtree
        std::uint32_t first = 0; // its tokens: tokens()[first] to that of the next node
        std::uint32_t crown = 0; // of crowns(); 0: too small a subtree for one, or not of that kind
        std::uint16_t depth = 0; // bytes from the root
        std::uint8_t byte = 0;
    };

    /// A whole subtree of ordinary text (plain_text.h), its node's own bytes included.
    struct Crown {
        std::uint32_t begun = 0;  // bytes of the node that belong to a character not yet complete
        std::uint32_t height = 0; // bytes above the node
    };

    /// @p texts of the tokens; an empty one is never written. @p ends end a turn.
    TokenTrie(std::span<const std::string_view> texts, std::vector<std::int32_t> ends);
    /// Only what a reader sees can be written: no special, unused or unknown tokens.
    explicit TokenTrie(const model::Vocabulary& vocabulary);

    /// Without the root; the last one is no node but where the last node's tokens end.
    [[nodiscard]] std::span<const Node> nodes() const { return m_nodes; }
    [[nodiscard]] std::span<const Crown> crowns() const { return m_crowns; }
    [[nodiscard]] std::span<const std::int32_t> tokens() const { return m_tokens; }
    /// Bytes of the longest text.
    [[nodiscard]] std::size_t height() const { return m_height; }
    [[nodiscard]] std::string_view text(std::int32_t token) const;
    [[nodiscard]] std::size_t vocabulary() const { return m_begins.size() - 1; }
    [[nodiscard]] std::span<const std::int32_t> ends() const { return m_ends; }
    [[nodiscard]] bool isEnd(std::int32_t token) const;
    /// Bytes that are a token: what is made of them can always be written.
    [[nodiscard]] const Grammar::Bytes& singleBytes() const { return m_singles; }
    /// Of these, those that begin an ordinary character which can then be finished. Crowns hold
    /// only such.
    [[nodiscard]] const Grammar::Bytes& plainBytes() const { return m_plains; }

private:
    void build(std::span<const std::string_view> texts);
    void findPlains();
    void addCrowns();

    std::vector<Node> m_nodes;
    std::vector<Crown> m_crowns;
    std::vector<std::int32_t> m_tokens;  // in the order of their nodes
    std::vector<std::uint32_t> m_begins; // of token's text in m_bytes
    std::string m_bytes;
    std::vector<std::int32_t> m_ends;
    Grammar::Bytes m_singles;
    Grammar::Bytes m_plains;
    std::size_t m_height = 0;
};

} // namespace engine
