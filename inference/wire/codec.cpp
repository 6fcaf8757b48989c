// SPDX-License-Identifier: Apache-2.0
#include "inference/wire/codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <format>
#include <type_traits>
#include <utility>

namespace wire {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand");

/// The second byte of a frame. Numbers, once given, keep their meaning; 4 was given once and stays
/// unused.
enum class Type : std::uint8_t {
    Generate = 1,
    Count = 2,
    Cancel = 3,
    Forget = 5,
    Keep = 6,
    Restore = 7,
    Ready = 65,
    Progress = 66,
    Token = 67,
    Finished = 68,
    Counted = 69,
    Failed = 70,
    Queued = 71,
    Kept = 72,
    Restored = 73,
};

// One list of fields per message serves writing and reading: visit is a Writer or a Reader.

void visitTurns(auto& visit, auto& turns)
{
    // A turn takes at least its role and the length of its text.
    visit.list("turns", turns, 1 + sizeof(std::uint32_t), [&visit](auto& turn) {
        visit.enumeration("role", turn.role, Role::Assistant);
        visit.text("text", turn.text);
    });
}

void visitSampling(auto& visit, auto& sampling)
{
    visit.real("temperature", sampling.temperature);
    visit.number("topK", sampling.topK);
    visit.real("topP", sampling.topP);
    visit.number("seed", sampling.seed);
    visit.real("minP", sampling.minP);
    visit.real("repetitionPenalty", sampling.repetitionPenalty);
    visit.real("frequencyPenalty", sampling.frequencyPenalty);
    visit.real("presencePenalty", sampling.presencePenalty);
    visit.number("penaltyWindow", sampling.penaltyWindow);
    visit.list("bias", sampling.bias, sizeof(std::int32_t) + sizeof(float), [&visit](auto& entry) {
        visit.number("token", entry.token);
        visit.real("bias", entry.bias);
    });
    visit.flag("logprobs", sampling.logprobs);
    visit.number("topLogprobs", sampling.topLogprobs);
}

void visitConstraint(auto& visit, auto& constraint)
{
    visit.enumeration("kind", constraint.kind, Constraint::Kind::Citations);
    visit.text("constraint", constraint.text);
    visit.number("citations", constraint.citations);
}

void visitOdds(auto& visit, auto& odds)
{
    constexpr std::size_t kLeast =
        sizeof(std::int32_t) + sizeof(float) + sizeof(std::uint32_t); // no bytes
    visit.list("odds", odds, kLeast, [&visit](auto& one) {
        visit.number("token", one.token);
        visit.real("logprob", one.logprob);
        visit.bytes("bytes", one.bytes);
    });
}

/// A message of this kind, to be read (const) or written to.
template <typename T, typename Message>
concept Is = std::is_same_v<std::remove_cv_t<T>, Message>;

void visitMessage(auto& visit, Is<Generate> auto& m)
{
    visit.number("id", m.id);
    visit.number("user", m.user);
    visit.number("patient", m.patient);
    visitTurns(visit, m.turns);
    visit.number("sharedTurns", m.sharedTurns);
    visitSampling(visit, m.sampling);
    visit.number("maxTokens", m.maxTokens);
    visit.list("stops", m.stops, sizeof(std::uint32_t),
               [&visit](auto& stop) { visit.text("stop", stop); });
    visitConstraint(visit, m.constraint);
}

void visitMessage(auto& visit, Is<Count> auto& m)
{
    visit.number("id", m.id);
    visitTurns(visit, m.turns);
}

void visitMessage(auto& visit, Is<Cancel> auto& m)
{
    visit.number("id", m.id);
}

void visitMessage(auto& visit, Is<Forget> auto& m)
{
    visit.number("user", m.user);
}

void visitMessage(auto& visit, Is<Keep> auto& m)
{
    visit.number("id", m.id);
    visit.number("user", m.user);
    visit.number("patient", m.patient);
    visit.number("piece", m.piece);
}

void visitMessage(auto& visit, Is<Restore> auto& m)
{
    visit.number("id", m.id);
    visit.number("user", m.user);
    visit.number("patient", m.patient);
    visit.bytes("piece", m.piece);
}

void visitMessage(auto& visit, Is<Kept> auto& m)
{
    visit.number("id", m.id);
    visit.bytes("piece", m.piece);
}

void visitMessage(auto& visit, Is<Restored> auto& m)
{
    visit.number("id", m.id);
    visit.number("tokens", m.tokens);
}

void visitMessage(auto& visit, Is<Queued> auto& m)
{
    visit.number("id", m.id);
    visit.number("place", m.place);
}

void visitMessage(auto& visit, Is<Ready> auto& m)
{
    visit.text("name", m.name);
    visit.text("architecture", m.architecture);
    visit.text("weightType", m.weightType);
    visit.number("parameters", m.parameters);
    visit.number("contextTokens", m.contextTokens);
    visit.number("vocabulary", m.vocabulary);
    visit.number("weightBytes", m.weightBytes);
    visit.flag("fromPack", m.fromPack);
    visit.enumeration("draftModel", m.draftModel, DraftModel::Unusable);
    visit.number("decodeThreads", m.decodeThreads);
    visit.number("prefillThreads", m.prefillThreads);
    visit.flag("threadsMeasured", m.threadsMeasured);
    visit.number("layers", m.layers);
    visit.number("int8KeyLayers", m.int8KeyLayers);
    visit.text("keyCheck", m.keyCheck);
}

void visitMessage(auto& visit, Is<Progress> auto& m)
{
    visit.number("id", m.id);
    visit.number("done", m.done);
    visit.number("total", m.total);
}

void visitMessage(auto& visit, Is<Token> auto& m)
{
    visit.number("id", m.id);
    visit.number("token", m.token);
    visit.text("text", m.text);
    visitOdds(visit, m.odds);
}

void visitMessage(auto& visit, Is<Finished> auto& m)
{
    visit.number("id", m.id);
    visit.enumeration("reason", m.reason, StopReason::StopText);
    visit.number("promptTokens", m.promptTokens);
    visit.number("cachedTokens", m.cachedTokens);
    visit.number("generatedTokens", m.generatedTokens);
    visit.number("prefillMicroseconds", m.prefillMicroseconds);
    visit.number("decodeMicroseconds", m.decodeMicroseconds);
}

void visitMessage(auto& visit, Is<Counted> auto& m)
{
    visit.number("id", m.id);
    visit.number("tokens", m.tokens);
}

void visitMessage(auto& visit, Is<Failed> auto& m)
{
    visit.number("id", m.id);
    visit.enumeration("code", m.code, Errc::BadConstraint);
    visit.text("detail", m.detail);
    visit.number("promptTokens", m.promptTokens);
    visit.number("maxTokens", m.maxTokens);
    visit.number("contextTokens", m.contextTokens);
    visit.number("neededBytes", m.neededBytes);
    visit.number("memoryBytes", m.memoryBytes);
    visit.number("memoryLimit", m.memoryLimit);
}

class Writer {
public:
    template <typename T>
    void number(const char*, T value)
    {
        m_bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void real(const char* name, float value) { number(name, value); }
    template <typename T>
    void enumeration(const char* name, T value, T)
    {
        number(name, std::to_underlying(value));
    }
    void flag(const char* name, bool value) { number(name, static_cast<std::uint8_t>(value)); }
    void bytes(const char* name, const std::string& value)
    {
        number(name, static_cast<std::uint32_t>(value.size()));
        m_bytes += value;
    }
    void text(const char* name, const std::string& value) { bytes(name, value); }
    template <typename List, typename Each>
    void list(const char* name, const List& values, std::size_t, Each each)
    {
        number(name, static_cast<std::uint32_t>(values.size()));
        for (const auto& value : values)
            each(value);
    }
    std::string m_bytes;
};

/// One well-formed character at the start of @p text; 0 when there is none.
std::size_t characterLength(std::string_view text)
{
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80)
        return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0U) != 0x80)
            return 0;
    // Over-long forms, surrogates, and what lies above U+10FFFF show in the second byte.
    const bool wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                       (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return wrong ? 0 : length;
}

bool isUtf8(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t length = characterLength(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

/// The first failure sticks; what is read after it is zero.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes)
        : m_rest(bytes)
    {
    }

    template <typename T>
    void number(const char* name, T& value)
    {
        if (m_rest.size() < sizeof value)
            return fail(name, "the frame ends here");
        std::memcpy(&value, m_rest.data(), sizeof value);
        m_rest = m_rest.subspan(sizeof value);
    }
    void real(const char* name, float& value)
    {
        number(name, value);
        if (!std::isfinite(value))
            fail(name, "not a finite number");
    }
    template <typename T>
    void enumeration(const char* name, T& value, T last)
    {
        std::uint8_t raw = 0;
        number(name, raw);
        if (raw > std::to_underlying(last))
            return fail(name, "an unknown value");
        value = static_cast<T>(raw);
    }
    void flag(const char* name, bool& value)
    {
        std::uint8_t raw = 0;
        number(name, raw);
        if (raw > 1)
            return fail(name, "an unknown value");
        value = raw == 1;
    }
    void bytes(const char* name, std::string& value)
    {
        std::uint32_t length = 0;
        number(name, length);
        if (length > m_rest.size())
            return fail(name, "longer than the frame");
        value.assign(reinterpret_cast<const char*>(m_rest.data()), length);
        m_rest = m_rest.subspan(length);
    }
    void text(const char* name, std::string& value)
    {
        bytes(name, value);
        if (!isUtf8(value))
            fail(name, "not UTF-8");
    }
    template <typename List, typename Each>
    void list(const char* name, List& values, std::size_t least, Each each)
    {
        std::uint32_t count = 0;
        number(name, count);
        if (count > m_rest.size() / least)
            return fail(name, "more entries than the frame holds");
        values.resize(count);
        for (auto& value : values)
            each(value);
    }

    void fail(const char* name, const char* why)
    {
        if (m_error.empty())
            m_error = std::format("{}: {}", name, why);
        m_rest = {};
    }
    [[nodiscard]] const std::string& error() const { return m_error; }
    [[nodiscard]] bool atEnd() const { return m_rest.empty(); }

private:
    std::span<const std::byte> m_rest;
    std::string m_error;
};

template <typename Message>
constexpr Type typeOf()
{
    if constexpr (std::is_same_v<Message, Generate>)
        return Type::Generate;
    else if constexpr (std::is_same_v<Message, Count>)
        return Type::Count;
    else if constexpr (std::is_same_v<Message, Cancel>)
        return Type::Cancel;
    else if constexpr (std::is_same_v<Message, Forget>)
        return Type::Forget;
    else if constexpr (std::is_same_v<Message, Keep>)
        return Type::Keep;
    else if constexpr (std::is_same_v<Message, Restore>)
        return Type::Restore;
    else if constexpr (std::is_same_v<Message, Kept>)
        return Type::Kept;
    else if constexpr (std::is_same_v<Message, Restored>)
        return Type::Restored;
    else if constexpr (std::is_same_v<Message, Queued>)
        return Type::Queued;
    else if constexpr (std::is_same_v<Message, Ready>)
        return Type::Ready;
    else if constexpr (std::is_same_v<Message, Progress>)
        return Type::Progress;
    else if constexpr (std::is_same_v<Message, Token>)
        return Type::Token;
    else if constexpr (std::is_same_v<Message, Finished>)
        return Type::Finished;
    else if constexpr (std::is_same_v<Message, Counted>)
        return Type::Counted;
    else
        return Type::Failed;
}

template <typename Variant>
Result<std::string> encodeAny(const Variant& message)
{
    return std::visit(
        [](const auto& m) -> Result<std::string> {
            Writer writer;
            writer.number("length", std::uint32_t{0});
            writer.number("version", kVersion);
            writer.number("type", std::to_underlying(typeOf<std::remove_cvref_t<decltype(m)>>()));
            visitMessage(writer, m);
            const std::size_t length = writer.m_bytes.size() - kLengthBytes;
            if (length > kMaxFrameBytes)
                return std::unexpected(ChannelError{
                    ChannelErrc::TooLarge,
                    std::format("a message of {} bytes, {} are allowed", length, kMaxFrameBytes)});
            const auto narrow = static_cast<std::uint32_t>(length);
            std::memcpy(writer.m_bytes.data(), &narrow, sizeof narrow);
            return std::move(writer.m_bytes);
        },
        message);
}

std::unexpected<ChannelError> bad(std::string why)
{
    return std::unexpected(ChannelError{ChannelErrc::BadFrame, std::move(why)});
}

template <typename Variant, typename Message>
Result<Variant> decodeAs(Reader& reader)
{
    Message message;
    visitMessage(reader, message);
    if (!reader.error().empty())
        return bad(reader.error());
    if (!reader.atEnd())
        return bad("bytes follow the message");
    return Variant(std::move(message));
}

template <typename Variant, std::size_t... I>
Result<Variant> decodeOne(std::uint8_t type, Reader& reader, std::index_sequence<I...>)
{
    Result<Variant> result = bad("an unknown type of message");
    const auto attempt = [&]<typename Message>(std::type_identity<Message>) {
        if (type == std::to_underlying(typeOf<Message>()))
            result = decodeAs<Variant, Message>(reader);
    };
    (attempt(std::type_identity<std::variant_alternative_t<I, Variant>>()), ...);
    return result;
}

template <typename Variant>
Result<Variant> decodeAny(std::span<const std::byte> frame)
{
    Reader reader(frame);
    std::uint8_t version = 0;
    std::uint8_t type = 0;
    reader.number("version", version);
    reader.number("type", type);
    if (!reader.error().empty())
        return bad(reader.error());
    if (version != kVersion)
        return bad(std::format("version {}, this program speaks {}", version, kVersion));
    return decodeOne<Variant>(type, reader,
                              std::make_index_sequence<std::variant_size_v<Variant>>());
}

} // namespace

Result<std::string> encode(const ToEngine& message)
{
    return encodeAny(message);
}

Result<std::string> encode(const FromEngine& message)
{
    return encodeAny(message);
}

Result<std::uint32_t> decodeLength(std::span<const std::byte, kLengthBytes> bytes)
{
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length < 2 || length > kMaxFrameBytes)
        return bad(std::format("a frame of {} bytes", length));
    return length;
}

Result<ToEngine> decodeToEngine(std::span<const std::byte> frame)
{
    return decodeAny<ToEngine>(frame);
}

Result<FromEngine> decodeFromEngine(std::span<const std::byte> frame)
{
    return decodeAny<FromEngine>(frame);
}

} // namespace wire
