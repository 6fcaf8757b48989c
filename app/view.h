// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

/// What the widgets show, as plain values. Text stands as the service sent it; dates as recorded.
/// The words on the socket (docs/formats/api.md) are turned into these in convert.cpp only.
namespace app {

/// A refusal or a broken connection. The sentence for it is made by sentenceFor().
struct Failure {
    QString code; // as in docs/formats/api.md; "unreachable" without a daemon
    int prompt = 0, answer = 0, context = 0; // token counts, for context_too_long
};

/// Where a fact stands: bytes begin..end of the original document.
struct SourceRef {
    QString document; // SHA-256 in hex
    QString resourceType, resourceId, path;
    qint64 begin = 0, end = 0;

    friend bool operator==(const SourceRef&, const SourceRef&) = default;
};

struct ModelInfo {
    QString state; // loading, ready, restarting, unusable, none
    QString name, architecture, weights, sha256;
    int contextTokens = 0;
};

struct ServiceInfo {
    QString version;
    bool initialised = false, synthetic = false;
    QString protection; // "reduced" where the device secret is a file
    qint64 daemonUid = -1;
};

struct SessionInfo {
    QString userId, userName, role;
    bool admitted = false, synthetic = false;
    int heartbeatSeconds = 15, idleSeconds = 300;
    ModelInfo model;
};

/// What became of the comparison of the daemon's audit log with the one this computer remembers.
enum class WitnessVerdict {
    Consistent, // the log still holds all that was seen before
    FirstSeen,  // nothing was remembered: remembered from now on
    BadSignature,
    KeyChanged,
    HistoryChanged, // entries seen earlier are gone or altered
    NotKept,        // consistent, but the checkpoint could not be written to disk
};

struct PatientSummary {
    QString id, name, born, died, gender, mrn, dataAsOf;
};

struct Allergy {
    QString name, criticality, verification, recorded;
    QStringList reactions;
    bool resolved = false;
    SourceRef source;
};

struct Problem {
    QString name, state, verification, onset, abated, recorded;
    SourceRef source;
};

/// What another source says about the same thing: a state, or the words of a note.
struct Disagreement {
    QString label, says;
};

struct Medication {
    QString name, state, kind, dosage, reason, statusReason, started, ended;
    SourceRef source;
    QList<Disagreement> disagrees = {};
};

struct Lab {
    QString name, panel, category, value, comparator, unit, text, interpretation, low, high, range;
    QString standing, date;
    SourceRef source;
};

struct Encounter {
    QString type, classCode, reason, location, started, ended, status;
    SourceRef source;
};

struct OtherEntry {
    QString kind, name, status, detail, date;
    SourceRef source;
};

struct DocumentInfo {
    int index = 0;
    QString title, author, date, unreadableReason;
    bool readable = true;
    SourceRef source;
};

struct Chart {
    PatientSummary patient;
    QString allergyStatement; // recorded, none_known, not_recorded
    QString allergyWords;     // none_known: the record's own words, empty for the plain statement
    QList<Allergy> allergies, allergyStatements; // the latter say "no known ..."
    QList<Problem> problems;
    QList<Medication> medications;
    QList<Lab> labs; // newest first
    QList<Encounter> encounters;
    QList<OtherEntry> others;
    QList<DocumentInfo> documents;
};

struct DocumentText {
    int index = 0;
    QString title, author, date;
    QByteArray text; // UTF-8: spans of evidence count its bytes
    SourceRef source;
};

struct OriginalText {
    QString sha256;
    qint64 begin = 0, end = 0;
    QByteArray text;
};

struct EvidenceItem {
    int number = 0;
    bool passage = false;
    QString label, text, date;
    SourceRef source;
    int documentIndex = -1;
    qint64 begin = 0, end = 0; // bytes of the document's text, for passages
};

struct Coverage {
    QString line;
    int documents = 0, searched = 0, unreadable = 0;
};

enum class Verdict { Supported, Partly, NotSupported, Computed, NoClaim };

struct Claim {
    QString sentence;
    Verdict verdict = Verdict::NoClaim;
    QList<int> cited = {};
    bool attached = false; // the program found the evidence, the model did not name it
    QStringList reasons = {};
    QList<int> corrected = {}; // the draft's own numbers, where cited stands in their place
};

struct Conflict {
    QString sentence;
    QList<int> cited;
};

struct Answer {
    QString kind; // lookup, model, abstention
    QString text;
    QList<Claim> claims;
    QList<EvidenceItem> evidence;
    Coverage coverage;
    QList<Conflict> conflicts;
    QString state;      // complete, cancelled, failed, interrupted
    QString abstention; // not_recorded, out_of_scope, only_unreadable, ""
    QString modelName, modelSha256;
    int promptTokens = 0, generatedTokens = 0;
    double secondsToFirstToken = 0;
    bool draft = true;
};

struct Turn {
    QString id, asked, question;
    std::optional<Answer> answer;
};

struct ConversationSummary {
    QString id, patient, title, started, changed;
    int turns = 0;
};

struct Conversation {
    ConversationSummary summary;
    QList<Turn> turns;
};

struct Accepted {
    QString conversation, turn, asked;
    int place = 0;
};

struct Progress {
    QString phase; // queued, reading, writing
    int done = 0, total = 0;
};

} // namespace app
