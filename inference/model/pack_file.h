// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/packed_matrix.h"
#include "inference/model/error.h"
#include "inference/model/mapped_file.h"
#include "inference/model/pack_format.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace model {

/// A model's matrices as the kernels read them, mapped from a file that an earlier start wrote
/// (docs/formats/pack.md). The file may be damaged: all of it is checked before it is used, and
/// what does not fit is refused with BadPack; the caller then packs the model again.
///
/// Threads: const after open(); any number may read.
class PackFile {
public:
    /// Maps what the descriptor @p file names and checks seal, header and table.
    /// Errors: Io; BadPack (which field), also when it is of another model than @p model, or of
    /// another layout than that of this program.
    static Result<PackFile> open(int file, const ModelHash& model);
    /// The same of bytes in memory, which must outlive the object.
    static Result<PackFile> parse(std::span<const std::byte> bytes, const ModelHash& model);

    /// Reads all strips once and compares their sums. Errors: BadPack (which tensor).
    Result<void> verify(kernels::ThreadPool& pool) const;

    /// The matrix @p name, in place: it lives as long as this object.
    /// Errors: BadPack when there is none of that name, type and shape.
    [[nodiscard]] Result<kernels::PackedMatrix> matrix(std::string_view name,
                                                       kernels::WeightType type, std::size_t rows,
                                                       std::size_t columns) const;

    [[nodiscard]] std::size_t tensors() const { return m_entries.size(); }

private:
    PackFile() = default;
    Result<void> read(std::span<const std::byte> bytes, const ModelHash& model);
    Result<void> readEntries(std::uint32_t count);
    [[nodiscard]] std::span<const std::byte> stripsOf(const PackEntry& entry) const;

    std::optional<MappedFile> m_mapping;
    std::span<const std::byte> m_bytes;
    std::vector<PackEntry> m_entries; // by name
};

/// Where a pack is written. Implemented by whoever has a file.
class PackOutput {
public:
    virtual ~PackOutput() = default;
    /// Behind what was written before. False: not all of it could be written.
    virtual bool append(std::span<const std::byte> bytes) = 0;
    /// In place of what stands at byte @p at of the file.
    virtual bool overwrite(std::size_t at, std::span<const std::byte> bytes) = 0;
};

/// Writes a pack while its model is loaded, one matrix after the other, so that nothing is held in
/// memory for it. A failure is remembered and ends the writing: a model runs without a pack.
class PackWriter {
public:
    /// Room for up to @p tensors matrices.
    PackWriter(PackOutput& output, std::size_t tensors);

    void add(std::string_view name, const kernels::PackedMatrix& matrix, kernels::ThreadPool& pool);
    /// Writes the table, then the header. Whether the file is whole but for its seal.
    bool finish();

private:
    void write(std::span<const std::byte> bytes);
    void fill(std::size_t end);

    PackOutput& m_output;
    std::size_t m_room;
    std::vector<PackEntry> m_entries;
    std::size_t m_at = 0;
    bool m_good = true;
};

/// The first bytes of the pack of the model with that hash. Whoever writes them says that the model
/// was the one that was packed.
[[nodiscard]] PackSeal packSeal(const ModelHash& model);

} // namespace model
