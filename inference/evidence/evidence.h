// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/chart.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The deterministic chart engine: answers what data alone answers, collects numbered evidence for
/// the rest, and checks every sentence of a model's answer against it. No model, no SQL, no clock:
/// the same chart, question and day give the same bytes. Everything here is a pure function of its
/// arguments and may be called from any thread.
namespace evidence {

/// A calendar day; "today" is always told by the caller.
struct Day {
    int year = 0;
    int month = 0; // 1-12
    int day = 0;   // 1-31
};

enum class Kind : std::uint8_t { Fact, Passage };

/// What a fact is about; Note for a passage of a document.
enum class Topic : std::uint8_t {
    Allergy,
    Condition,
    Medication,
    Observation,
    Encounter,
    Other,
    Note,
};

/// One numbered piece of the record that an answer may cite.
struct EvidenceItem {
    int number = 0; // 1-based, the n of "[n]"
    Kind kind = Kind::Fact;
    Topic topic = Topic::Other;
    /// One line, free of control and hidden characters: what the model and the reader see, such as
    /// "Potassium 4.1 mmol/L (range 3.5-5.1) on 02-Mar-2026, final".
    std::string text;
    std::string label; // "Lab 02-Mar-2026"
    records::Source source;
    int document = -1; // index in Chart::documents for a passage
    /// Passage: bytes of Document::text. Fact: bytes of the original document (the resource).
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    records::Date date;
    bool family = false; // about a relative, not the patient
};

/// What was looked at, for the line under every answer.
struct Coverage {
    std::size_t documents = 0;
    std::size_t searched = 0;
    std::size_t unreadable = 0;
    std::size_t entries = 0; // structured entries
    std::string from, to;    // first and last day recorded, "2019-01-04"; empty: none
    std::string dataAsOf;    // as shown; empty: not known
    /// On how the question was read, without full stops: "\"potasium\" is taken as ...".
    std::vector<std::string> remarks;

    /// "Searched 214 of 217 documents and 812 entries, 1990 to 2026; 3 unreadable; data as of ...".
    [[nodiscard]] std::string line() const;
};

enum class Verdict : std::uint8_t {
    Supported,    // everything checkable stands in the cited evidence
    Partly,       // nothing contradicts, but something is not stated or was cited wrongly
    NotSupported, // a number, date, name, negation ... is not in the cited evidence, or contradicts
    Computed,     // counted, chosen or compared by this program
    NoClaim,      // says nothing about the record ("Here is a summary:")
};

/// Why a sentence is less than Supported. Names are stable: they are stored and shown.
enum class Reason : std::uint8_t {
    Number,          // a number that the evidence does not hold
    Unit,            // the number stands there with another unit, or none
    Comparator,      // "<", ">" added, dropped or turned
    Date,            // a date that the evidence does not hold
    DateTooFine,     // more exact than recorded
    DateAmbiguous,   // 03/02/2026 read one way only
    Pairing,         // value and date, or value and name, stand in different items
    Drug,            // a medicine that the evidence does not name
    Measurement,     // a laboratory or vital sign that the evidence does not name
    Negation,        // denied here, stated there, or the other way round
    Side,            // left, right, both
    Subject,         // a relative's, or the patient's
    Status,          // stopped, active, on hold, resolved
    Past,            // told as over, claimed of now
    Unreal,          // only wished, feared, advised or on a condition
    Contradicted,    // another piece of evidence says otherwise, or is newer
    Frequency,       // daily, twice daily
    Direction,       // high, low, normal; rose, fell
    Cause,           // a reason that the evidence does not give
    Wording,         // words of substance that the evidence does not hold
    NothingCited,    // no citation and no evidence found for it
    UnknownCitation, // cites a number that does not exist
};
[[nodiscard]] const char* nameOf(Verdict verdict); // "supported", "partly", "not_supported", ...
[[nodiscard]] const char* nameOf(Reason reason);   // "number", "unit", ...

/// One thing that was found wanting.
struct Finding {
    Reason reason = Reason::Wording;
    std::string what; // the words it is about, as the sentence has them: "4.1 mmol/L"

    friend bool operator==(const Finding&, const Finding&) = default;
};
/// "number 4.1 is not in the cited evidence". Holds words of the answer: never for a log.
[[nodiscard]] std::string explain(const Finding& finding);

/// One sentence of an answer with what it rests on.
struct Sentence {
    std::string text;       // as written, with the author's own citation marks "[1]"
    std::vector<int> cited; // numbers of items that exist, ascending, without repetition
    Verdict verdict = Verdict::NoClaim;
    std::vector<Finding> findings; // by reason; empty for Supported, Computed and NoClaim
    bool attached = false;         // cited was found by the program, the author wrote no number
    std::vector<int> corrected;    // the author's numbers, where cited was put in their place
};

/// Sources that disagree, told side by side instead of smoothed.
struct Conflict {
    enum class Kind : std::uint8_t { Medication, Observation, Allergy, Other };
    Kind kind = Kind::Other;
    std::vector<Sentence> sentences;
};

/// The program's decision that the record does not answer.
struct Abstention {
    enum class Reason : std::uint8_t {
        NotRecorded,    // a clinical question; nothing in the record bears on it
        OutOfScope,     // not a question about a record
        OnlyUnreadable, // nothing found, and no document could be read
    };
    Reason reason = Reason::NotRecorded;
    std::vector<std::string> searched; // "laboratory and vital values (412)", "documents (31)"
    std::string text;                  // the sentence to show
};
[[nodiscard]] const char* nameOf(Abstention::Reason reason); // "not_recorded", ...

/// An answer made of the record's data alone.
struct DirectAnswer {
    enum class Kind : std::uint8_t {
        Allergies,
        ActiveMedications,
        PastMedications,
        AllMedications,
        Problems,
        LastValue,
        AllValues,
        ExtremeValue,
        Demographics,
    };
    Kind kind = Kind::Allergies;
    std::vector<Sentence> sentences;
    std::vector<EvidenceItem> items;
    std::vector<Conflict> conflicts;
    Coverage coverage;
    std::optional<Abstention> abstention; // set: the record holds nothing of what was asked
};
[[nodiscard]] const char* nameOf(DirectAnswer::Kind kind); // "allergies", "last_value", ...

/// A piece of a document found by a text search.
struct Passage {
    std::size_t document = 0; // index in Chart::documents
    std::uint64_t begin = 0;  // bytes of Document::text
    std::uint64_t end = 0;
    double score = 0; // higher is better; only the order counts
};
/// Best first, at most @p limit. The records database gives FTS5 BM25; see also PassageIndex.
using PassageSource =
    std::function<std::vector<Passage>(const std::string& query, std::size_t limit)>;

/// How much evidence a prompt may hold.
struct Budget {
    std::size_t items = 16;
    std::size_t bytes = 3600; // of all texts together: about 1,000 tokens
    std::size_t passageBytes = 420;
};

/// What was gathered for a question that the data alone does not answer.
struct Evidence {
    std::vector<EvidenceItem> items; // numbered 1, 2, ... in this order
    std::vector<Conflict> conflicts; // their citations are numbers of items
    Coverage coverage;
    std::optional<Abstention> abstention; // set: do not ask the model
    std::vector<std::string> notFound;    // words of the question that the record never uses
    std::vector<std::string> drugs;       // names of medicines in this chart, for the checks
    Day today;
};

} // namespace evidence
