// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/files.h"
#include "audit/note.h"

#include <memory>

namespace audit {

/// The log's own key pair: Ed25519 and ML-DSA-44, kept as two seeds in one file.
/// Format: docs/formats/checkpoint.md. Threads: one at a time.
class SigningKey {
public:
    /// Reads the key from @p file. Errors: Io; Key when it is damaged or others may read it.
    static Result<SigningKey> open(Files& files, const std::filesystem::path& file,
                                   std::string_view origin);

    /// Makes a key and puts it on disk. Errors: Io, Key.
    static Result<SigningKey> create(Files& files, const std::filesystem::path& file,
                                     std::string_view origin);

    /// The whole signed note that states @p head. @p timestamp: seconds since 1970-01-01 UTC.
    /// Errors: Key.
    Result<std::string> sign(const TreeHead& head, std::uint64_t timestamp) const;

    [[nodiscard]] const PublicKeys& publicKeys() const { return m_public; }

    SigningKey(SigningKey&&) noexcept;
    SigningKey& operator=(SigningKey&&) noexcept;
    ~SigningKey();

private:
    struct Pair; // OpenSSL's keys
    SigningKey(std::unique_ptr<Pair> pair, PublicKeys publicKeys);
    static Result<SigningKey> fromSeeds(Bytes seeds, std::string_view origin);

    std::unique_ptr<Pair> m_pair;
    PublicKeys m_public;
};

} // namespace audit
