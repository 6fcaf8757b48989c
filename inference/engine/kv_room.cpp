// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/kv_room.h"

#include "inference/model/kv_pool.h"

#include <algorithm>
#include <format>

namespace engine {
namespace {

constexpr std::uint64_t kKeysAndValues = std::uint64_t{1} << 30;

std::uint64_t pagesAsked(const KvRoom& room)
{
    return std::max<std::uint64_t>(1, model::pagesFor(room.context));
}

std::uint64_t memoryLeft(std::uint64_t models, const MemoryLimits& limits)
{
    return limits.memory == UINT64_MAX ? UINT64_MAX : limits.memory - models;
}

} // namespace

std::uint64_t KvRoom::least() const
{
    return pagesAsked(*this) * page;
}

std::optional<model::Error> tooLarge(std::uint64_t models, const KvRoom& room,
                                     const MemoryLimits& limits)
{
    if (models <= limits.memory && room.least() <= memoryLeft(models, limits))
        return std::nullopt;
    return model::Error{
        model::Errc::OutOfMemory,
        std::format("the models need {} of memory and keys and values of {} tokens {}, {} are left "
                    "of {}",
                    inMegabytes(models), pagesAsked(room) * kernels::kPageTokens,
                    inMegabytes(room.least()), inMegabytes(limits.memory),
                    inMegabytes(limits.memoryLimit)),
        models + room.least()};
}

model::Result<std::uint32_t> pagesIn(const KvRoom& room, std::uint64_t models,
                                     const MemoryLimits& limits)
{
    if (room.context > room.contextLength)
        return std::unexpected(
            model::Error{model::Errc::ContextTooLong,
                         std::format("a context of {} tokens is asked for, the model's holds {}",
                                     room.context, room.contextLength)});
    if (auto refusal = tooLarge(models, room, limits))
        return std::unexpected(*std::move(refusal));
    const std::uint32_t context = room.context == 0 ? room.contextLength : room.context;
    const std::uint64_t wanted =
        std::max<std::uint64_t>(context / kernels::kPageTokens + 1, kKeysAndValues / room.page);
    const std::uint64_t half = memoryLeft(models, limits) / 2 / room.page;
    return static_cast<std::uint32_t>(std::max(pagesAsked(room), std::min(half, wanted)));
}

} // namespace engine
