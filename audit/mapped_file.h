// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/hash.h"

#include <filesystem>

namespace audit {

/// A whole file, read-only in memory for as long as the object lives. Pages come from the disk when
/// they are used, so an export may be larger than the memory.
class MappedFile {
public:
    static Result<MappedFile> open(const std::filesystem::path& file); // Errors: Io

    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&&) = delete;
    ~MappedFile();

    [[nodiscard]] Bytes bytes() const { return m_bytes; }

private:
    explicit MappedFile(Bytes bytes)
        : m_bytes(bytes)
    {
    }

    Bytes m_bytes;
};

} // namespace audit
