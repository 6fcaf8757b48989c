// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/kv_sequence.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace model {

/// One sequence with a pool of its own, for programs that run a single one. Model::makeCache makes
/// it, Model::forward appends to it.
class KvCache {
public:
    KvCache(std::unique_ptr<KvPool> pool, std::uint32_t capacity)
        : m_pool(std::move(pool))
        , m_sequence(*m_pool)
        , m_capacity(capacity)
    {
    }
    KvCache(KvCache&&) = default;
    KvCache& operator=(KvCache&& other) noexcept
    {
        std::swap(m_pool, other.m_pool);
        std::swap(m_sequence, other.m_sequence);
        std::swap(m_capacity, other.m_capacity);
        return *this;
    }
    ~KvCache() = default;

    [[nodiscard]] KvSequence& sequence() { return m_sequence; }
    [[nodiscard]] std::uint32_t length() const { return m_sequence.length(); } // tokens held
    [[nodiscard]] std::uint32_t capacity() const { return m_capacity; }        // tokens at most
    void truncate(std::uint32_t length) { m_sequence.truncate(length); }

private:
    std::unique_ptr<KvPool> m_pool; // before what lies in it
    KvSequence m_sequence;
    std::uint32_t m_capacity;
};

} // namespace model
