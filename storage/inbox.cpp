// SPDX-License-Identifier: Apache-2.0
#include "storage/inbox.h"

#include "storage/byte_codec.h"
#include "storage/file.h"
#include "storage/ids.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <format>
#include <mutex>
#include <set>
#include <utility>

namespace storage {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{1} << 30U;
constexpr std::size_t kLargestNote = 4096;
constexpr std::size_t kTicketDigits = 10;
constexpr std::string_view kSealed = ".sealed";   // waits
constexpr std::string_view kRefused = ".refused"; // kept, so that nothing acknowledged is lost
constexpr std::string_view kReason = ".reason";

bool isTicket(std::string_view text)
{
    return text.size() == kTicketDigits &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool isCode(std::string_view text)
{
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::uint64_t numberOf(std::string_view digits)
{
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

std::unexpected<Error> invalid(const char* why)
{
    return std::unexpected(Error{Errc::Invalid, why});
}

} // namespace

struct Inbox::State {
    std::filesystem::path folder;
    mutable std::mutex mutex;
    std::uint64_t next = 1;

    [[nodiscard]] std::filesystem::path file(std::string_view ticket, std::string_view kind) const
    {
        return folder / std::string(ticket).append(kind);
    }

    /// Tickets that have a file of this kind, oldest first. Names have one length, so they sort.
    [[nodiscard]] Result<std::vector<std::string>> tickets(std::string_view kind) const
    {
        std::set<std::string> found;
        std::error_code error;
        std::filesystem::directory_iterator entry(folder, error);
        // Not the range's ++, which throws.
        for (const std::filesystem::directory_iterator end; !error && entry != end;
             entry.increment(error)) {
            const auto stem = entry->path().stem().string();
            if (entry->path().extension() == kind && isTicket(stem))
                found.insert(stem);
        }
        if (error)
            return std::unexpected(Error{Errc::Io, "the inbox cannot be listed"});
        return std::vector<std::string>(found.begin(), found.end());
    }

    /// The counter outlives the files it counted: a ticket is never given twice.
    [[nodiscard]] Result<void> keepCounter() const
    {
        return writeAtomically(folder / "next", ByteWriter().u64(next).written());
    }

    [[nodiscard]] Result<void> readCounter()
    {
        const auto bytes = readWhole(folder / "next", kLargestNote);
        if (!bytes && bytes.error().code != Errc::NotFound)
            return std::unexpected(bytes.error());
        if (bytes) {
            ByteReader in(*bytes);
            next = std::max<std::uint64_t>(in.u64(), 1);
            if (!in.finished())
                return std::unexpected(Error{Errc::Corrupt, "the inbox's counter is damaged"});
        }
        for (const std::string_view kind : {kSealed, kRefused}) {
            const auto there = tickets(kind);
            if (!there)
                return std::unexpected(there.error());
            if (!there->empty())
                next = std::max(next, numberOf(there->back()) + 1);
        }
        return {};
    }
};

Inbox::Inbox(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

Inbox::~Inbox() = default;

Result<std::unique_ptr<Inbox>> Inbox::open(std::filesystem::path folder)
{
    auto state = std::make_unique<State>();
    state->folder = std::move(folder);
    if (const auto made = ensureFolder(state->folder); !made)
        return std::unexpected(made.error());
    if (const auto read = state->readCounter(); !read)
        return std::unexpected(read.error());
    return std::unique_ptr<Inbox>(new Inbox(std::move(state)));
}

Result<std::string> Inbox::put(std::span<const std::byte> sealed, const audit::Receipt&)
{
    if (sealed.empty() || sealed.size() > kLargestDocument)
        return invalid("the document is empty or too long");
    const std::scoped_lock lock(m_state->mutex);
    auto ticket = std::format("{:0{}}", m_state->next, kTicketDigits);
    ++m_state->next;
    if (const auto kept = m_state->keepCounter(); !kept)
        return std::unexpected(kept.error());
    if (const auto written = writeAtomically(m_state->file(ticket, kSealed), sealed); !written)
        return std::unexpected(written.error());
    return ticket;
}

Result<std::vector<std::string>> Inbox::waiting() const
{
    const std::scoped_lock lock(m_state->mutex);
    return m_state->tickets(kSealed);
}

Result<std::vector<std::byte>> Inbox::read(std::string_view ticket) const
{
    if (!isTicket(ticket))
        return invalid("no ticket");
    const std::scoped_lock lock(m_state->mutex);
    return readWhole(m_state->file(ticket, kSealed), kLargestDocument);
}

Result<void> Inbox::done(std::string_view ticket)
{
    if (!isTicket(ticket))
        return invalid("no ticket");
    const std::scoped_lock lock(m_state->mutex);
    return removeDurably(m_state->file(ticket, kSealed));
}

Result<void> Inbox::refuse(std::string_view ticket, std::string_view reason)
{
    if (!isTicket(ticket) || !isCode(reason))
        return invalid("no ticket, or a reason that is no code");
    const std::scoped_lock lock(m_state->mutex);
    ByteWriter note;
    note.u8(1).text(reason).text(utcText(Clock::now()));
    // The reason first: a crash in between leaves a document that waits and is refused again.
    if (auto written = writeAtomically(m_state->file(ticket, kReason), note.written()); !written)
        return written;
    return renameDurably(m_state->file(ticket, kSealed), m_state->file(ticket, kRefused));
}

Result<std::vector<Inbox::Refusal>> Inbox::refusals() const
{
    const std::scoped_lock lock(m_state->mutex);
    const auto tickets = m_state->tickets(kRefused);
    if (!tickets)
        return std::unexpected(tickets.error());
    std::vector<Refusal> refusals;
    for (const std::string& ticket : *tickets) {
        const auto bytes = readWhole(m_state->file(ticket, kReason), kLargestNote);
        if (!bytes)
            return std::unexpected(bytes.error());
        ByteReader in(*bytes);
        const std::uint8_t version = in.u8();
        Refusal refusal{ticket, std::string(in.text()), std::string(in.text())};
        if (version != 1 || !in.finished())
            return std::unexpected(Error{Errc::Corrupt, "a refusal's note is damaged"});
        refusals.push_back(std::move(refusal));
    }
    return refusals;
}

} // namespace storage
