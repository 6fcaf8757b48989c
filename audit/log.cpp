// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include "audit/clock.h"
#include "audit/log_state.h"

#include <openssl/rand.h>

namespace audit {

namespace {

Error refusal()
{
    return {Errc::Io, "the log takes no entries after a disk error until it is reopened"};
}

bool fillRandom(std::span<std::byte> bytes)
{
    return RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size())) == 1;
}

/// RFC 9562 §5.7: 48 bits of milliseconds, the rest random but for version and variant.
void stampId(Id& random, std::uint64_t wallTime)
{
    const std::uint64_t milliseconds = wallTime / 1000;
    for (unsigned i = 0; i < 6; ++i)
        random[i] = static_cast<std::byte>(milliseconds >> (8U * (5 - i)));
    random[6] = (random[6] & std::byte{0x0F}) | std::byte{0x70};
    random[8] = (random[8] & std::byte{0x3F}) | std::byte{0x80};
}

std::string hexadecimal(Bytes bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte part : bytes) {
        text += kDigits[std::to_integer<unsigned>(part) >> 4U];
        text += kDigits[std::to_integer<unsigned>(part) & 0xFU];
    }
    return text;
}

} // namespace

Result<Entry> makeEntry(const Event& event, std::uint64_t index, std::uint64_t checkpointed,
                        Disclosure& salts)
{
    const Moment moment = now();
    Entry entry{
        .index = index,
        .eventId = {},
        .wallTime = moment.wallTime,
        .monotonicTime = moment.monotonicTime,
        .bootId = bootId(),
        .kind = static_cast<std::uint16_t>(event.kind),
        .outcome = static_cast<std::uint8_t>(event.outcome),
        .reason = event.reason,
        .actor = event.actor,
        .session = event.session,
        .peerUid = event.peerUid,
        .peerPid = static_cast<std::uint32_t>(event.peerPid),
        .closes = event.closes,
        .plain = event.plain,
        .commitments = {},
        .checkpointed = checkpointed,
    };
    bool random = fillRandom(entry.eventId);
    stampId(entry.eventId, moment.wallTime);
    for (const auto& [name, value] : event.committed) {
        Disclosure::Field field{{}, value};
        random = random && fillRandom(field.salt);
        entry.commitments[name] = commitment(field.salt, name, asBytes(value));
        salts.fields.emplace(name, std::move(field));
    }
    if (!random)
        return std::unexpected(Error{Errc::Io, "the system gives no random bytes"});
    salts.index = index;
    salts.eventId = entry.eventId;
    return entry;
}

Log::State::State(Options given)
    : options(std::move(given))
    , files(options.files ? *options.files : systemFiles())
{
}

Result<void> Log::State::load()
{
    refusing = true;
    auto read = readLog(files, options);
    if (!read)
        return std::unexpected(read.error());
    open = std::move(*read);
    if (open.torn) {
        const Event cut{.kind = Kind::TailCut,
                        .outcome = Outcome::Success,
                        .reason = "torn_tail",
                        .actor = {},
                        .session = {},
                        .peerUid = 0,
                        .peerPid = 0,
                        .closes = {},
                        .plain = {{"bytes", std::to_string(open.torn->bytes)},
                                  {"sha", hexadecimal(open.torn->digest)}},
                        .committed = {}};
        Disclosure none;
        const auto entry = makeEntry(cut, open.tree.size(), open.checkpointed, none);
        if (!entry)
            return std::unexpected(entry.error());
        if (auto written = write(*entry, none); !written)
            return written;
    }
    refusing = false;
    return {};
}

Result<void> Log::State::write(const Entry& entry, const Disclosure& disclosure)
{
    const auto record = encode(entry);
    if (!record)
        return std::unexpected(record.error());
    const auto framed = frame(*record);
    std::vector<std::byte> sealed;
    if (!disclosure.fields.empty() && options.seal) {
        sealed = options.seal(encode(disclosure));
        if (sealed.empty())
            return std::unexpected(Error{Errc::Key, "the committed fields cannot be sealed"});
    }

    if (open.torn) {
        if (auto written = open.writer.replaceTail(framed); !written)
            return written;
        open.torn.reset();
        open.tree.append(leafHash(*record));
        return {};
    }
    if (auto room = open.writer.makeRoom(entry.index, framed.size()); !room)
        return room;
    if (!sealed.empty()) {
        // Before the record: what the record commits to must not be lost.
        if (open.sealed.first() != open.writer.first()) {
            auto next = SealedFields::open(files, options.folder, open.writer.first(), entry.index);
            if (!next)
                return std::unexpected(next.error());
            open.sealed = std::move(*next);
        }
        if (auto kept = open.sealed.append(entry.index, sealed); !kept)
            return kept;
    }
    if (auto written = open.writer.append(framed); !written) {
        if (!sealed.empty()) {
            [[maybe_unused]] const auto back = open.sealed.takeBack(); // else the next open cuts it
        }
        return written;
    }
    open.tree.append(leafHash(*record));
    return {};
}

Result<Receipt> Log::State::append(const Event& event)
{
    if (refusing)
        return std::unexpected(refusal());
    if (const auto fine = check(event); !fine)
        return std::unexpected(fine.error());
    const std::uint64_t index = open.tree.size();
    if (event.closes && *event.closes >= index)
        return std::unexpected(Error{Errc::Invalid, "the event closes an entry that is not there"});
    Disclosure disclosure;
    const auto entry = makeEntry(event, index, open.checkpointed, disclosure);
    if (!entry)
        return std::unexpected(entry.error());
    if (const auto written = write(*entry, disclosure); !written) {
        refusing = written.error().code != Errc::Key && written.error().code != Errc::TooLarge;
        return std::unexpected(written.error());
    }
    // The entry is on disk whatever becomes of the checkpoint; when that fails the log refuses the
    // next one.
    if (open.tree.size() - open.checkpointed >= kCheckpointRecords) {
        [[maybe_unused]] const auto signedNow = checkpoint();
    }
    changed.notify_one();
    return Receipt(index, event.kind);
}

Result<std::string> Log::State::checkpoint()
{
    if (refusing)
        return std::unexpected(refusal());
    if (!open.note.empty() && open.checkpointed == open.tree.size())
        return open.note;
    const auto text =
        open.key->sign({open.tree.size(), open.tree.root()}, now().wallTime / 1'000'000);
    const auto put = text ? putCheckpoint(*text) : Result<void>(std::unexpected(text.error()));
    if (!put) {
        refusing = true;
        return std::unexpected(put.error());
    }
    return open.note;
}

Result<void> Log::State::putCheckpoint(const std::string& text)
{
    const std::uint64_t size = open.tree.size();
    if (auto put = replaceFile(files, options.folder / kCheckpointName, asBytes(text)); !put)
        return put;
    open.note = text;
    open.checkpointed = size;
    if (size / kCheckpointRecords > open.kept.newest() / kCheckpointRecords)
        return open.kept.append(text, size);
    return {};
}

void Log::State::signNowAndThen(const std::stop_token& stop)
{
    std::unique_lock held(mutex);
    while (!stop.stop_requested()) {
        changed.wait(held, stop, [this] { return isDirty(); });
        // The first record of an interval waits it out, so that its followers share the checkpoint.
        changed.wait_for(held, stop, options.checkpointInterval, [] { return false; });
        if (isDirty() && !stop.stop_requested()) {
            [[maybe_unused]] const auto note = checkpoint(); // a failure shows in the next append
        }
    }
}

Log::Log(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

Result<std::unique_ptr<Log>> Log::open(Options options)
{
    auto state = std::make_unique<State>(std::move(options));
    const auto& folder = state->options.folder;
    if (const auto made = state->files.makeFolder(folder); !made)
        return std::unexpected(ioError("make", "the log's folder", made.error()));
    if (const auto synced = state->files.syncFolder(folder.parent_path()); !synced)
        return std::unexpected(ioError("sync", "what holds the log's folder", synced.error()));
    auto lock = File::open(state->files, folder / kLockName, Files::Mode::ReadWrite);
    if (!lock)
        return std::unexpected(lock.error());
    if (const auto held = lock->lock(); !held)
        return std::unexpected(held.error());
    state->lock = std::move(*lock);
    if (const auto loaded = state->load(); !loaded)
        return std::unexpected(loaded.error());
    State* running = state.get();
    state->timer =
        std::jthread([running](const std::stop_token& stop) { running->signNowAndThen(stop); });
    return std::unique_ptr<Log>(new Log(std::move(state)));
}

Log::~Log()
{
    m_state->timer.request_stop();
    m_state->timer.join();
    const std::scoped_lock held(m_state->mutex);
    if (m_state->isDirty()) {
        [[maybe_unused]] const auto note =
            m_state->checkpoint(); // the entries are on disk without it
    }
}

Result<Receipt> Log::append(const Event& event)
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->append(event);
}

Result<void> Log::reopen()
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->load();
}

bool Log::isRefusing() const
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->refusing;
}

void Log::setSeal(Seal seal)
{
    const std::scoped_lock held(m_state->mutex);
    m_state->options.seal = std::move(seal);
}

Result<std::string> Log::checkpoint()
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->checkpoint();
}

std::string Log::publicKey() const
{
    const std::scoped_lock held(m_state->mutex);
    return keyLine(m_state->open.key->publicKeys());
}

std::uint64_t Log::size() const
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->open.tree.size();
}

Result<std::vector<std::byte>> Log::consistencyProof(std::uint64_t from, std::uint64_t to) const
{
    const std::scoped_lock held(m_state->mutex);
    if (from > to || to > m_state->open.tree.size())
        return std::unexpected(Error{Errc::Invalid, "the log was never of that size"});
    std::vector<std::byte> proof;
    for (const Hash& node : m_state->open.tree.consistencyProof(from, to))
        proof.insert(proof.end(), node.begin(), node.end());
    return proof;
}

std::vector<Log::Orphan> Log::orphans() const
{
    const std::scoped_lock held(m_state->mutex);
    return m_state->open.orphans;
}

bool Log::proves(const Receipt& receipt, Kind kind, std::uint64_t size)
{
    return receipt.kind() == kind && receipt.index() < size;
}

Result<void> Log::erasePlaintext(std::uint64_t index, const Receipt& receipt)
{
    const std::scoped_lock held(m_state->mutex);
    if (!proves(receipt, Kind::Erasure, m_state->open.tree.size()))
        return std::unexpected(Error{Errc::Invalid, "the receipt is not of an erasure"});
    const auto first = segmentOf(m_state->files, m_state->options.folder, index);
    if (!first)
        return std::unexpected(first.error());
    return eraseSealed(m_state->files, m_state->options.folder, *first, index);
}

} // namespace audit
