// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/scheduler.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Gives what the scheduler keeps of somebody's prompts away in pieces, and takes it back: for the
/// service, which seals it and has it again when the worker is another. Format:
/// docs/formats/saved-kv.md, "Pieces". A piece stands for itself: what was kept before it may have
/// gone, and of several only the first ones may come back.
///
/// Threads: the scheduler's, between two steps.
class Keeper {
public:
    /// A piece goes through the channel in one frame: small enough that nobody's token waits long
    /// behind it.
    static constexpr std::size_t kPieceBytes = 8U << 20;

    /// @p arithmetic names all that decides the bits of keys and values beside the model: what was
    /// kept under another name is not taken back. A piece holds so many pages as @p pieceBytes
    /// have room for, at least one. @p scheduler outlives the object.
    Keeper(Scheduler& scheduler, std::string arithmetic, std::size_t pieceBytes = kPieceBytes)
        : m_scheduler(scheduler)
        , m_arithmetic(std::move(arithmetic))
        , m_pieceBytes(pieceBytes)
    {
    }

    /// Piece @p number of what is kept for @p scope; 0 begins anew. Empty: there is no more, or
    /// @p number is not the one that follows. What was used last comes first.
    std::string piece(Scope scope, std::uint32_t number);

    /// Takes a piece back for @p scope. Returns how many tokens from the beginning of its prompt
    /// are known then; 0 when it is none of this model and arithmetic, or there is no room.
    std::uint32_t restore(Scope scope, std::string_view piece);

    /// Gives away no more of @p user's, and overwrites what it remembers of it.
    void forget(std::uint64_t user);

private:
    /// A prompt of which pages from @ref next on are not given away yet.
    struct Part {
        std::vector<std::int32_t> tokens;
        std::uint32_t next = 0;
    };

    void begin(Scope scope);
    void dropParts();
    [[nodiscard]] std::string encode(const Part& part, std::uint32_t end,
                                     std::span<const std::byte> saved) const;
    [[nodiscard]] std::uint32_t pagesOfPiece() const;

    Scheduler& m_scheduler;
    std::string m_arithmetic;
    std::size_t m_pieceBytes;
    Scope m_scope; // of what is being given away
    std::uint32_t m_number = 0;
    std::vector<Part> m_parts; // the next one last
};

} // namespace engine
