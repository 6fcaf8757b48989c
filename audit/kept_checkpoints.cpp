// SPDX-License-Identifier: Apache-2.0
#include "audit/kept_checkpoints.h"

#include "audit/bytes.h"
#include "audit/log_format.h"
#include "audit/note.h"

#include <algorithm>

namespace audit {

namespace {

constexpr std::string_view kName = "checkpoints";

struct Kept {
    std::vector<std::string> notes;
    std::uint64_t end = 0;  // offset behind the last whole note
    std::uint64_t size = 0; // of the file; 0 when there is none
    std::uint64_t newest = 0;
};

Result<Kept> readKept(Files& files, const std::filesystem::path& folder)
{
    const auto names = files.list(folder);
    if (!names)
        return std::unexpected(ioError("list", "the log's folder", names.error()));
    if (!std::ranges::contains(*names, kName))
        return Kept{};
    const auto file = File::open(files, folder / kName, Files::Mode::Read);
    if (!file)
        return std::unexpected(file.error());
    const auto content = file->readAll();
    if (!content)
        return std::unexpected(content.error());
    const Bytes bytes(*content);
    if (bytes.size() < kCheckpointsMagic.size() ||
        !std::ranges::equal(asText(bytes.first(kCheckpointsMagic.size())), kCheckpointsMagic))
        return std::unexpected(Error{Errc::Corrupt, "the kept checkpoints have a wrong head"});

    Kept kept{{}, kCheckpointsMagic.size(), bytes.size(), 0};
    while (bytes.size() - kept.end >= kLengthBytes) {
        const std::uint64_t length = littleEndian(bytes.subspan(kept.end));
        if (length > bytes.size() - kept.end - kLengthBytes)
            break;
        const auto note = asText(bytes.subspan(kept.end + kLengthBytes, length));
        const auto checkpoint = readNote(note);
        if (!checkpoint || checkpoint->size <= kept.newest)
            return std::unexpected(Error{Errc::Corrupt, "a kept checkpoint is damaged"});
        kept.notes.emplace_back(note);
        kept.newest = checkpoint->size;
        kept.end += kLengthBytes + length;
    }
    return kept;
}

} // namespace

Result<KeptCheckpoints> KeptCheckpoints::open(Files& files, const std::filesystem::path& folder)
{
    const auto kept = readKept(files, folder);
    if (!kept)
        return std::unexpected(kept.error());
    KeptCheckpoints checkpoints;
    checkpoints.m_files = &files;
    checkpoints.m_path = folder / kName;
    checkpoints.m_at = kept->end;
    checkpoints.m_newest = kept->newest;
    if (kept->size == 0)
        return checkpoints;
    auto file = File::open(files, checkpoints.m_path, Files::Mode::ReadWrite);
    if (!file)
        return std::unexpected(file.error());
    if (kept->end < kept->size) {
        if (const auto cut = file->resize(kept->end); !cut)
            return std::unexpected(cut.error());
    }
    checkpoints.m_file = std::move(*file);
    return checkpoints;
}

Result<void> KeptCheckpoints::append(std::string_view note, std::uint64_t size)
{
    if (!m_file.isOpen()) {
        if (auto made = replaceFile(*m_files, m_path, asBytes(std::string_view(kCheckpointsMagic)));
            !made)
            return made;
        auto file = File::open(*m_files, m_path, Files::Mode::ReadWrite);
        if (!file)
            return std::unexpected(file.error());
        m_file = std::move(*file);
        m_at = kCheckpointsMagic.size();
    }
    std::vector<std::byte> bytes;
    putLittleEndian(bytes, note.size());
    bytes.insert(bytes.end(), asBytes(note).begin(), asBytes(note).end());
    if (auto written = m_file.writeAt(m_at, bytes); !written)
        return written;
    if (auto synced = m_file.sync(); !synced)
        return synced;
    m_at += bytes.size();
    m_newest = size;
    return {};
}

Result<std::vector<std::string>> readKeptCheckpoints(Files& files,
                                                     const std::filesystem::path& folder)
{
    auto kept = readKept(files, folder);
    if (!kept)
        return std::unexpected(kept.error());
    return std::move(kept->notes);
}

} // namespace audit
