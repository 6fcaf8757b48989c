// SPDX-License-Identifier: Apache-2.0
#include "storage/import/codec.h"

#include "storage/import/archive.h"
#include "storage/import/limits.h"

#include <algorithm>
#include <type_traits>

namespace imports {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "CLNR"sv;
constexpr std::uint8_t kKindDocument = 1;
constexpr std::uint8_t kKindRefusal = 2;
constexpr std::uint8_t kVersionWithDates = 2; // what version 1 lacks: Chart::versions

// One description of the fields serves both directions: each function takes the values in the
// order of docs/formats/normalised-record.md from a Reader, or gives them to a Writer.

void field(Writer& out, const std::string& value)
{
    out.text(value);
}
void field(Reader& in, std::string& value)
{
    value = in.text();
}

void field(Writer& out, std::uint64_t value)
{
    out.number(value);
}
void field(Reader& in, std::uint64_t& value)
{
    value = in.number<std::uint64_t>();
}

void field(Writer& out, bool value)
{
    out.byte(value ? 1 : 0);
}
void field(Reader& in, bool& value)
{
    const std::uint8_t byte = in.byte();
    if (byte > 1)
        in.fail("neither true nor false");
    value = byte == 1;
}

/// A date is its text: everything else follows from it.
void field(Writer& out, const records::Date& date)
{
    out.text(date.text);
}
void field(Reader& in, records::Date& date)
{
    date = records::parseDate(in.text());
}

template <typename Enum>
constexpr std::uint8_t kLast = 0;
template <>
constexpr std::uint8_t kLast<records::Standing> =
    static_cast<std::uint8_t>(records::Standing::Unknown);
template <>
constexpr std::uint8_t kLast<records::ConditionState> =
    static_cast<std::uint8_t>(records::ConditionState::Unknown);
template <>
constexpr std::uint8_t kLast<records::MedicationState> =
    static_cast<std::uint8_t>(records::MedicationState::Unknown);
template <>
constexpr std::uint8_t kLast<records::MedicationKind> =
    static_cast<std::uint8_t>(records::MedicationKind::Dispense);

template <typename Enum>
    requires std::is_enum_v<Enum>
void field(Writer& out, Enum value)
{
    out.byte(static_cast<std::uint8_t>(value));
}

template <typename Enum>
    requires std::is_enum_v<Enum>
void field(Reader& in, Enum& value)
{
    const std::uint8_t byte = in.byte();
    if (byte > kLast<Enum>)
        in.fail("no such state");
    else
        value = static_cast<Enum>(byte);
}

template <typename Archive, typename T>
void field(Archive& archive, std::optional<T>& value);
template <typename Archive, typename T>
void field(Archive& archive, std::vector<T>& values);

template <typename Archive>
void field(Archive& archive, records::Source& source)
{
    field(archive, source.document);
    field(archive, source.resourceType);
    field(archive, source.resourceId);
    field(archive, source.path);
    field(archive, source.begin);
    field(archive, source.end);
    if constexpr (Archive::kReads) {
        const bool isHash =
            source.document.size() == 64 && std::ranges::all_of(source.document, [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            });
        if (!isHash)
            archive.fail("no SHA-256");
        if (source.begin >= source.end)
            archive.fail("an empty span");
        if (source.resourceType.empty() || source.resourceId.empty())
            archive.fail("a source without a name");
    }
}

template <typename Archive>
void field(Archive& archive, records::Coding& coding)
{
    field(archive, coding.system);
    field(archive, coding.code);
    field(archive, coding.display);
}

template <typename Archive>
void field(Archive& archive, records::Concept& value)
{
    field(archive, value.text);
    field(archive, value.codings);
}

template <typename Archive>
void field(Archive& archive, records::Identifier& identifier)
{
    field(archive, identifier.system);
    field(archive, identifier.value);
    field(archive, identifier.medicalRecord);
}

template <typename Archive>
void field(Archive& archive, records::Patient& patient)
{
    field(archive, patient.resourceId);
    field(archive, patient.family);
    field(archive, patient.given);
    field(archive, patient.prefix);
    field(archive, patient.born);
    field(archive, patient.died);
    field(archive, patient.gender);
    field(archive, patient.identifiers);
    field(archive, patient.address);
    field(archive, patient.phone);
    field(archive, patient.source);
}

template <typename Archive>
void field(Archive& archive, records::Quantity& quantity)
{
    field(archive, quantity.value);
    field(archive, quantity.comparator);
    field(archive, quantity.unit);
    if constexpr (Archive::kReads) {
        static constexpr std::string_view kAllowed = "0123456789+-.eE";
        if (quantity.value.empty() ||
            quantity.value.find_first_not_of(kAllowed) != std::string::npos)
            archive.fail("no number");
    }
}

template <typename Archive>
void field(Archive& archive, records::Observation& observation)
{
    field(archive, observation.code);
    field(archive, observation.panel);
    field(archive, observation.category);
    field(archive, observation.quantity);
    field(archive, observation.valueText);
    field(archive, observation.absentReason);
    field(archive, observation.interpretation);
    field(archive, observation.low);
    field(archive, observation.high);
    field(archive, observation.rangeText);
    field(archive, observation.standing);
    field(archive, observation.effective);
    field(archive, observation.note);
    field(archive, observation.source);
}

template <typename Archive>
void field(Archive& archive, records::Condition& condition)
{
    field(archive, condition.code);
    field(archive, condition.state);
    field(archive, condition.verification);
    field(archive, condition.category);
    field(archive, condition.onset);
    field(archive, condition.abated);
    field(archive, condition.recorded);
    field(archive, condition.note);
    field(archive, condition.source);
}

template <typename Archive>
void field(Archive& archive, records::Medication& medication)
{
    field(archive, medication.code);
    field(archive, medication.kind);
    field(archive, medication.state);
    field(archive, medication.dosage);
    field(archive, medication.reason);
    field(archive, medication.statusReason);
    field(archive, medication.started);
    field(archive, medication.ended);
    field(archive, medication.note);
    field(archive, medication.source);
}

template <typename Archive>
void field(Archive& archive, records::Allergy& allergy)
{
    field(archive, allergy.code);
    field(archive, allergy.noKnownAllergy);
    field(archive, allergy.resolved);
    field(archive, allergy.verification);
    field(archive, allergy.category);
    field(archive, allergy.criticality);
    field(archive, allergy.reactions);
    field(archive, allergy.onset);
    field(archive, allergy.recorded);
    field(archive, allergy.note);
    field(archive, allergy.source);
}

template <typename Archive>
void field(Archive& archive, records::Encounter& encounter)
{
    field(archive, encounter.type);
    field(archive, encounter.classCode);
    field(archive, encounter.reason);
    field(archive, encounter.location);
    field(archive, encounter.status);
    field(archive, encounter.started);
    field(archive, encounter.ended);
    field(archive, encounter.source);
}

template <typename Archive>
void field(Archive& archive, records::OtherEntry& entry)
{
    field(archive, entry.kind);
    field(archive, entry.code);
    field(archive, entry.status);
    field(archive, entry.detail);
    field(archive, entry.date);
    field(archive, entry.source);
}

template <typename Archive>
void field(Archive& archive, records::Document& document)
{
    field(archive, document.title);
    field(archive, document.author);
    field(archive, document.date);
    field(archive, document.text);
    field(archive, document.readable);
    field(archive, document.unreadableReason);
    field(archive, document.source);
    if constexpr (Archive::kReads) {
        if (document.readable != document.unreadableReason.empty())
            archive.fail("readable and not readable");
    }
}

template <typename Archive>
void field(Archive& archive, records::ResourceVersion& version)
{
    field(archive, version.resourceType);
    field(archive, version.resourceId);
    field(archive, version.updated);
    if constexpr (Archive::kReads) {
        if (version.resourceType.empty() || version.resourceId.empty())
            archive.fail("a version without a name");
        if (!version.updated.known())
            archive.fail("a version without a date");
    }
}

template <typename Archive>
void field(Archive& archive, Warning& warning)
{
    field(archive, warning.code);
    field(archive, warning.count);
    field(archive, warning.detail);
}

template <typename Archive, typename T>
void field(Archive& archive, std::optional<T>& value)
{
    bool present = value.has_value();
    field(archive, present);
    if (!present)
        return;
    if constexpr (Archive::kReads)
        value.emplace();
    field(archive, *value);
}

template <typename Archive, typename T>
void field(Archive& archive, std::vector<T>& values)
{
    if constexpr (Archive::kReads) {
        const std::size_t count = archive.template number<std::uint32_t>();
        // An element takes four bytes at least, so no count can ask for more than was sent.
        if (count > kMaxFacts || count > archive.left() / 4) {
            archive.fail("more elements than bytes");
            return;
        }
        for (std::size_t i = 0; i < count && !archive.failed(); ++i)
            field(archive, values.emplace_back());
    } else {
        archive.number(static_cast<std::uint32_t>(values.size()));
        for (T& value : values)
            field(archive, value);
    }
}

template <typename Archive>
void field(Archive& archive, records::Chart& chart)
{
    field(archive, chart.patient);
    field(archive, chart.allergies);
    field(archive, chart.conditions);
    field(archive, chart.medications);
    field(archive, chart.observations);
    field(archive, chart.encounters);
    field(archive, chart.others);
    field(archive, chart.documents);
    field(archive, chart.withdrawn);
}

void writeCounts(Writer& out, const std::map<std::string, std::uint64_t>& counts)
{
    out.number(static_cast<std::uint32_t>(counts.size()));
    for (const auto& [type, count] : counts) {
        out.text(type);
        out.number(count);
    }
}

void readCounts(Reader& in, std::map<std::string, std::uint64_t>& counts)
{
    const std::size_t count = in.number<std::uint32_t>();
    if (count > in.left() / 12) {
        in.fail("more counts than bytes");
        return;
    }
    std::string previous;
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        std::string type = in.text();
        if (type <= previous)
            in.fail("counts are not in order");
        counts[type] = in.number<std::uint64_t>();
        previous = std::move(type);
    }
}

Error readRefusal(Reader& in)
{
    const std::uint8_t code = in.byte();
    std::string detail = in.text();
    const bool known = code <= static_cast<std::uint8_t>(Errc::TimedOut);
    if (!known)
        in.fail("no such refusal");
    if (!in.failed() && in.left() != 0)
        in.fail("something follows the end");
    if (in.failed() || !known)
        return {Errc::BadEncoding, in.fault()};
    return {static_cast<Errc>(code), std::move(detail)};
}

} // namespace

std::string encodeDocument(ImportedDocument document)
{
    Writer out;
    out.raw(kMagic);
    out.byte(kNormalisedVersion);
    out.byte(kKindDocument);
    field(out, document.format);
    writeCounts(out, document.resources);
    field(out, document.warnings);
    field(out, document.chart);
    field(out, document.chart.versions);
    return out.take();
}

std::string encodeRefusal(const Error& refusal)
{
    Writer out;
    out.raw(kMagic);
    out.byte(kNormalisedVersion);
    out.byte(kKindRefusal);
    out.byte(static_cast<std::uint8_t>(refusal.code));
    out.text(refusal.detail);
    return out.take();
}

Result<ImportedDocument> decodeDocument(std::string_view bytes)
{
    Reader in(bytes);
    if (in.raw(kMagic.size()) != kMagic)
        in.fail("no normalised record");
    const std::uint8_t version = in.byte();
    if (version < 1 || version > kNormalisedVersion)
        in.fail("not version 1 or 2");
    const std::uint8_t kind = in.byte();
    if (!in.failed() && kind == kKindRefusal)
        return std::unexpected(readRefusal(in));
    if (kind != kKindDocument)
        in.fail("neither document nor refusal");

    ImportedDocument document;
    field(in, document.format);
    readCounts(in, document.resources);
    field(in, document.warnings);
    if (document.warnings.size() > kMaxWarnings)
        in.fail("too many warnings");
    field(in, document.chart);
    if (version >= kVersionWithDates)
        field(in, document.chart.versions);
    if (!in.failed() && in.left() != 0)
        in.fail("something follows the end");
    if (in.failed())
        return std::unexpected(Error{Errc::BadEncoding, in.fault()});
    return document;
}

} // namespace imports
