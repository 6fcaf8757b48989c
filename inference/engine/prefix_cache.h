// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/kv_pool.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace engine {

/// Whose text keys and values were made of. Numbers of the daemon's that say nothing to anybody
/// else.
struct Scope {
    std::uint64_t user = 0;
    std::uint64_t patient = 0;

    friend auto operator<=>(const Scope&, const Scope&) = default;
};

/// A prompt of which whole pages are kept.
struct KeptPrompt {
    std::vector<std::int32_t> tokens;
    std::uint32_t told = 0; // pages from its beginning that a prompt before it has, too
};

/// Keys and values of prompts already read, so that a question about the same chart reads only what
/// is new. Trees of whole pages; nothing is found outside the scope it was put in with, not even
/// whether it is there: how long an answer takes tells nobody what others asked. The program's own
/// words, the same for all, are kept under kShared.
///
/// Only what the prompt's arithmetic made may enter: the same text read anew has the same bits.
/// Threads: one at a time, together with the pool's sequences; the pool must outlive it.
class PrefixCache {
public:
    /// For text that holds nothing about any patient.
    static constexpr Scope kShared{.user = 0, .patient = 0};

    /// The pages that hold the longest known beginning of @p tokens, of those of @p scope and of
    /// kShared. They count as used.
    [[nodiscard]] std::vector<model::KvBlock> find(Scope scope,
                                                   std::span<const std::int32_t> tokens);
    /// Keeps @p blocks, the beginning of @p tokens, page by page.
    void insert(Scope scope, std::span<const std::int32_t> tokens,
                std::span<const model::KvBlock> blocks);

    /// Gives back at least @p pages pages, those unused for longest first, or all there are; pages
    /// that a running sequence reads are not counted. Returns how many.
    std::size_t evict(std::size_t pages);
    /// Drops all of one user's.
    void forget(std::uint64_t user);
    /// Drops everything. Returns how many pages it held.
    std::size_t clear();

    /// The prompts of @p scope alone that no other continues, whole pages of each, the one used
    /// last first.
    [[nodiscard]] std::vector<KeptPrompt> prompts(Scope scope) const;

    [[nodiscard]] std::size_t pages() const { return m_pages; }

private:
    struct Node {
        Node(Node* above, std::span<const std::int32_t> page, const model::KvBlock& pages);
        Node(const Node&) = delete;
        Node& operator=(const Node&) = delete;
        ~Node(); // overwrites the tokens: they are what somebody asked

        Node* parent = nullptr;
        std::vector<std::int32_t> tokens; // of this page
        model::KvBlock block;
        std::uint64_t used = 0;
        std::vector<std::unique_ptr<Node>> children;
    };
    using Children = std::vector<std::unique_ptr<Node>>;

    static Node* childOf(Children& children, std::span<const std::int32_t> tokens);
    std::vector<Node*> walk(Scope scope, std::span<const std::int32_t> tokens);
    static std::size_t countOf(const Children& children);
    /// The leaf unused for longest whose page nobody else holds.
    static Node* oldestLeaf(Children& children, Node* best);
    void drop(Node& leaf);

    std::map<Scope, Children> m_trees;
    std::uint64_t m_now = 0; // counts uses
    std::size_t m_pages = 0;
};

} // namespace engine
