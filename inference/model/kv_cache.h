// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/memory.h"
#include "inference/model/config.h"
#include "inference/model/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace model {

/// How keys and values are kept: Half in use, Single for --exact.
enum class KvPrecision { Half, Single };

/// The keys and values of one conversation. Model::makeCache makes one; Model::forward appends to
/// it; truncate takes the end back. Pages are taken from the system as positions are written, and
/// every byte is overwritten with zero before it goes back: they are a patient's text in another
/// form.
///
/// Layout of a layer: keys [Hkv][positions/16][d][16] (16 positions side by side, so that a vector
/// holds one element of 16 keys), values [Hkv][positions][dv], dv = d rounded up to 16.
/// Threads: one at a time; distinct caches are independent.
class KvCache {
public:
    /// @p capacity in tokens. Errors: OutOfMemory.
    static Result<KvCache> create(const Config& config, std::uint32_t capacity,
                                  KvPrecision precision);

    KvCache(KvCache&&) = default;
    KvCache& operator=(KvCache&& other) noexcept;
    ~KvCache();

    [[nodiscard]] std::uint32_t length() const { return m_length; }     // tokens held
    [[nodiscard]] std::uint32_t capacity() const { return m_capacity; } // tokens at most
    [[nodiscard]] KvPrecision precision() const { return m_precision; }

    /// Forgets every token from @p length on and zeroes what they left, by whole groups of 16
    /// positions. No effect when there are fewer.
    void truncate(std::uint32_t length);

    // ---- for the forward pass ----
    [[nodiscard]] std::byte* keys(std::size_t layer, std::size_t head);
    [[nodiscard]] std::byte* values(std::size_t layer, std::size_t head);
    /// Says that positions below @p positions may be written from now on, so that they get wiped.
    void expectUpTo(std::uint32_t positions);
    /// Puts one position of one head: @p key and @p value [d]. Distinct positions from any thread.
    void write(std::size_t layer, std::size_t head, std::uint32_t position,
               std::span<const float> key, std::span<const float> value);
    /// Counts @p tokens more as held, their keys and values being written in every layer.
    void advance(std::uint32_t tokens) { m_length += tokens; }

private:
    KvCache() = default;

    kernels::Memory m_memory;
    std::uint32_t m_length = 0;
    std::uint32_t m_written = 0; // positions that hold something to be wiped
    std::uint32_t m_capacity = 0;
    std::uint32_t m_positions = 0; // capacity rounded up to 16
    std::uint32_t m_layers = 0;
    std::uint32_t m_heads = 0;
    std::uint32_t m_headLength = 0;
    std::uint32_t m_valueStride = 0;
    KvPrecision m_precision = KvPrecision::Half;
};

} // namespace model
