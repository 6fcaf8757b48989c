// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kv_layout.h"
#include "inference/kernels/memory.h"
#include "inference/model/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace model {

/// Pages that hold @p tokens tokens.
constexpr std::uint32_t pagesFor(std::size_t tokens)
{
    return static_cast<std::uint32_t>((tokens + kernels::kPageTokens - 1) / kernels::kPageTokens);
}

/// What one layer keeps of every token, and of which tokens.
struct KvLayer {
    enum class Kind : std::uint8_t {
        Full,   // of all
        Window, // of the last @ref window
        Latent, // of all, one head that every query head reads, its key longer than its value
    };
    Kind kind = Kind::Full;
    std::uint32_t window = 0; // Window: tokens seen, the own one included
    std::uint32_t heads = 0;
    std::uint32_t keyLength = 0;
    std::uint32_t valueLength = 0;
    kernels::KeyFormat keyFormat = kernels::KeyFormat::Half;
    kernels::ValueFormat valueFormat = kernels::ValueFormat::Int8;

    friend bool operator==(const KvLayer&, const KvLayer&) = default;
};

/// Memory for the keys and values of many sequences, in pages of kernels::kPageTokens tokens.
///
/// Layers of the same KvLayer form a group; a page holds the tokens' keys and values in every layer
/// of one group: [layer][head][keys | values] (kernels/kv_layout.h). Pages are counted: sequences
/// and KvBlocks share them. A page that nobody holds any longer is overwritten with zero before it
/// is free: it is a patient's text in another form.
/// Memory is taken from the system as pages are first written.
///
/// Threads: one at a time, together with the sequences made on it, which must not outlive it.
class KvPool {
public:
    /// @p pages for each group. Errors: OutOfMemory.
    static Result<std::unique_ptr<KvPool>> create(std::vector<KvLayer> layers, std::uint32_t pages);
    KvPool(const KvPool&) = delete;
    KvPool& operator=(const KvPool&) = delete;
    ~KvPool();

    [[nodiscard]] const std::vector<KvLayer>& layers() const { return m_layers; }
    [[nodiscard]] std::uint32_t pages() const { return m_pages; } // of every group
    /// Of the group that has least left.
    [[nodiscard]] std::uint32_t freePages() const;
    /// Of the group that holds most.
    [[nodiscard]] std::uint32_t usedPages() const { return m_pages - freePages(); }
    /// Of one page in every group: what kPageTokens tokens cost.
    [[nodiscard]] std::size_t bytesPerPage() const;
    static std::size_t bytesPerPage(std::span<const KvLayer> layers);

    // ---- for KvSequence and KvBlock ----
    static constexpr std::uint32_t kNoPage = UINT32_MAX;
    struct Place { // of a layer
        std::size_t group = 0;
        std::size_t offset = 0; // in a page
    };
    [[nodiscard]] std::size_t groups() const { return m_groups.size(); }
    [[nodiscard]] const KvLayer& kindOf(std::size_t group) const { return m_groups[group].kind; }
    [[nodiscard]] std::size_t pageBytes(std::size_t group) const { return m_groups[group].bytes; }
    [[nodiscard]] Place placeOf(std::size_t layer) const { return m_places[layer]; }
    [[nodiscard]] std::uint32_t freePages(std::size_t group) const
    {
        return static_cast<std::uint32_t>(m_groups[group].free.size());
    }
    [[nodiscard]] std::byte* data(std::size_t group, std::uint32_t page) const;
    [[nodiscard]] bool isShared(std::size_t group, std::uint32_t page) const
    {
        return m_groups[group].holders[page] > 1;
    }
    /// A page of zeros; freePages(group) > 0.
    std::uint32_t take(std::size_t group);
    void share(std::size_t group, std::uint32_t page) { ++m_groups[group].holders[page]; }
    void release(std::size_t group, std::uint32_t page);
    /// Zeroes positions [@p first, @p end) of a page in every layer.
    void zero(std::size_t group, std::uint32_t page, std::size_t first, std::size_t end);

private:
    struct Group {
        KvLayer kind;
        std::size_t layers = 0;
        std::size_t bytes = 0; // of a page
        kernels::Memory memory;
        std::vector<std::uint32_t> holders; // of each page; 0: free
        std::vector<std::uint32_t> free;    // the next one last
    };

    KvPool() = default;

    std::vector<KvLayer> m_layers;
    std::vector<Place> m_places; // by layer
    std::vector<Group> m_groups;
    std::uint32_t m_pages = 0;
};

/// The keys and values of kPageTokens consecutive tokens in every layer, held for reading: what a
/// prefix cache keeps. Goes back to the pool with its last holder.
class KvBlock {
public:
    KvBlock(const KvBlock& other);
    KvBlock(KvBlock&& other) noexcept;
    KvBlock& operator=(KvBlock other) noexcept;
    ~KvBlock();

    /// Whether somebody else holds it too: letting it go would free nothing.
    [[nodiscard]] bool isShared() const;

private:
    friend class KvSequence;
    KvBlock(KvPool& pool, std::vector<std::uint32_t> pages); // shares them

    KvPool* m_pool;
    std::vector<std::uint32_t> m_pages; // by group; kNoPage where a window has passed them
};

} // namespace model
