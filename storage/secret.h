// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"

#include <cstddef>
#include <span>

namespace storage {

/// 32 secret bytes in locked memory: not swapped, not dumped, wiped on fork and when destroyed.
/// All secrets share one arena of at most 64 KiB. Move-only.
/// Threads: distinct Secrets may be used from distinct threads; the arena locks inside.
class Secret {
public:
    static constexpr std::size_t kBytes = 32;

    /// Errors: NoLockedMemory when the arena cannot be locked or is full.
    static Result<Secret> random();
    static Result<Secret> copyOf(std::span<const std::byte, kBytes> bytes);
    /// A secret that @p fill (std::span<std::byte, kBytes> -> Result<void>) writes in its place, so
    /// that no copy lies in ordinary memory. Errors: those of fill.
    template <typename Fill>
    static Result<Secret> make(Fill fill)
    {
        return filled([](std::span<std::byte, kBytes> out,
                         void* context) { return (*static_cast<Fill*>(context))(out); },
                      &fill);
    }

    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret(); // wipes

    [[nodiscard]] Result<Secret> clone() const;
    [[nodiscard]] std::span<const std::byte, kBytes> bytes() const;

private:
    using FillFunction = Result<void> (*)(std::span<std::byte, kBytes>, void*);
    static Result<Secret> filled(FillFunction fill, void* context);

    explicit Secret(std::byte* slot)
        : m_slot(slot)
    {
    }
    std::byte* m_slot;
};

} // namespace storage
