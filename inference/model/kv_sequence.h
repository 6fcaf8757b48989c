// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/kv_pool.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace model {

/// The keys and values of one sequence of tokens: a page table on a KvPool for each of its groups.
/// Model::read and Model::generate append; truncate takes the end back.
/// Threads: as the pool's.
class KvSequence {
public:
    explicit KvSequence(KvPool& pool);
    KvSequence(KvSequence&& other) noexcept;
    KvSequence& operator=(KvSequence&& other) noexcept;
    ~KvSequence();

    [[nodiscard]] KvPool& pool() const { return *m_pool; }
    [[nodiscard]] std::uint32_t length() const { return m_length; } // tokens held

    /// Forgets every token from @p length on: pages go back, what is left behind the end of the
    /// last one is zeroed (unless it is shared). No effect when there are fewer. Returns the length
    /// now: 0 instead of @p length when a window has already let go of what that would need, which
    /// is never so for the last kWindowSlack tokens.
    std::uint32_t truncate(std::uint32_t length);
    static constexpr std::uint32_t kWindowSlack = 64;

    /// Pages that appending @p tokens would take from @p group, that of a shared page that must
    /// become this sequence's own included.
    [[nodiscard]] std::uint32_t pagesWanted(std::size_t group, std::uint32_t tokens) const;

    struct Want {
        KvSequence* sequence; // each one once, all on one pool
        std::uint32_t tokens; // to append
    };
    /// Takes the pages for all of them. Errors: OutOfPages with the numbers, nothing is changed.
    static Result<void> reserve(std::span<const Want> wants);

    /// The full pages [@p begin, @p end) for others to read.
    [[nodiscard]] std::vector<KvBlock> blocks(std::uint32_t begin, std::uint32_t end) const;
    /// Appends tokens that another sequence of this pool computed, without copying. The length must
    /// be whole pages. False when a window would need pages that the blocks no longer hold; nothing
    /// is changed then.
    [[nodiscard]] bool append(std::span<const KvBlock> blocks);

    /// The full pages [@p begin, @p end) as bytes. Format: docs/formats/saved-kv.md. Everything in
    /// them is as secret as the text was. Errors: Unsupported when a window has let go of some.
    [[nodiscard]] Result<std::vector<std::byte>> save(std::uint32_t begin, std::uint32_t end) const;
    /// Appends what save() gave; the length must be where it began.
    /// Errors: BadFile for other bytes, another layout or place; OutOfPages. Nothing is changed.
    Result<void> restore(std::span<const std::byte> bytes);

    // ---- for the forward pass ----
    /// Keys and values of a head, for reading.
    [[nodiscard]] kernels::KvHead head(std::size_t layer, std::size_t head) const;
    struct Slot {
        std::byte* keys;
        std::byte* values;
        std::size_t index; // in the page
    };
    /// Where a reserved position of a head is to be stored. Distinct positions from any thread.
    [[nodiscard]] Slot slot(std::size_t layer, std::size_t head, std::uint32_t position) const;
    /// Counts @p tokens more as held, their keys and values being stored in every layer.
    void advance(std::uint32_t tokens);

private:
    struct Table {
        std::vector<std::uint32_t> pages;    // kNoPage where a window has passed
        std::vector<const std::byte*> bytes; // of those pages
        std::uint32_t passed = 0;            // pages that a window has passed, at the beginning
    };

    void take(std::uint32_t tokens);
    void ownLastPage(std::size_t group);
    void dropFrom(std::size_t group, std::size_t pages);
    void letGo(std::size_t group);
    void push(std::size_t group, std::uint32_t page);

    KvPool* m_pool;
    std::vector<Table> m_tables; // by group
    std::uint32_t m_length = 0;
    std::uint32_t m_reserved = 0; // positions that may have been stored
};

} // namespace model
