// SPDX-License-Identifier: Apache-2.0
#include "storage/records/fact_codec.h"

#include "storage/byte_codec.h"

#include <concepts>
#include <limits>
#include <string>
#include <type_traits>

namespace records {
namespace {

template <typename T, typename Wanted>
concept Is = std::same_as<std::remove_const_t<T>, Wanted>;

// One list of fields for each type serves writing and reading: the two cannot differ.

template <typename Archive>
void fields(Archive& a, Is<Date> auto& d)
{
    a(d.text, d.year, d.month, d.day, d.instantSeconds);
}
template <typename Archive>
void fields(Archive& a, Is<Coding> auto& c)
{
    a(c.system, c.code, c.display);
}
template <typename Archive>
void fields(Archive& a, Is<Concept> auto& c)
{
    a(c.text, c.codings);
}
template <typename Archive>
void fields(Archive& a, Is<Identifier> auto& i)
{
    a(i.system, i.value, i.medicalRecord);
}
template <typename Archive>
void fields(Archive& a, Is<Quantity> auto& q)
{
    a(q.value, q.comparator, q.unit);
}
template <typename Archive>
void fields(Archive& a, Is<Patient> auto& p)
{
    a(p.resourceId, p.family, p.given, p.prefix, p.born, p.died, p.gender, p.identifiers, p.address,
      p.phone);
}
template <typename Archive>
void fields(Archive& a, Is<Allergy> auto& f)
{
    a(f.code, f.noKnownAllergy, f.resolved, f.verification, f.category, f.criticality, f.reactions,
      f.onset, f.recorded, f.note);
}
template <typename Archive>
void fields(Archive& a, Is<Condition> auto& f)
{
    a(f.code, f.state, f.verification, f.category, f.onset, f.abated, f.recorded, f.note);
}
template <typename Archive>
void fields(Archive& a, Is<Medication> auto& f)
{
    a(f.code, f.kind, f.state, f.dosage, f.reason, f.statusReason, f.started, f.ended, f.note);
}
template <typename Archive>
void fields(Archive& a, Is<Observation> auto& f)
{
    a(f.code, f.panel, f.category, f.quantity, f.valueText, f.absentReason, f.interpretation, f.low,
      f.high, f.rangeText, f.standing, f.effective, f.note);
}
template <typename Archive>
void fields(Archive& a, Is<Encounter> auto& f)
{
    a(f.type, f.classCode, f.reason, f.location, f.status, f.started, f.ended);
}
template <typename Archive>
void fields(Archive& a, Is<OtherEntry> auto& f)
{
    a(f.kind, f.code, f.status, f.detail, f.date);
}
template <typename Archive>
void fields(Archive& a, Is<Document> auto& f)
{
    a(f.title, f.author, f.date, f.text, f.readable, f.unreadableReason);
}

/// The last enumerator of an enumeration that is stored as one byte.
template <typename Enum>
constexpr Enum kLast{};
template <>
constexpr auto kLast<ConditionState> = ConditionState::Unknown;
template <>
constexpr auto kLast<MedicationState> = MedicationState::Unknown;
template <>
constexpr auto kLast<MedicationKind> = MedicationKind::Dispense;
template <>
constexpr auto kLast<Standing> = Standing::Unknown;

class Encoder {
public:
    template <typename... Fields>
    void operator()(const Fields&... values)
    {
        (one(values), ...);
    }
    [[nodiscard]] const std::vector<std::byte>& written() const { return m_out.written(); }

private:
    void one(const std::string& value) { m_out.text(value); }
    template <typename T>
    void one(const std::vector<T>& values)
    {
        m_out.u32(static_cast<std::uint32_t>(values.size()));
        for (const T& value : values)
            one(value);
    }
    template <typename T>
    void one(const std::optional<T>& value)
    {
        m_out.u8(value ? 1 : 0);
        if (value)
            one(*value);
    }
    template <typename T>
    void one(const T& value)
    {
        if constexpr (std::integral<T>)
            m_out.u64(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)), sizeof(T));
        else if constexpr (std::is_enum_v<T>)
            m_out.u8(static_cast<std::uint8_t>(value));
        else
            fields(*this, value);
    }

    storage::ByteWriter m_out;
};

class Decoder {
public:
    explicit Decoder(std::span<const std::byte> bytes)
        : m_in(bytes)
    {
    }
    template <typename... Fields>
    void operator()(Fields&... values)
    {
        (one(values), ...);
    }
    [[nodiscard]] bool finished() const { return !m_bad && m_in.finished(); }

private:
    void one(std::string& value) { value = m_in.text(); }
    template <typename T>
    void one(std::vector<T>& values)
    {
        // Each element takes at least four bytes, so a damaged count cannot ask for much memory.
        const std::uint32_t count = m_in.u32();
        m_bad = m_bad || count > m_in.left() / 4;
        if (m_bad)
            return;
        values.resize(count);
        for (T& value : values)
            one(value);
    }
    template <typename T>
    void one(std::optional<T>& value)
    {
        const std::uint8_t there = m_in.u8();
        m_bad = m_bad || there > 1;
        if (there == 1)
            one(value.emplace());
    }
    template <typename T>
    void one(T& value)
    {
        if constexpr (std::integral<T>) {
            value = static_cast<T>(m_in.u64(sizeof(T)));
        } else if constexpr (std::is_enum_v<T>) {
            const std::uint8_t number = m_in.u8();
            if (number <= static_cast<std::uint8_t>(kLast<T>))
                value = static_cast<T>(number);
            else
                m_bad = true;
        } else {
            fields(*this, value);
        }
    }

    storage::ByteReader m_in;
    bool m_bad = false;
};

template <typename T>
std::vector<std::byte> encoded(const T& value)
{
    Encoder encoder;
    fields(encoder, value);
    return encoder.written();
}

template <typename T>
storage::Result<void> decoded(std::span<const std::byte> bytes, T& into)
{
    Decoder decoder(bytes);
    fields(decoder, into);
    if (!decoder.finished())
        return std::unexpected(
            storage::Error{storage::Errc::Corrupt, "a fact in the records cannot be read"});
    return {};
}

template <typename T>
storage::Result<void> added(std::span<const std::byte> bytes, Source source, std::vector<T>& list)
{
    T& fact = list.emplace_back();
    fact.source = std::move(source);
    return decoded(bytes, fact);
}

} // namespace

std::vector<std::byte> encodeFact(const Patient& patient)
{
    return encoded(patient);
}
std::vector<std::byte> encodeFact(const Allergy& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const Condition& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const Medication& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const Observation& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const Encounter& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const OtherEntry& fact)
{
    return encoded(fact);
}
std::vector<std::byte> encodeFact(const Document& fact)
{
    return encoded(fact);
}

storage::Result<void> decodeFact(std::span<const std::byte> bytes, Patient& into)
{
    return decoded(bytes, into);
}

storage::Result<void> decodeFact(FactKind kind, std::span<const std::byte> bytes, Source source,
                                 Chart& chart)
{
    switch (kind) {
    case FactKind::Allergy:
        return added(bytes, std::move(source), chart.allergies);
    case FactKind::Condition:
        return added(bytes, std::move(source), chart.conditions);
    case FactKind::Medication:
        return added(bytes, std::move(source), chart.medications);
    case FactKind::Observation:
        return added(bytes, std::move(source), chart.observations);
    case FactKind::Encounter:
        return added(bytes, std::move(source), chart.encounters);
    case FactKind::Other:
        return added(bytes, std::move(source), chart.others);
    case FactKind::Document:
        return added(bytes, std::move(source), chart.documents);
    }
    return std::unexpected(storage::Error{storage::Errc::Corrupt, "a fact of an unknown kind"});
}

} // namespace records
