// SPDX-License-Identifier: Apache-2.0
#include "audit/bytes.h"
#include "audit/log_state.h"

#include <algorithm>

namespace audit {

namespace {

/// Writes a file from front to back in large pieces.
class Sink {
public:
    explicit Sink(File& file)
        : m_file(file)
    {
    }

    Result<void> put(Bytes bytes)
    {
        m_pending.insert(m_pending.end(), bytes.begin(), bytes.end());
        return m_pending.size() < kPieceBytes ? Result<void>{} : flush();
    }

    void putNumber(std::uint64_t value) { putLittleEndian(m_pending, value); }

    Result<void> flush()
    {
        if (auto written = m_file.writeAt(m_at, m_pending); !written)
            return written;
        m_at += m_pending.size();
        m_pending.clear();
        return {};
    }

    [[nodiscard]] std::uint64_t position() const { return m_at + m_pending.size(); }

private:
    static constexpr std::size_t kPieceBytes = 1U << 20U;
    File& m_file;
    std::vector<std::byte> m_pending;
    std::uint64_t m_at = 0;
};

/// What the log was when the export began.
struct Snapshot {
    std::vector<std::string> notes; // ascending; the last covers every entry
    std::vector<Hash> leaves;
};

class Exporter {
public:
    Exporter(Files& files, const std::filesystem::path& folder, const Snapshot& snapshot, File& out)
        : m_files(files)
        , m_folder(folder)
        , m_snapshot(snapshot)
        , m_out(out)
        , m_sink(out)
    {
    }

    Result<void> write(const Log::Unseal& unseal)
    {
        if (auto head = writeHead(); !head)
            return head;
        if (auto disclosures = writeDisclosures(unseal); !disclosures)
            return disclosures;
        const auto entries = readSegments(
            m_files, m_folder,
            [this](const Entry&, const Frame& found) { return m_sink.put(frame(found.record)); },
            m_snapshot.leaves.size());
        if (!entries)
            return std::unexpected(entries.error());
        return m_sink.flush();
    }

private:
    Result<void> writeHead()
    {
        if (auto fine = m_sink.put(asBytes(std::string_view(kExportMagic))); !fine)
            return fine;
        m_sink.putNumber(m_snapshot.notes.size());
        for (const std::string& note : m_snapshot.notes) {
            m_sink.putNumber(note.size());
            if (auto fine = m_sink.put(asBytes(note)); !fine)
                return fine;
        }
        m_sink.putNumber(m_snapshot.leaves.size());
        for (const Hash& leaf : m_snapshot.leaves) {
            if (auto fine = m_sink.put(leaf); !fine)
                return fine;
        }
        return {};
    }

    Result<void> writeDisclosures(const Log::Unseal& unseal)
    {
        const std::uint64_t place = m_sink.position();
        m_sink.putNumber(0); // the count, known only afterwards
        if (!unseal)
            return {};
        const auto starts = segmentStarts(m_files, m_folder);
        if (!starts)
            return std::unexpected(starts.error());
        std::uint64_t count = 0;
        for (const std::uint64_t first : *starts) {
            auto read =
                readSealed(m_files, m_folder, first, [&](const SealedField& field) -> Result<void> {
                    if (field.erased || field.index >= m_snapshot.leaves.size())
                        return {};
                    const auto opened = unseal(field.sealed);
                    if (!opened)
                        return {}; // sealed to another key; the verifier counts what is not
                                   // disclosed
                    ++count;
                    m_sink.putNumber(opened->size());
                    return m_sink.put(*opened);
                });
            if (!read)
                return read;
        }
        if (auto flushed = m_sink.flush(); !flushed)
            return flushed;
        std::vector<std::byte> number;
        putLittleEndian(number, count);
        return m_out.writeAt(place, number);
    }

    Files& m_files;
    std::filesystem::path m_folder;
    const Snapshot& m_snapshot;
    File& m_out;
    Sink m_sink;
};

/// Kept checkpoints, then the newest, without repeating it.
Result<Snapshot> snapshotOf(Files& files, const std::filesystem::path& folder, const OpenLog& log)
{
    auto notes = readKeptCheckpoints(files, folder);
    if (!notes)
        return std::unexpected(notes.error());
    if (notes->empty() || notes->back() != log.note)
        notes->push_back(log.note);
    const auto leaves = log.tree.leaves();
    return Snapshot{std::move(*notes), {leaves.begin(), leaves.end()}};
}

} // namespace

Result<void> Log::exportTo(File& out, const Receipt& receipt, const Unseal& unseal) const
{
    Snapshot snapshot;
    {
        const std::scoped_lock held(m_state->mutex);
        if (!proves(receipt, Kind::AuditExport, m_state->open.tree.size()))
            return std::unexpected(Error{Errc::Invalid, "the receipt is not of an export"});
        if (const auto signedNow = m_state->checkpoint(); !signedNow)
            return std::unexpected(signedNow.error());
        auto taken = snapshotOf(m_state->files, m_state->options.folder, m_state->open);
        if (!taken)
            return std::unexpected(taken.error());
        snapshot = std::move(*taken);
    }
    // Entries below the snapshot's size never change, so the rest needs no lock.
    Exporter exporter(m_state->files, m_state->options.folder, snapshot, out);
    return exporter.write(unseal);
}

Result<void> Log::exportTo(const std::filesystem::path& file, const Receipt& receipt,
                           const Unseal& unseal) const
{
    std::filesystem::path temporary = file;
    temporary += ".new";
    auto out = File::open(m_state->files, temporary, Files::Mode::ReadWrite);
    if (!out)
        return std::unexpected(out.error());
    if (auto emptied = out->resize(0); !emptied)
        return emptied;
    if (auto written = exportTo(*out, receipt, unseal); !written)
        return written;
    if (auto synced = out->sync(); !synced)
        return synced;
    if (const auto renamed = m_state->files.rename(temporary, file); !renamed)
        return std::unexpected(ioError("rename", "the export", renamed.error()));
    return {};
}

} // namespace audit
