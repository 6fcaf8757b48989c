// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/loaded_model.h"

#include <cstdint>
#include <optional>

namespace engine {

/// Keys and values of everybody's questions, and what is kept for the next ones.
struct KvRoom {
    std::uint64_t page = 0;          // bytes of kernels::kPageTokens tokens, a draft model's too
    std::uint32_t contextLength = 0; // of the model
    std::uint32_t context = 0;       // tokens that must find room; 0: as many as there is room for

    /// Bytes of what must find room: those tokens, or one page.
    [[nodiscard]] std::uint64_t least() const;
};

/// OutOfMemory with the numbers, or nothing where @p room and @p models bytes of models are there.
std::optional<model::Error> tooLarge(std::uint64_t models, const KvRoom& room,
                                     const MemoryLimits& limits);

/// Pages beside @p models bytes of models: room for one question that fills the context, or a GiB,
/// whichever is more, but never more than half of the memory that the models leave, unless so many
/// tokens are asked for. Taken from the system as it is needed.
/// Errors: ContextTooLong when more tokens are asked for than the model knows; as tooLarge.
model::Result<std::uint32_t> pagesIn(const KvRoom& room, std::uint64_t models,
                                     const MemoryLimits& limits);

} // namespace engine
