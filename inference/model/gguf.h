// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"
#include "inference/model/mapped_file.h"
#include "inference/model/tensor_type.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace model {

/// One tensor of the file.
struct Tensor {
    std::string_view name;
    TensorType type = TensorType::F32;
    /// Elements per dimension, fastest first; unused dimensions are 1. A weight W [out, in] stands
    /// as {in, out}.
    std::array<std::uint64_t, 4> dims = {1, 1, 1, 1};
    std::uint32_t dimensionCount = 0;
    std::span<const std::byte> data;

    [[nodiscard]] std::uint64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
    /// All dimensions but the fastest.
    [[nodiscard]] std::uint64_t rows() const { return dims[1] * dims[2] * dims[3]; }
};

/// The kind of a metadata value; the numbers are those of the file.
enum class GgufType : std::uint32_t {
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12,
};

/// One metadata entry, its bytes already checked.
struct GgufValue {
    std::string_view key;
    GgufType type = GgufType::U8;
    GgufType elementType = GgufType::U8; // of an array
    std::uint64_t count = 0;             // of an array
    std::span<const std::byte> data;     // payload; of a string its characters
};

/// A GGUF file, version 3, little-endian. The file is hostile input: every count, length,
/// offset, product and alignment is checked against its size before it is used, names are unique,
/// and after open() every getter works inside checked bytes only.
///
/// Everything handed out points into the mapping and lives as long as this object.
/// Errors: BadFile, with the field and the byte offset in detail.
/// Threads: const after open(); any number may read.
/// Source: ../shared/facts/models.md §2.1.
class GgufFile {
public:
    /// Maps what the descriptor @p file names and reads its header. Takes no path: the worker that
    /// calls this can't open one.
    static Result<GgufFile> open(int file);
    /// Reads a file held in memory, which must outlive the object.
    static Result<GgufFile> parse(std::span<const std::byte> bytes);

    [[nodiscard]] std::uint32_t version() const { return m_version; }
    [[nodiscard]] std::uint64_t fileBytes() const { return m_bytes.size(); }

    // ---- metadata: integers of any width are accepted where an integer is wanted ----

    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    [[nodiscard]] std::span<const GgufValue> values() const { return m_values; } // file order

    /// Errors of all getters: Missing, WrongType (also for negative or too large numbers).
    [[nodiscard]] Result<std::uint64_t> unsignedInteger(std::string_view key) const;
    [[nodiscard]] Result<double> number(std::string_view key) const; // floats and integers
    [[nodiscard]] Result<bool> boolean(std::string_view key) const;
    [[nodiscard]] Result<std::string_view> string(std::string_view key) const;
    [[nodiscard]] Result<std::vector<std::string_view>> strings(std::string_view key) const;
    [[nodiscard]] Result<std::vector<std::int64_t>> integers(std::string_view key) const;
    [[nodiscard]] Result<std::vector<double>> numbers(std::string_view key) const;
    /// One value per layer: an array of exactly @p layers elements, or a scalar for all of them.
    [[nodiscard]] Result<std::vector<std::uint64_t>> perLayer(std::string_view key,
                                                              std::size_t layers) const;

    /// As above, but an absent key gives @p otherwise. A key of the wrong type is still an error.
    [[nodiscard]] Result<std::uint64_t> unsignedIntegerOr(std::string_view key,
                                                          std::uint64_t otherwise) const;
    [[nodiscard]] Result<double> numberOr(std::string_view key, double otherwise) const;
    [[nodiscard]] Result<bool> booleanOr(std::string_view key, bool otherwise) const;

    // ---- tensors ----

    [[nodiscard]] std::span<const Tensor> tensors() const { return m_tensors; } // file order
    [[nodiscard]] const Tensor* findTensor(std::string_view name) const;        // or null
    [[nodiscard]] Result<Tensor> tensor(std::string_view name) const;           // or Missing

    /// Gives @p part (a tensor's data) back to the system; see MappedFile::release. Without effect
    /// on a file held in memory.
    void release(std::span<const std::byte> part) const;

private:
    friend class GgufParser;

    GgufFile() = default;
    [[nodiscard]] const GgufValue* find(std::string_view key) const;
    [[nodiscard]] Result<const GgufValue*> want(std::string_view key) const;
    [[nodiscard]] Result<const GgufValue*> wantArray(std::string_view key) const;

    std::optional<MappedFile> m_mapping;
    std::span<const std::byte> m_bytes;
    std::uint32_t m_version = 0;
    std::vector<GgufValue> m_values;
    std::vector<std::uint32_t> m_valueOrder; // indices sorted by key
    std::vector<Tensor> m_tensors;
    std::vector<std::uint32_t> m_tensorOrder; // indices sorted by name
};

/// @p name in quotes, at most 64 bytes of it, control and non-ASCII bytes replaced: names come out
/// of hostile files and end in logs.
[[nodiscard]] std::string quoted(std::string_view name);

} // namespace model
