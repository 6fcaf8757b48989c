// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <cstddef>
#include <span>

namespace model {

/// A whole file mapped read-only. The mapping lives as long as the object; the descriptor may be
/// closed after map(). Threads: any number may read.
class MappedFile {
public:
    /// Maps what the descriptor @p file names, from the first to the last byte.
    /// Errors: Io when it is not a regular file, is empty or cannot be mapped.
    static Result<MappedFile> map(int file);

    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return m_bytes; }

    /// Gives the whole pages inside @p part back to the system; reading them again fetches them
    /// from the file. For weights that were repacked into memory of our own.
    void release(std::span<const std::byte> part) const;

private:
    explicit MappedFile(std::span<const std::byte> bytes)
        : m_bytes(bytes)
    {
    }
    void unmap() noexcept;

    std::span<const std::byte> m_bytes;
};

} // namespace model
