// SPDX-License-Identifier: Apache-2.0
#include "audit/log_state.h"

#include <algorithm>
#include <charconv>

namespace audit {

namespace {

std::unexpected<Error> corrupt(const char* what)
{
    return std::unexpected(Error{Errc::Corrupt, what});
}

/// Reads the signing key; makes it only when there is no log yet that it would have to fit.
Result<SigningKey> readKey(Files& files, const Log::Options& options,
                           const std::vector<std::string>& names)
{
    const auto folder = options.signingKey.parent_path();
    const auto beside = files.list(folder.empty() ? "." : folder);
    if (!beside)
        return std::unexpected(ioError("list", "the signing key's folder", beside.error()));
    if (std::ranges::contains(*beside, options.signingKey.filename().string()))
        return SigningKey::open(files, options.signingKey, options.origin);
    const bool logExists = std::ranges::any_of(names, [](const std::string& name) {
        return name == kCheckpointName || name.ends_with(kSegmentEnding);
    });
    if (logExists)
        return std::unexpected(Error{Errc::Key, "the log's signing key is missing"});
    return SigningKey::create(files, options.signingKey, options.origin);
}

Result<std::optional<Checkpoint>> readCheckpoint(Files& files, const Log::Options& options,
                                                 const std::vector<std::string>& names,
                                                 OpenLog& log)
{
    if (!std::ranges::contains(names, kCheckpointName))
        return std::nullopt;
    const auto file = File::open(files, options.folder / kCheckpointName, Files::Mode::Read);
    if (!file)
        return std::unexpected(file.error());
    const auto bytes = file->readAll();
    if (!bytes)
        return std::unexpected(bytes.error());
    log.note = asText(*bytes);
    auto checkpoint = openNote(log.note, log.key->publicKeys());
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    log.checkpointed = checkpoint->size;
    return std::move(*checkpoint);
}

bool isIntent(const Entry& entry)
{
    return static_cast<Outcome>(entry.outcome) == Outcome::Pending;
}

using Orphans = std::map<std::uint64_t, Log::Orphan>;

/// The intent that a Recovered entry names.
std::optional<std::uint64_t> recoveredBy(const Entry& entry)
{
    const auto field = entry.plain.find(kIntentField);
    std::uint64_t index = 0;
    if (static_cast<Kind>(entry.kind) != Kind::Recovered || field == entry.plain.end() ||
        std::from_chars(field->second.data(), field->second.data() + field->second.size(), index)
                .ec != std::errc())
        return std::nullopt;
    return index;
}

void follow(Orphans& open, const Entry& entry)
{
    if (isIntent(entry))
        open.emplace(entry.index, Log::Orphan{entry.index, static_cast<Kind>(entry.kind),
                                              entry.actor, entry.plain});
    if (const auto recovered = recoveredBy(entry))
        open.erase(*recovered);
    if (!entry.closes)
        return;
    const auto closed = open.find(*entry.closes);
    if (closed == open.end())
        return;
    if (static_cast<Kind>(entry.kind) == Kind::Interrupted &&
        closed->second.kind == Kind::QuestionIntent)
        closed->second.interrupted = true; // what became of it is known at the next sign-in
    else
        open.erase(closed);
}

/// Reads all entries into the tree and finds the intents whose end is not known.
Result<SegmentEnd> readEntries(Files& files, const Log::Options& options, OpenLog& log,
                               std::uint64_t& mentioned)
{
    Orphans open;
    auto end = readSegments(files, options.folder,
                            [&](const Entry& entry, const Frame& frame) -> Result<void> {
                                log.tree.append(frame.leaf);
                                mentioned = std::max(mentioned, entry.checkpointed);
                                follow(open, entry);
                                return {};
                            });
    for (auto& [index, orphan] : open)
        log.orphans.push_back(std::move(orphan));
    return end;
}

Result<void> compare(const std::optional<Checkpoint>& checkpoint, const MerkleTree& tree,
                     std::uint64_t mentioned)
{
    const std::uint64_t covered = checkpoint ? checkpoint->size : 0;
    if (covered < mentioned)
        return corrupt("the log names a checkpoint that is newer than the one on disk");
    if (tree.size() < covered)
        return std::unexpected(
            Error{Errc::Covered, "the log ends at entry " + std::to_string(tree.size()) + ", but " +
                                     std::to_string(covered) + " are signed for"});
    if (checkpoint && headOf(*checkpoint).root != tree.rootAt(covered))
        return corrupt("the log does not have the root of its last checkpoint");
    return {};
}

} // namespace

Result<OpenLog> readLog(Files& files, const Log::Options& options)
{
    const auto names = files.list(options.folder);
    if (!names)
        return std::unexpected(ioError("list", "the log's folder", names.error()));
    OpenLog log;
    auto key = readKey(files, options, *names);
    if (!key)
        return std::unexpected(key.error());
    log.key = std::move(*key);
    const auto checkpoint = readCheckpoint(files, options, *names, log);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    std::uint64_t mentioned = 0;
    const auto end = readEntries(files, options, log, mentioned);
    if (!end)
        return std::unexpected(end.error());
    if (const auto same = compare(*checkpoint, log.tree, mentioned); !same)
        return std::unexpected(same.error());
    log.torn = end->torn;

    auto kept = KeptCheckpoints::open(files, options.folder);
    if (!kept)
        return std::unexpected(kept.error());
    log.kept = std::move(*kept);
    auto sealed = SealedFields::open(files, options.folder, end->first, end->entries);
    if (!sealed)
        return std::unexpected(sealed.error());
    log.sealed = std::move(*sealed);
    auto writer = SegmentWriter::open(files, options.folder, *end, options.segmentBytes);
    if (!writer)
        return std::unexpected(writer.error());
    log.writer = std::move(*writer);
    return log;
}

} // namespace audit
