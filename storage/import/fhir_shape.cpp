// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_shape.h"

#include "storage/records/chart.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace imports {

namespace {

enum class Shape : std::uint8_t {
    Text,
    Date,
    Number,
    Boolean,
    // Objects from here on.
    Concept,
    Coding,
    Quantity,
    Range,
    Ratio,
    Period,
    Reference,
    Identifier,
    HumanName,
    Contact,
    Address,
    Annotation,
    Narrative,
    Attachment,
    Dosage,
    Dose,
    Timing,
    Repeat,
    Group // what a resource type groups for itself
};

enum class Many : std::uint8_t { No, Yes, Either };

struct Member {
    std::string_view name;
    Shape shape;
    Many many = Many::No;
};

using enum Shape;

constexpr std::array kConcept{Member{"text", Text}, Member{"coding", Coding, Many::Yes}};
constexpr std::array kCoding{Member{"system", Text}, Member{"code", Text}, Member{"display", Text}};
constexpr std::array kQuantity{Member{"value", Number}, Member{"comparator", Text},
                               Member{"unit", Text},    Member{"code", Text},
                               Member{"system", Text},  Member{"currency", Text}};
constexpr std::array kRange{Member{"low", Quantity}, Member{"high", Quantity}};
constexpr std::array kRatio{Member{"numerator", Quantity}, Member{"denominator", Quantity}};
constexpr std::array kPeriod{Member{"start", Date}, Member{"end", Date}};
constexpr std::array kReference{Member{"reference", Text}, Member{"display", Text}};
constexpr std::array kIdentifier{Member{"use", Text}, Member{"system", Text}, Member{"value", Text},
                                 Member{"type", Concept}};
constexpr std::array kHumanName{Member{"use", Text},
                                Member{"text", Text},
                                Member{"family", Text},
                                Member{"given", Text, Many::Yes},
                                Member{"prefix", Text, Many::Yes},
                                Member{"suffix", Text, Many::Yes}};
constexpr std::array kContact{Member{"system", Text}, Member{"value", Text}};
constexpr std::array kAddress{Member{"text", Text},       Member{"line", Text, Many::Yes},
                              Member{"city", Text},       Member{"state", Text},
                              Member{"postalCode", Text}, Member{"country", Text}};
constexpr std::array kAnnotation{Member{"text", Text}, Member{"time", Date},
                                 Member{"authorString", Text},
                                 Member{"authorReference", Reference}};
constexpr std::array kNarrative{Member{"status", Text}, Member{"div", Text}};
constexpr std::array kAttachment{Member{"contentType", Text}, Member{"data", Text},
                                 Member{"url", Text}, Member{"title", Text},
                                 Member{"creation", Date}};
constexpr std::array kDose{Member{"doseQuantity", Quantity}, Member{"doseRange", Range},
                           Member{"rateQuantity", Quantity}, Member{"rateRatio", Ratio}};
constexpr std::array kDosage{Member{"text", Text},
                             Member{"patientInstruction", Text},
                             Member{"doseAndRate", Dose, Many::Yes},
                             Member{"dose", Quantity},
                             Member{"rateQuantity", Quantity},
                             Member{"rateRatio", Ratio},
                             Member{"route", Concept},
                             Member{"site", Concept},
                             Member{"timing", Timing},
                             Member{"asNeededBoolean", Boolean},
                             Member{"asNeededCodeableConcept", Concept},
                             Member{"additionalInstruction", Concept, Many::Yes}};
constexpr std::array kTiming{Member{"event", Date, Many::Yes}, Member{"repeat", Repeat},
                             Member{"code", Concept}};
constexpr std::array kRepeat{
    Member{"boundsPeriod", Period},       Member{"frequency", Number},
    Member{"frequencyMax", Number},       Member{"period", Number},
    Member{"periodMax", Number},          Member{"periodUnit", Text},
    Member{"dayOfWeek", Text, Many::Yes}, Member{"timeOfDay", Text, Many::Yes},
    Member{"when", Text, Many::Yes}};

/// The same in every resource type that is read, and in the groups within.
constexpr std::array kAnywhere{
    Member{"id", Text},
    Member{"status", Text},
    Member{"docStatus", Text},
    Member{"lifecycleStatus", Text},
    Member{"intent", Text},
    Member{"criticality", Text},
    Member{"gender", Text},
    Member{"conclusion", Text},
    Member{"lotNumber", Text},
    Member{"doNotPerform", Boolean},
    Member{"contributedToDeath", Boolean},
    Member{"date", Date},
    Member{"issued", Date},
    Member{"authored", Date},
    Member{"authoredOn", Date},
    Member{"recorded", Date},
    Member{"recordedDate", Date},
    Member{"birthDate", Date},
    Member{"startDate", Date},
    Member{"statusDate", Date},
    Member{"dateAsserted", Date},
    Member{"whenHandedOver", Date},
    Member{"whenPrepared", Date},
    Member{"started", Date},
    Member{"sent", Date},
    Member{"created", Date},
    Member{"period", Period},
    Member{"code", Concept},
    Member{"vaccineCode", Concept},
    Member{"clinicalStatus", Concept},
    Member{"verificationStatus", Concept},
    Member{"dataAbsentReason", Concept},
    Member{"interpretation", Concept, Many::Yes},
    Member{"reasonCode", Concept, Many::Yes},
    Member{"manifestation", Concept, Many::Yes},
    Member{"statusReason", Concept, Many::Either},
    Member{"bodySite", Concept, Many::Either},
    Member{"relationship", Concept},
    Member{"conclusionCode", Concept, Many::Yes},
    Member{"appliesTo", Concept, Many::Yes},
    Member{"subject", Reference},
    Member{"patient", Reference},
    Member{"identifier", Identifier, Many::Either},
    Member{"note", Annotation, Many::Yes},
    Member{"component", Group, Many::Yes},
    Member{"referenceRange", Group, Many::Yes},
    Member{"low", Quantity},
    Member{"high", Quantity},
    Member{"age", Range},
    Member{"reaction", Group, Many::Yes},
    Member{"dosage", Dosage, Many::Either},
    Member{"dosageInstruction", Dosage, Many::Yes},
    Member{"doseQuantity", Quantity},
    Member{"presentedForm", Attachment, Many::Yes},
    Member{"content", Group, Many::Yes},
    Member{"attachment", Attachment},
};

/// A choice: one of these stems, then one of the types.
constexpr std::array<std::string_view, 16> kStems{
    "value",    "effective",  "onset",    "abatement", "performed", "occurrence",
    "deceased", "medication", "asNeeded", "timing",    "rate",      "dose",
    "serviced", "age",        "born",     "identified"};
constexpr std::array kChoices{
    Member{"DateTime", Date},      Member{"Date", Date},      Member{"Instant", Date},
    Member{"String", Text},        Member{"Uri", Text},       Member{"Time", Text},
    Member{"Integer", Number},     Member{"Decimal", Number}, Member{"Boolean", Boolean},
    Member{"Quantity", Quantity},  Member{"Age", Quantity},   Member{"Duration", Quantity},
    Member{"Range", Range},        Member{"Ratio", Ratio},    Member{"Period", Period},
    Member{"Timing", Timing},      Member{"Coding", Coding},  Member{"CodeableConcept", Concept},
    Member{"Reference", Reference}};

constexpr std::array kPatient{Member{"name", HumanName, Many::Yes},
                              Member{"telecom", Contact, Many::Yes},
                              Member{"address", Address, Many::Yes}};
constexpr std::array kAllergy{Member{"category", Text, Many::Yes}, Member{"type", Text},
                              Member{"description", Text}};
constexpr std::array kEncounter{Member{"type", Concept, Many::Yes}, Member{"class", Coding}};
constexpr std::array kCategorised{Member{"category", Concept, Many::Either},
                                  Member{"severity", Concept}};
constexpr std::array kDocumented{Member{"type", Concept}, Member{"title", Text},
                                 Member{"text", Narrative}};

std::span<const Member> ofResource(std::string_view type)
{
    if (type == "Patient")
        return kPatient;
    if (type == "AllergyIntolerance")
        return kAllergy;
    if (type == "Encounter")
        return kEncounter;
    if (type == "Observation" || type == "Condition")
        return kCategorised;
    if (type == "DocumentReference" || type == "DiagnosticReport" || type == "Composition")
        return kDocumented;
    return {};
}

bool isRead(std::string_view type)
{
    constexpr std::array<std::string_view, 24> kRead{"Patient",
                                                     "Observation",
                                                     "Condition",
                                                     "AllergyIntolerance",
                                                     "MedicationRequest",
                                                     "MedicationStatement",
                                                     "MedicationAdministration",
                                                     "MedicationDispense",
                                                     "Encounter",
                                                     "DocumentReference",
                                                     "DiagnosticReport",
                                                     "Composition",
                                                     "QuestionnaireResponse",
                                                     "FamilyMemberHistory",
                                                     "List",
                                                     "CarePlan",
                                                     "CareTeam",
                                                     "Device",
                                                     "Flag",
                                                     "Goal",
                                                     "ImagingStudy",
                                                     "Immunization",
                                                     "Procedure",
                                                     "ServiceRequest"};
    return std::ranges::contains(kRead, type);
}

std::span<const Member> membersOf(Shape shape)
{
    switch (shape) {
    case Concept:
        return kConcept;
    case Coding:
        return kCoding;
    case Quantity:
        return kQuantity;
    case Range:
        return kRange;
    case Ratio:
        return kRatio;
    case Period:
        return kPeriod;
    case Reference:
        return kReference;
    case Identifier:
        return kIdentifier;
    case HumanName:
        return kHumanName;
    case Contact:
        return kContact;
    case Address:
        return kAddress;
    case Annotation:
        return kAnnotation;
    case Narrative:
        return kNarrative;
    case Attachment:
        return kAttachment;
    case Dosage:
        return kDosage;
    case Dose:
        return kDose;
    case Timing:
        return kTiming;
    case Repeat:
        return kRepeat;
    default:
        return kAnywhere;
    }
}

bool fits(const JsonValue& value, Shape shape)
{
    using Kind = JsonValue::Kind;
    switch (shape) {
    case Text:
        return value.kind == Kind::String;
    case Date:
        return value.kind == Kind::String && records::parseDate(value.text).known();
    case Number:
        return value.kind == Kind::Number;
    case Boolean:
        return value.kind == Kind::Boolean;
    default:
        return value.kind == Kind::Object;
    }
}

std::string_view nameOf(Shape shape)
{
    switch (shape) {
    case Text:
        return "a text";
    case Date:
        return "a date";
    case Number:
        return "a number";
    case Boolean:
        return "true or false";
    default:
        return "an object";
    }
}

/// The members whose meaning decides about the whole resource.
bool isDecisive(std::string_view name)
{
    return name == "status" || name == "docStatus" || name == "verificationStatus" ||
           name == "doNotPerform";
}

class ShapeCheck {
public:
    ShapeCheck(std::size_t entry, Warnings& warnings)
        : m_place("entry[" + std::to_string(entry) + "] ")
        , m_warnings(warnings)
    {
    }

    bool check(JsonValue& resource, const std::string& type)
    {
        for (const Member& member : ofResource(type))
            checkMember(resource, member.name, member, type);
        checkObject(resource, Group, type);
        return !m_undecided;
    }

private:
    void checkObject(JsonValue& object, Shape shape, const std::string& path)
    {
        for (const Member& member : membersOf(shape))
            checkMember(object, member.name, member, path);
        if (shape != Group)
            return;
        for (const std::string_view stem : kStems) {
            for (const Member& choice : kChoices)
                checkMember(object, std::string(stem) + std::string(choice.name), choice, path);
        }
    }

    void checkMember(JsonValue& object, std::string_view name, const Member& member,
                     const std::string& path)
    {
        const auto found = std::ranges::find(object.names, name);
        if (found == object.names.end())
            return;
        JsonValue& value =
            object.items[static_cast<std::size_t>(std::distance(object.names.begin(), found))];
        const std::string here = path + "." + std::string(name);
        const bool list = value.kind == JsonValue::Kind::Array;
        if (member.many == Many::Yes && !list && !value.isNull())
            return cut(value, here, "a list", name);
        if (member.many == Many::No || !list)
            return checkValue(value, member.shape, here, name);
        for (std::size_t i = 0; i < value.items.size(); ++i)
            checkValue(value.items[i], member.shape, here + "[" + std::to_string(i) + "]", name);
    }

    void checkValue(JsonValue& value, Shape shape, const std::string& path, std::string_view name)
    {
        if (value.isNull()) // what FHIR writes beside an extension
            return;
        if (!fits(value, shape))
            return cut(value, path, nameOf(shape), name);
        if (value.isObject())
            checkObject(value, shape, path);
    }

    void cut(JsonValue& value, const std::string& path, std::string_view wanted,
             std::string_view name)
    {
        const bool decides =
            isDecisive(name) && path.find_first_of("[.", path.find('.') + 1) == std::string::npos;
        m_undecided = m_undecided || decides;
        value = {};
        m_warnings.addPlace(
            m_place + path + " is not " + std::string(wanted) +
            (decides ? "; the resource was left out." : "; the value was left out."));
    }

    std::string m_place;
    Warnings& m_warnings;
    bool m_undecided = false;
};

} // namespace

bool checkShape(JsonValue& resource, std::size_t entry, Warnings& warnings)
{
    const std::string type = resource["resourceType"].string();
    return !isRead(type) || ShapeCheck(entry, warnings).check(resource, type);
}

bool valueWasCut(const JsonValue& holder)
{
    for (std::size_t i = 0; i < holder.names.size(); ++i) {
        if (!holder.names[i].starts_with("value"))
            continue;
        const JsonValue& value = holder.items[i];
        if (value.isNull() || (std::ranges::contains(value.names, "value") && !value.has("value")))
            return true;
    }
    return false;
}

} // namespace imports
