// SPDX-License-Identifier: Apache-2.0
#include "audit/entry.h"

#include "audit/bytes.h"
#include "audit/cbor.h"

#include <algorithm>

namespace audit {

namespace {

/// Keys of the record's map. The numbers are the format.
enum Key : std::uint64_t {
    Version = 0,
    Index = 1,
    EventId = 2,
    WallTime = 3,
    MonotonicTime = 4,
    BootId = 5,
    KindKey = 6,
    OutcomeKey = 7,
    Reason = 8,
    Actor = 9,
    Session = 10,
    PeerUid = 11,
    PeerPid = 12,
    Closes = 13,
    Plain = 14,
    Commitments = 15,
    Checkpointed = 16,
};

constexpr std::uint64_t kFieldsWithoutCloses = 16;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxPlainBytes = 256;

template <typename Value, typename Write>
void writeTextMap(CborWriter& out, const std::map<std::string, Value>& fields,
                  const Write& writeValue)
{
    const std::map<std::string_view, const Value*, CborTextOrder> ordered = [&fields] {
        std::map<std::string_view, const Value*, CborTextOrder> pointers;
        for (const auto& [name, value] : fields)
            pointers.emplace(name, &value);
        return pointers;
    }();
    out.map(ordered.size());
    for (const auto& [name, value] : ordered) {
        out.text(name);
        writeValue(*value);
    }
}

template <typename Value, typename Read>
std::map<std::string, Value> readTextMap(CborReader& in, const Read& readValue)
{
    std::map<std::string, Value> fields;
    std::string_view previous;
    const std::uint64_t pairs = in.map();
    if (pairs > kMaxFields)
        in.fail();
    for (std::uint64_t i = 0; i < pairs && in.ok(); ++i) {
        const std::string_view name = in.text();
        if (i > 0 && !CborTextOrder()(previous, name))
            in.fail();
        previous = name;
        fields.emplace(name, readValue());
    }
    return fields;
}

template <std::size_t Size>
std::array<std::byte, Size> readArray(CborReader& in)
{
    std::array<std::byte, Size> value{};
    const Bytes bytes = in.bytes();
    if (bytes.size() == Size)
        std::ranges::copy(bytes, value.begin());
    else
        in.fail();
    return value;
}

template <typename Integer>
Integer readInteger(CborReader& in)
{
    const std::uint64_t value = in.unsignedInteger();
    if (value > std::numeric_limits<Integer>::max())
        in.fail();
    return static_cast<Integer>(value);
}

bool isLowerName(std::string_view text, std::string_view more)
{
    return text.size() <= kMaxNameBytes && std::ranges::all_of(text, [more](char c) {
               return (c >= 'a' && c <= 'z') || c == '_' || more.contains(c);
           });
}

bool isLine(std::string_view text, std::size_t most)
{
    return text.size() <= most && isUtf8(text) &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

template <typename Fields>
bool namesAreGood(const Fields& fields)
{
    return fields.size() <= kMaxFields && std::ranges::all_of(fields, [](const auto& field) {
               return !field.first.empty() && isLowerName(field.first, "");
           });
}

std::unexpected<Error> invalid(const char* what)
{
    return std::unexpected(Error{Errc::Invalid, what});
}

} // namespace

Result<std::vector<std::byte>> encode(const Entry& entry)
{
    CborWriter out;
    out.map(kFieldsWithoutCloses + (entry.closes ? 1 : 0));
    const auto number = [&out](Key key, std::uint64_t value) {
        out.unsignedInteger(key);
        out.unsignedInteger(value);
    };
    const auto text = [&out](Key key, const std::string& value) {
        out.unsignedInteger(key);
        out.text(value);
    };
    number(Version, kEntryVersion);
    number(Index, entry.index);
    out.unsignedInteger(EventId);
    out.bytes(entry.eventId);
    number(WallTime, entry.wallTime);
    number(MonotonicTime, entry.monotonicTime);
    out.unsignedInteger(BootId);
    out.bytes(entry.bootId);
    number(KindKey, entry.kind);
    number(OutcomeKey, entry.outcome);
    text(Reason, entry.reason);
    text(Actor, entry.actor);
    text(Session, entry.session);
    number(PeerUid, entry.peerUid);
    number(PeerPid, entry.peerPid);
    if (entry.closes)
        number(Closes, *entry.closes);
    out.unsignedInteger(Plain);
    writeTextMap(out, entry.plain, [&out](const std::string& value) { out.text(value); });
    out.unsignedInteger(Commitments);
    writeTextMap(out, entry.commitments, [&out](const Hash& value) { out.bytes(value); });
    number(Checkpointed, entry.checkpointed);

    auto bytes = out.take();
    if (bytes.size() > kMaxEntryBytes)
        return std::unexpected(Error{Errc::TooLarge, "the record exceeds the format's limit"});
    return bytes;
}

Result<Entry> decode(Bytes record)
{
    CborReader in(record);
    Entry entry;
    const std::uint64_t fields = in.map();
    const auto expect = [&in](Key key) {
        if (in.unsignedInteger() != key)
            in.fail();
    };
    expect(Version);
    if (in.unsignedInteger() != kEntryVersion)
        in.fail();
    expect(Index), entry.index = in.unsignedInteger();
    expect(EventId), entry.eventId = readArray<16>(in);
    expect(WallTime), entry.wallTime = in.unsignedInteger();
    expect(MonotonicTime), entry.monotonicTime = in.unsignedInteger();
    expect(BootId), entry.bootId = readArray<16>(in);
    expect(KindKey), entry.kind = readInteger<std::uint16_t>(in);
    expect(OutcomeKey), entry.outcome = readInteger<std::uint8_t>(in);
    expect(Reason), entry.reason = in.text();
    expect(Actor), entry.actor = in.text();
    expect(Session), entry.session = in.text();
    expect(PeerUid), entry.peerUid = readInteger<std::uint32_t>(in);
    expect(PeerPid), entry.peerPid = readInteger<std::uint32_t>(in);
    if (fields == kFieldsWithoutCloses + 1)
        expect(Closes), entry.closes = in.unsignedInteger();
    else if (fields != kFieldsWithoutCloses)
        in.fail();
    expect(Plain);
    entry.plain = readTextMap<std::string>(in, [&in] { return std::string(in.text()); });
    expect(Commitments);
    entry.commitments = readTextMap<Hash>(in, [&in] { return readArray<32>(in); });
    expect(Checkpointed), entry.checkpointed = in.unsignedInteger();
    if (!in.ok() || !in.atEnd())
        return std::unexpected(Error{Errc::Corrupt, "a record is not in the format's encoding"});
    return entry;
}

Result<void> check(const Event& event)
{
    if (!isLowerName(event.reason, "0123456789"))
        return invalid("the reason is not a code");
    if (!isLine(event.actor, kMaxNameBytes) || !isLine(event.session, kMaxNameBytes))
        return invalid("actor or session is not a short line of text");
    if (event.peerPid < 0)
        return invalid("the process id is negative");
    if (!namesAreGood(event.plain) || !namesAreGood(event.committed))
        return invalid("a field's name is not made of a-z and _");
    for (const auto& [name, value] : event.plain) {
        if (!isLine(value, kMaxPlainBytes))
            return invalid("a plain field is not a short line of text");
    }
    for (const auto& [name, value] : event.committed) {
        if (value.size() > kMaxCommittedBytes)
            return std::unexpected(Error{Errc::TooLarge, "a committed field is too long"});
    }
    return {};
}

std::vector<std::byte> encode(const Disclosure& disclosure)
{
    CborWriter out;
    out.array(4);
    out.unsignedInteger(kEntryVersion);
    out.unsignedInteger(disclosure.index);
    out.bytes(disclosure.eventId);
    writeTextMap(out, disclosure.fields, [&out](const Disclosure::Field& field) {
        out.array(2);
        out.bytes(field.salt);
        out.bytes(asBytes(field.value));
    });
    return out.take();
}

Result<Disclosure> decodeDisclosure(Bytes bytes)
{
    CborReader in(bytes);
    Disclosure disclosure;
    if (in.array() != 4 || in.unsignedInteger() != kEntryVersion)
        in.fail();
    disclosure.index = in.unsignedInteger();
    disclosure.eventId = readArray<16>(in);
    disclosure.fields = readTextMap<Disclosure::Field>(in, [&in] {
        Disclosure::Field field;
        if (in.array() != 2)
            in.fail();
        field.salt = readArray<kSaltBytes>(in);
        field.value = asText(in.bytes());
        return field;
    });
    if (!in.ok() || !in.atEnd())
        return std::unexpected(
            Error{Errc::Corrupt, "a disclosure is not in the format's encoding"});
    return disclosure;
}

bool opens(const Disclosure& disclosure, const Entry& entry)
{
    if (disclosure.index != entry.index || disclosure.eventId != entry.eventId)
        return false;
    return std::ranges::all_of(disclosure.fields, [&entry](const auto& item) {
        const auto& [name, field] = item;
        const auto made = entry.commitments.find(name);
        return made != entry.commitments.end() &&
               made->second == commitment(field.salt, name, asBytes(field.value));
    });
}

std::vector<std::byte> frame(Bytes record)
{
    std::vector<std::byte> out;
    out.reserve(record.size() + kFrameBytes);
    putLittleEndian(out, record.size());
    out.insert(out.end(), record.begin(), record.end());
    const Hash leaf = leafHash(record);
    out.insert(out.end(), leaf.begin(), leaf.end());
    return out;
}

std::optional<Frame> readFrame(Bytes bytes)
{
    if (bytes.size() < kFrameBytes)
        return std::nullopt;
    const std::uint64_t length = littleEndian(bytes);
    if (length == 0 || length > kMaxEntryBytes || length > bytes.size() - kFrameBytes)
        return std::nullopt;
    Frame found{bytes.subspan(kLengthBytes, length), {}, length + kFrameBytes};
    std::ranges::copy(bytes.subspan(kLengthBytes + length, kHashBytes), found.leaf.begin());
    return found;
}

} // namespace audit
