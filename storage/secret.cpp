// SPDX-License-Identifier: Apache-2.0
#include "storage/secret.h"

#include "storage/secret_arena.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>
#include <utility>

namespace storage {

SecretArena& SecretArena::instance()
{
    static auto* const arena = new SecretArena; // outlives every Secret, static ones too
    return *arena;
}

Result<std::byte*> SecretArena::take()
{
    const std::scoped_lock lock(m_mutex);
    if (m_memory == nullptr) {
        if (const auto mapped = map(); !mapped)
            return std::unexpected(mapped.error());
    }
    for (std::size_t tried = 0; tried < kSlots; ++tried) {
        const std::size_t slot = (m_next + tried) % kSlots;
        if (m_used[slot])
            continue;
        m_used[slot] = true;
        m_next = (slot + 1) % kSlots;
        return m_memory + slot * kSlotBytes;
    }
    return std::unexpected(Error{Errc::NoLockedMemory, "the key arena is used up"});
}

void SecretArena::giveBack(std::byte* slot)
{
    const std::scoped_lock lock(m_mutex);
    OPENSSL_cleanse(slot, kSlotBytes);
    m_used[static_cast<std::size_t>(slot - m_memory) / kSlotBytes] = false;
}

Result<Secret> Secret::filled(FillFunction fill, void* context)
{
    const auto slot = SecretArena::instance().take();
    if (!slot)
        return std::unexpected(slot.error());
    Secret secret(*slot);
    if (const auto done = fill(std::span<std::byte, kBytes>(*slot, kBytes), context); !done)
        return std::unexpected(done.error());
    return secret;
}

Result<Secret> Secret::random()
{
    return make([](std::span<std::byte, kBytes> out) -> Result<void> {
        if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(out.data()), kBytes) != 1)
            return std::unexpected(Error{Errc::Io, "the random generator failed"});
        return {};
    });
}

Result<Secret> Secret::copyOf(std::span<const std::byte, kBytes> bytes)
{
    return make([bytes](std::span<std::byte, kBytes> out) -> Result<void> {
        std::memcpy(out.data(), bytes.data(), kBytes);
        return {};
    });
}

Secret::Secret(Secret&& other) noexcept
    : m_slot(std::exchange(other.m_slot, nullptr))
{
}

Secret& Secret::operator=(Secret&& other) noexcept
{
    std::swap(m_slot, other.m_slot);
    return *this;
}

Secret::~Secret()
{
    if (m_slot != nullptr)
        SecretArena::instance().giveBack(m_slot);
}

Result<Secret> Secret::clone() const
{
    return copyOf(bytes());
}

std::span<const std::byte, Secret::kBytes> Secret::bytes() const
{
    return std::span<const std::byte, kBytes>(m_slot, kBytes);
}

} // namespace storage
