// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <span>
#include <vector>

namespace storage {

/// Bytes that are overwritten when they go: for secrets that are too long for a Secret and live for
/// one call (an expanded private key). Not locked in memory. Never grows, so no copy is left
/// behind.
class WipedBytes {
public:
    explicit WipedBytes(std::size_t size)
        : m_bytes(size)
    {
    }
    WipedBytes(const WipedBytes&) = delete;
    WipedBytes& operator=(const WipedBytes&) = delete;
    ~WipedBytes() { OPENSSL_cleanse(m_bytes.data(), m_bytes.size()); }

    [[nodiscard]] unsigned char* data() { return m_bytes.data(); }
    [[nodiscard]] const unsigned char* data() const { return m_bytes.data(); }
    [[nodiscard]] std::size_t size() const { return m_bytes.size(); }
    [[nodiscard]] std::span<const std::byte> bytes() const
    {
        return std::as_bytes(std::span(m_bytes));
    }

private:
    std::vector<unsigned char> m_bytes;
};

} // namespace storage
