// SPDX-License-Identifier: Apache-2.0
#include "inference/model/kv_cache.h"

#include "inference/kernels/half.h"

#include <algorithm>
#include <cassert>

namespace model {

namespace {

constexpr std::uint32_t kLanes = 16;

constexpr std::uint32_t roundUp(std::uint32_t value)
{
    return (value + kLanes - 1) / kLanes * kLanes;
}

std::size_t elementBytes(KvPrecision precision)
{
    return precision == KvPrecision::Half ? 2 : 4;
}

void put(std::byte* base, std::size_t index, KvPrecision precision, float value)
{
    if (precision == KvPrecision::Half)
        reinterpret_cast<std::uint16_t*>(base)[index] = kernels::halfFromFloat(value);
    else
        reinterpret_cast<float*>(base)[index] = value;
}

} // namespace

Result<KvCache> KvCache::create(const Config& config, std::uint32_t capacity, KvPrecision precision)
{
    KvCache cache;
    cache.m_capacity = capacity;
    cache.m_positions = roundUp(capacity);
    cache.m_layers = config.layers;
    cache.m_heads = config.keyValueHeads;
    cache.m_headLength = config.headLength;
    cache.m_valueStride = roundUp(config.headLength);
    cache.m_precision = precision;
    std::size_t bytes = elementBytes(precision) * cache.m_positions;
    const std::size_t elements = std::size_t{cache.m_headLength} + cache.m_valueStride;
    if (__builtin_mul_overflow(bytes, elements, &bytes) ||
        __builtin_mul_overflow(bytes, cache.m_heads, &bytes) ||
        __builtin_mul_overflow(bytes, cache.m_layers, &bytes))
        return std::unexpected(Error{Errc::OutOfMemory, "keys and values"});
    cache.m_memory = kernels::Memory::allocate(bytes);
    if (!cache.m_memory)
        return std::unexpected(Error{Errc::OutOfMemory, "keys and values"});
    return cache;
}

KvCache& KvCache::operator=(KvCache&& other) noexcept
{
    // What was held here goes to other and is wiped when that ends.
    std::swap(m_memory, other.m_memory);
    std::swap(m_length, other.m_length);
    std::swap(m_written, other.m_written);
    std::swap(m_capacity, other.m_capacity);
    std::swap(m_positions, other.m_positions);
    std::swap(m_layers, other.m_layers);
    std::swap(m_heads, other.m_heads);
    std::swap(m_headLength, other.m_headLength);
    std::swap(m_valueStride, other.m_valueStride);
    std::swap(m_precision, other.m_precision);
    return *this;
}

KvCache::~KvCache()
{
    if (m_memory)
        truncate(0);
}

std::byte* KvCache::keys(std::size_t layer, std::size_t head)
{
    const std::size_t perHead =
        std::size_t{m_positions} * (m_headLength + m_valueStride) * elementBytes(m_precision);
    return m_memory.data() + (layer * m_heads + head) * perHead;
}

std::byte* KvCache::values(std::size_t layer, std::size_t head)
{
    return keys(layer, head) + std::size_t{m_positions} * m_headLength * elementBytes(m_precision);
}

void KvCache::truncate(std::uint32_t length)
{
    m_length = std::min(m_length, length);
    // Keys of 16 positions lie between one another: the last group that is kept in part stays.
    const std::size_t first = roundUp(m_length);
    const std::size_t last = roundUp(m_written);
    if (first >= last)
        return;
    const std::size_t element = elementBytes(m_precision);
    for (std::size_t layer = 0; layer < m_layers; ++layer) {
        for (std::size_t head = 0; head < m_heads; ++head) {
            kernels::wipe(keys(layer, head) + first * m_headLength * element,
                          (last - first) * m_headLength * element);
            kernels::wipe(values(layer, head) + first * m_valueStride * element,
                          (last - first) * m_valueStride * element);
        }
    }
    m_written = static_cast<std::uint32_t>(first);
}

void KvCache::expectUpTo(std::uint32_t positions)
{
    assert(positions <= m_capacity);
    m_written = std::max(m_written, positions);
}

void KvCache::write(std::size_t layer, std::size_t head, std::uint32_t position,
                    std::span<const float> key, std::span<const float> value)
{
    assert(position < m_written && key.size() == m_headLength && value.size() == m_headLength);
    std::byte* to = keys(layer, head);
    const std::size_t strip = std::size_t{position / kLanes} * m_headLength * kLanes;
    for (std::size_t d = 0; d < key.size(); ++d)
        put(to, strip + d * kLanes + position % kLanes, m_precision, key[d]);
    to = values(layer, head);
    for (std::size_t d = 0; d < value.size(); ++d)
        put(to, std::size_t{position} * m_valueStride + d, m_precision, value[d]);
}

} // namespace model
