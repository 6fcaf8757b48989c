// SPDX-License-Identifier: Apache-2.0
#include "inference/service/merger.h"

#include "inference/service/logging.h"
#include "storage/import/codec.h"

#include <exception>
#include <optional>
#include <typeinfo>

namespace service {

namespace {

constexpr std::byte kPackVersion{1};
constexpr std::size_t kPackHeader = 9;

struct Unpacked {
    std::string_view normalised;
    std::span<const std::byte> original;
};

std::optional<Unpacked> unpack(std::span<const std::byte> bytes)
{
    if (bytes.size() < kPackHeader || bytes[0] != kPackVersion)
        return std::nullopt;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 8; ++i)
        length |= std::to_integer<std::uint64_t>(bytes[1 + i]) << (8 * i);
    bytes = bytes.subspan(kPackHeader);
    if (length > bytes.size())
        return std::nullopt;
    return Unpacked{.normalised = {reinterpret_cast<const char*>(bytes.data()), length},
                    .original = bytes.subspan(length)};
}

/// A failure of the machine passes; a failure of the document stays.
bool passes(storage::Errc code)
{
    return code == storage::Errc::Io || code == storage::Errc::Database ||
           code == storage::Errc::NoLockedMemory || code == storage::Errc::NotAdmitted;
}

} // namespace

std::vector<std::byte> packImport(std::string_view normalised, std::span<const std::byte> original)
{
    std::vector<std::byte> packed{kPackVersion};
    packed.reserve(kPackHeader + normalised.size() + original.size());
    for (std::size_t i = 0; i < 8; ++i)
        packed.push_back(static_cast<std::byte>(std::uint64_t{normalised.size()} >> (8 * i)));
    const auto bytes = std::as_bytes(std::span(normalised));
    packed.insert(packed.end(), bytes.begin(), bytes.end());
    packed.insert(packed.end(), original.begin(), original.end());
    return packed;
}

Merger::Merger(storage::Inbox& inbox, storage::KeyStore& keys, SharedRecords& records,
               audit::Log& log, const Clock& clock)
    : m_inbox(inbox)
    , m_keys(keys)
    , m_records(records)
    , m_log(log)
    , m_clock(clock)
    , m_thread([this](const std::stop_token& stop) { run(stop); })
{
}

Merger::~Merger() = default;

void Merger::wake()
{
    const std::scoped_lock lock(m_mutex);
    m_wanted = true;
    m_changed.notify_all();
}

void Merger::waitIdle(std::chrono::milliseconds longest)
{
    std::unique_lock lock(m_mutex);
    m_changed.wait_for(lock, longest, [this] { return !m_wanted && !m_working; });
}

void Merger::run(const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [this] { return m_wanted; })) {
        m_wanted = false;
        m_working = true;
        lock.unlock();
        try {
            mergeWaiting(stop);
        } catch (const std::exception& exception) {
            logError("merging ended by an exception", typeid(exception).name()); // goes on later
        }
        lock.lock();
        m_working = false;
        m_changed.notify_all();
    }
}

void Merger::mergeWaiting(const std::stop_token& stop)
{
    const storage::Result<std::vector<std::string>> waiting = m_inbox.waiting();
    if (!waiting) {
        logError("inbox", waiting.error().detail);
        return;
    }
    const storage::Result<storage::Secret> key = m_records.key();
    if (waiting->empty() || !key)
        return;
    auto store = records::RecordStore::open(m_records.file(), *key);
    if (!store) {
        logError("records", store.error().detail);
        return;
    }
    for (const std::string& ticket : *waiting) {
        // The key belongs to those who are signed in: with the last of them this ends, too.
        if (stop.stop_requested() || !m_records.held())
            return;
        if (mergeOne(**store, *key, ticket) == Step::Done)
            ++m_merged;
    }
}

std::optional<audit::Receipt> Merger::append(const audit::Event& event)
{
    const audit::Result<audit::Receipt> receipt = m_log.append(event);
    if (receipt)
        return *receipt;
    logError("audit", receipt.error().detail);
    return std::nullopt;
}

/// A document that never gets as far as the records.
Merger::Step Merger::refuseUnread(const std::string& ticket, std::string_view reason)
{
    const bool recorded = append({.kind = audit::Kind::Merge,
                                  .outcome = audit::Outcome::Refused,
                                  .reason = std::string(reason),
                                  .plain = {{"ticket", ticket}}})
                              .has_value();
    return recorded ? refuse(ticket, reason) : Step::Later;
}

Merger::Step Merger::mergeOne(records::RecordStore& store, const storage::Secret& key,
                              const std::string& ticket)
{
    const auto sealed = m_inbox.read(ticket);
    if (!sealed)
        return passes(sealed.error().code) ? Step::Later : refuseUnread(ticket, "damaged");
    const auto packed = m_keys.openFromInbox(*sealed, key);
    if (!packed)
        return passes(packed.error().code) ? Step::Later : refuseUnread(ticket, "damaged");
    const std::optional<Unpacked> parts = unpack(*packed);
    if (!parts)
        return refuseUnread(ticket, "damaged");
    const auto document = imports::decodeDocument(parts->normalised);
    if (!document)
        return refuseUnread(ticket, imports::nameOf(document.error().code));

    audit::Event event{
        .kind = audit::Kind::Merge,
        .outcome = audit::Outcome::Pending,
        .plain = {{"document", document->chart.patient.source.document}, {"ticket", ticket}}};
    const std::optional<audit::Receipt> intent = append(event);
    if (!intent)
        return Step::Later;
    const auto merged =
        store.merge(*intent, document->chart, parts->original, utcText(m_clock.wall()));
    event.closes = intent->index();
    if (!merged) {
        logWarning("merge", merged.error().detail);
        const bool later = passes(merged.error().code);
        event.outcome = later ? audit::Outcome::Failed : audit::Outcome::Refused;
        event.reason = later ? "storage" : "conflict";
        return append(event) && !later ? refuse(ticket, event.reason) : Step::Later;
    }
    event.outcome = audit::Outcome::Success;
    event.committed = {{"patient", merged->patient}};
    if (!append(event))
        return Step::Later; // merging it again changes nothing, and is recorded then
    if (const storage::Result<void> done = m_inbox.done(ticket); !done) {
        logError("inbox", done.error().detail); // merging it again later changes nothing
        return Step::Later;
    }
    return Step::Done;
}

Merger::Step Merger::refuse(const std::string& ticket, std::string_view reason)
{
    logWarning("import refused", reason);
    if (const storage::Result<void> refused = m_inbox.refuse(ticket, reason); !refused) {
        logError("inbox", refused.error().detail);
        return Step::Later;
    }
    return Step::Refused;
}

} // namespace service
