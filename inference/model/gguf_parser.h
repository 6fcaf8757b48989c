// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/gguf.h"

#include <cstring>
#include <type_traits>

namespace model {

/// Bytes of a scalar of this kind; 0 for strings and arrays, which carry their own length, and for
/// numbers that name no kind.
[[nodiscard]] std::size_t scalarBytes(GgufType type);

/// Reads a number that stands at any address.
template <typename T>
[[nodiscard]] T load(std::span<const std::byte> bytes)
{
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// Reads the header of one file into a GgufFile. Used once.
class GgufParser {
public:
    explicit GgufParser(std::span<const std::byte> bytes) { m_file.m_bytes = bytes; }
    Result<GgufFile> run();

private:
    template <typename T>
    Result<T> take(std::string_view field);
    Result<std::string_view> takeString(std::string_view field);
    Result<std::string_view> takeName(std::string_view field, std::size_t limit);
    Result<void> takeValue();
    Result<void> skipScalars(GgufType type, std::uint64_t count, std::string_view field);
    Result<void> skipArray(GgufValue& value, int depth);
    Result<void> takeTensor(std::uint64_t index);
    Result<void> takeDimensions(Tensor& tensor);
    Result<void> sortNames();
    Result<void> placeTensors();
    Result<void> refuseOverlaps() const;
    [[nodiscard]] std::size_t left() const { return m_file.m_bytes.size() - m_at; }
    [[nodiscard]] std::unexpected<Error> bad(std::string_view field, std::string_view why,
                                             std::size_t at) const;

    GgufFile m_file;
    std::size_t m_at = 0;
    std::vector<std::uint64_t> m_offsets; // per tensor, relative to the data section
    std::vector<std::size_t> m_offsetsAt; // where each of them stands, for errors
};

} // namespace model
