// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/prefix_cache.h"

#include "inference/kernels/memory.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <ranges>
#include <unordered_set>
#include <utility>

namespace engine {

using kernels::kPageTokens;

PrefixCache::Node::Node(Node* above, std::span<const std::int32_t> page,
                        const model::KvBlock& pages)
    : parent(above)
    , tokens(page.begin(), page.end())
    , block(pages)
{
}

PrefixCache::Node::~Node()
{
    const auto bytes = std::as_writable_bytes(std::span(tokens));
    kernels::wipe(bytes.data(), bytes.size());
}

PrefixCache::Node* PrefixCache::childOf(Children& children, std::span<const std::int32_t> tokens)
{
    const auto found = std::ranges::find_if(children, [tokens](const auto& child) {
        return std::ranges::equal(child->tokens, tokens);
    });
    return found == children.end() ? nullptr : found->get();
}

std::vector<PrefixCache::Node*> PrefixCache::walk(Scope scope, std::span<const std::int32_t> tokens)
{
    std::vector<Node*> path;
    const auto tree = m_trees.find(scope);
    if (tree == m_trees.end())
        return path;
    Children* children = &tree->second;
    for (; tokens.size() >= kPageTokens; tokens = tokens.subspan(kPageTokens)) {
        Node* next = childOf(*children, tokens.first(kPageTokens));
        if (next == nullptr)
            break;
        path.push_back(next);
        children = &next->children;
    }
    return path;
}

std::vector<model::KvBlock> PrefixCache::find(Scope scope, std::span<const std::int32_t> tokens)
{
    std::vector<Node*> path = walk(scope, tokens);
    if (std::vector<Node*> shared = walk(kShared, tokens); shared.size() > path.size())
        path = std::move(shared);
    std::vector<model::KvBlock> blocks;
    blocks.reserve(path.size());
    ++m_now;
    for (Node* node : path) {
        node->used = m_now;
        blocks.push_back(node->block);
    }
    return blocks;
}

void PrefixCache::insert(Scope scope, std::span<const std::int32_t> tokens,
                         std::span<const model::KvBlock> blocks)
{
    assert(tokens.size() >= blocks.size() * kPageTokens);
    if (blocks.empty())
        return;
    Children* children = &m_trees[scope];
    Node* parent = nullptr;
    ++m_now;
    for (const model::KvBlock& block : blocks) {
        const auto page = tokens.first(kPageTokens);
        tokens = tokens.subspan(kPageTokens);
        Node* node = childOf(*children, page);
        if (node == nullptr) {
            children->push_back(std::make_unique<Node>(parent, page, block));
            node = children->back().get();
            ++m_pages;
        }
        node->used = m_now;
        parent = node;
        children = &node->children;
    }
}

PrefixCache::Node* PrefixCache::oldestLeaf(Children& children, Node* best)
{
    for (const auto& child : children) {
        if (!child->children.empty())
            best = oldestLeaf(child->children, best);
        else if (!child->block.isShared() && (best == nullptr || child->used < best->used))
            best = child.get();
    }
    return best;
}

void PrefixCache::drop(Node& leaf)
{
    const auto eraseFrom = [&leaf](Children& children) {
        return std::erase_if(children, [&leaf](const auto& child) { return child.get() == &leaf; });
    };
    --m_pages;
    if (leaf.parent != nullptr) {
        eraseFrom(leaf.parent->children);
        return;
    }
    for (auto tree = m_trees.begin(); tree != m_trees.end(); ++tree) {
        if (eraseFrom(tree->second) == 0)
            continue;
        if (tree->second.empty())
            m_trees.erase(tree);
        return;
    }
}

std::size_t PrefixCache::evict(std::size_t pages)
{
    std::size_t freed = 0;
    while (freed < pages) {
        Node* oldest = nullptr;
        for (auto& [scope, children] : m_trees)
            oldest = oldestLeaf(children, oldest);
        if (oldest == nullptr)
            break;
        drop(*oldest);
        ++freed;
    }
    return freed;
}

std::size_t PrefixCache::countOf(const Children& children)
{
    std::size_t count = children.size();
    for (const auto& child : children)
        count += countOf(child->children);
    return count;
}

void PrefixCache::forget(std::uint64_t user)
{
    std::erase_if(m_trees, [this, user](const auto& tree) {
        if (tree.first.user != user || tree.first == kShared)
            return false;
        m_pages -= countOf(tree.second);
        return true;
    });
}

std::vector<KeptPrompt> PrefixCache::prompts(Scope scope) const
{
    std::vector<const Node*> leaves;
    const auto tree = m_trees.find(scope);
    if (tree == m_trees.end())
        return {};
    std::vector<const Children*> below = {&tree->second};
    while (!below.empty()) {
        const Children& children = *below.back();
        below.pop_back();
        for (const auto& child : children) {
            if (child->children.empty())
                leaves.push_back(child.get());
            else
                below.push_back(&child->children);
        }
    }
    std::ranges::sort(leaves, std::greater(), &Node::used);
    std::vector<KeptPrompt> prompts;
    std::unordered_set<const Node*> told;
    for (const Node* leaf : leaves) {
        std::vector<const Node*> path;
        for (const Node* node = leaf; node != nullptr; node = node->parent)
            path.push_back(node);
        KeptPrompt& prompt = prompts.emplace_back();
        for (const Node* node : path | std::views::reverse) {
            prompt.tokens.insert(prompt.tokens.end(), node->tokens.begin(), node->tokens.end());
            prompt.told += told.insert(node).second ? 0 : 1;
        }
    }
    return prompts;
}

std::size_t PrefixCache::clear()
{
    m_trees.clear();
    return std::exchange(m_pages, 0);
}

} // namespace engine
