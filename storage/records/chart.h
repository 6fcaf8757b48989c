// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One patient's record as plain values: what importers produce, the records database keeps, the
/// evidence engine reads and the service shows. Text is UTF-8 and stands as it was recorded.
namespace records {

/// A date or instant, as precise as it was recorded ("2019", "2019-03", "2019-03-02",
/// "2019-03-02T08:14:00+01:00"). Nothing is filled in.
struct Date {
    std::string text; // as recorded; empty: not recorded
    std::int16_t year = 0;
    std::int8_t month = 0;                      // 1-12, 0: not given
    std::int8_t day = 0;                        // 1-31, 0: not given
    std::optional<std::int64_t> instantSeconds; // Unix time, only where a time of day was given

    [[nodiscard]] bool known() const { return year != 0; }
    friend bool operator==(const Date&, const Date&) = default;
};

/// A strict weak order, earlier first. Instants compare as instants; a date without a time of day
/// counts from its first moment in UTC, so the coarser of two dates that overlap sorts first (but
/// for offsets east of UTC in the first hours of a day). Unknown sorts before all.
[[nodiscard]] bool earlier(const Date& a, const Date& b);
/// Parses FHIR date, dateTime and instant. A time of day without an offset names no instant: the
/// day stands and instantSeconds is empty. Anything else: a Date with text set and year 0.
[[nodiscard]] Date parseDate(std::string_view text);

/// Where a fact stands in the document that it was imported from.
struct Source {
    std::string document;     // SHA-256 of the original bytes, 64 lower-case hex digits
    std::string resourceType; // "Observation"
    std::string resourceId;   // Resource.id; "entry[12]" where it has none or an earlier resource
                              // of this document has the same: then unique in this document only
    std::string path;         // inside the resource: "component[1].valueQuantity", "" for the whole
    std::uint64_t begin = 0;  // byte span of the resource in the original bytes
    std::uint64_t end = 0;

    friend bool operator==(const Source&, const Source&) = default;
};

struct Coding {
    std::string system; // "http://loinc.org"
    std::string code;
    std::string display;
};

/// A coded concept. name() is what a reader is shown.
struct Concept {
    std::string text; // CodeableConcept.text
    std::vector<Coding> codings;

    [[nodiscard]] const std::string& name() const; // text, else the first display, else code
};

struct Identifier {
    std::string system;
    std::string value;
    bool medicalRecord = false; // type MR
};

struct Patient {
    std::string id; // the record database's own key: 32 lower-case hex digits; empty before merging
    std::string resourceId;
    std::string family, given, prefix; // official or usual name, as recorded
    Date born;
    Date died;          // text "true" where only a flag was recorded
    std::string gender; // FHIR code; empty: not recorded
    std::vector<Identifier> identifiers;
    std::string address, phone;
    Source source;

    [[nodiscard]] std::string displayName() const;         // "SMITH, Anna (Ms)"
    [[nodiscard]] std::string medicalRecordNumber() const; // "" when there is none
};

/// How much a reported value may be relied on. entered-in-error never becomes a record.
enum class Standing : std::uint8_t {
    Final,
    Preliminary,
    Corrected,
    Amended,
    Registered,
    Cancelled,
    Unknown
};

struct Quantity {
    std::string value;      // the digits as recorded: "4.10" stays "4.10"
    std::string comparator; // "", "<", "<=", ">", ">="
    std::string unit;       // as recorded; the code where no unit text was given
};

/// What a reader is shown of a recorded unit. UCUM writes "no unit" as "1", and a remark of what
/// was counted in braces ("{ratio}", "{score}", "1{INR}"): neither is a unit, so "". All else as
/// it stands, "{copies}/mL" too.
[[nodiscard]] std::string_view shownUnit(std::string_view unit);

/// A single measured or observed value. A panel with components becomes one Observation for each
/// component, with panel set to the panel's name.
struct Observation {
    Concept code;
    std::string panel;
    std::string category; // "laboratory", "vital-signs", "survey", "social-history", ...
    std::optional<Quantity> quantity;
    std::string valueText;             // coded or textual value; empty when quantity is set
    std::string absentReason;          // dataAbsentReason, where there is no value
    std::string interpretation;        // "H", "L", "HH", ...
    std::optional<Quantity> low, high; // reference range
    std::string rangeText;
    Standing standing = Standing::Unknown;
    Date effective;
    std::string note;
    Source source;
};

enum class ConditionState : std::uint8_t { Active, Inactive, Resolved, Unknown };

struct Condition {
    Concept code;
    ConditionState state = ConditionState::Unknown;
    std::string
        verification;     // "confirmed", "provisional", "differential", ""; refuted never gets here
    std::string category; // "problem-list-item", "encounter-diagnosis", ...
    Date onset, abated, recorded;
    std::string note;
    Source source;
};

enum class MedicationState : std::uint8_t {
    Active,
    Stopped,
    Completed,
    OnHold,
    Cancelled,
    Draft,
    Unknown
};
enum class MedicationKind : std::uint8_t { Request, Statement, Administration, Dispense };

struct Medication {
    Concept code;
    MedicationKind kind = MedicationKind::Request;
    MedicationState state = MedicationState::Unknown;
    std::string dosage;       // as recorded in words, else composed from the structured dose
    std::string reason;       // why it was given
    std::string statusReason; // why it was stopped or held
    Date started;             // authoredOn, or the start of the effective period
    Date ended;
    std::string note;
    Source source;
};

struct Allergy {
    Concept code;
    bool noKnownAllergy = false; // a coded "No known allergies": a statement, not an allergy
    bool resolved = false;
    std::string verification;           // "confirmed", "unconfirmed", ""; refuted never gets here
    std::string category;               // "food", "medication", "environment", "biologic"
    std::string criticality;            // "high", "low", "unable-to-assess", ""
    std::vector<std::string> reactions; // "Hives (moderate)"
    Date onset, recorded;
    std::string note;
    Source source;
};

struct Encounter {
    Concept type;
    std::string classCode; // "AMB", "IMP", "EMER"
    std::string reason;
    std::string location;
    std::string status;
    Date started, ended;
    Source source;
};

/// Anything dated with a name that has no type of its own here: Procedure, Immunization,
/// FamilyMemberHistory, CarePlan, Goal, DiagnosticReport without text, Device.
struct OtherEntry {
    std::string kind; // the FHIR resource type
    Concept code;
    std::string status;
    std::string detail; // relation, dose, outcome ... in words
    Date date;
    Source source;
};

/// A text that a person wrote or a report: searched by passages.
struct Document {
    std::string title; // "Discharge summary"
    std::string author;
    Date date;
    std::string text;     // plain text; spans of citations count bytes of this
    bool readable = true; // false: attachment of a kind that cannot be read (scan, PDF)
    std::string unreadableReason;
    Source source;
};

/// When a resource that has an id was last changed where it comes from.
struct ResourceVersion {
    std::string resourceType;
    std::string resourceId;
    Date updated; // meta.lastUpdated

    friend bool operator==(const ResourceVersion&, const ResourceVersion&) = default;
};

/// Everything in one imported document, or everything known of one patient.
struct Chart {
    Patient patient;
    std::vector<Allergy> allergies;
    std::vector<Condition> conditions;
    std::vector<Medication> medications;
    std::vector<Observation> observations;
    std::vector<Encounter> encounters;
    std::vector<OtherEntry> others;
    std::vector<Document> documents;
    /// Resources of this document that state nothing (entered in error, refuted, modified in a way
    /// that is not understood): what an earlier document said of them is taken back.
    std::vector<Source> withdrawn;
    /// Versions of the resources of this document, told and withdrawn ones, that carry a date.
    /// Merging reads them; a patient's chart holds none.
    std::vector<ResourceVersion> versions;
    std::string dataAsOf; // newest import, ISO 8601 UTC; set by the records database
};

} // namespace records
