// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The words on the socket as plain values: docs/formats/api.md. Text is UTF-8; dates stand as they
/// were recorded; an empty string means "not given".
namespace api {

// ---- service and sessions ----

struct ServiceInfo {
    std::string version;
    bool initialised = false;
    bool synthetic = false;
    std::string auditKey;   // public key line for audit::openCheckpoint
    std::string protection; // "reduced" or "sealed": how the device secret is kept
};

struct ModelStatus {
    std::string state = "none"; // loading, ready, restarting, unusable, none
    std::string name, architecture, weights, sha256;
    std::uint32_t contextTokens = 0;
    std::string draft = "none"; // loading, ready, other_vocabulary, does_not_fit, unusable, none
};

struct UserInfo {
    std::string id, name, role; // role: clinician, steward, admin, compliance
    bool enrolled = false;
    bool admitted = false;
};

struct Lease {
    std::uint32_t heartbeatSeconds = 0;
    std::uint32_t silentSeconds = 0;
    std::uint32_t idleSeconds = 0;
};

struct AuditState {
    std::string checkpoint;  // note text, signed
    std::string key;         // public key line
    std::string consistency; // raw bytes: RFC 6962 proof from the size that was asked for; base64
                             // on the wire
};

struct SignInRequest {
    std::string user, passphrase;
    std::optional<std::uint64_t>
        knownCheckpoint; // size of the newest checkpoint that the client kept
};

struct SignIn {
    std::string session, token;
    UserInfo user;
    Lease lease;
    ModelStatus model;
    AuditState audit;
    bool synthetic = false;
};

struct EnrolRequest {
    std::string user, code, passphrase;
};

struct PassphraseChange {
    std::string passphrase, newPassphrase;
};

struct Heartbeat {
    bool input = false; // the person typed or clicked since the last one
};

struct HeartbeatAnswer {
    ModelStatus model;
};

// ---- patients ----

struct Source {
    std::string document; // SHA-256 of the original bytes, hex
    std::string resourceType, resourceId, path;
    std::uint64_t begin = 0, end = 0; // bytes of the original document

    friend bool operator==(const Source&, const Source&) = default;
};

struct PatientSummary {
    std::string id, name, born, gender, mrn, dataAsOf;
};

struct PatientQuery {
    std::string query; // empty: all
    std::uint64_t limit = 50, offset = 0;
};

struct PatientList {
    std::vector<PatientSummary> patients;
    std::uint64_t total = 0;
};

struct Identifier {
    std::string system, value;
};

struct Patient {
    std::string id, name, born, died, gender, mrn, address, phone;
    std::vector<Identifier> identifiers;
};

struct Allergy {
    std::string name, criticality, verification, recorded;
    std::vector<std::string> reactions;
    bool resolved = false;
    Source source;
};

struct Problem {
    std::string name, state, verification, onset, abated, recorded;
    Source source;
};

/// What another source says about the same thing: a state, or the words of a note.
struct Disagreement {
    std::string label, says;
};

struct Medication {
    std::string name, state, kind, dosage, reason, statusReason, started, ended;
    Source source;
    std::vector<Disagreement> disagrees; // empty: no source contradicts this one
};

struct Lab {
    std::string name, panel, category, value, comparator, unit, text, interpretation, low, high,
        range, standing, date;
    Source source;
};

struct Encounter {
    std::string type, classCode, reason, location, started, ended, status;
    Source source;
};

struct OtherEntry {
    std::string kind, name, status, detail, date;
    Source source;
};

struct DocumentEntry {
    std::uint64_t index = 0;
    std::string title, author, date;
    bool readable = true;
    std::string unreadableReason;
    std::uint64_t bytes = 0;
    Source source;
};

struct Chart {
    Patient patient;
    std::string dataAsOf;
    std::string allergyStatement; // recorded, none_known, not_recorded
    std::string allergyWords;     // none_known: what the record says where it says less than "all"
    std::vector<Allergy> allergies;
    std::vector<Allergy> allergyStatements; // "No known ..." entries, each with its source
    std::vector<Problem> problems;
    std::vector<Medication> medications;
    std::vector<Lab> labs; // newest first
    std::vector<Encounter> encounters;
    std::vector<OtherEntry> others;
    std::vector<DocumentEntry> documents;
};

struct DocumentText {
    std::uint64_t index = 0;
    std::string title, author, date, text;
    Source source;
};

struct OriginalText {
    std::string sha256;
    std::uint64_t begin = 0, end = 0;
    std::string text; // the original bytes
};

// ---- questions ----

struct QuestionRequest {
    std::string question;
    std::string conversation; // empty: begins a new one
    std::uint32_t maxTokens = 400;
    double temperature = 0;
    double topP = 1;
    std::uint64_t seed = 0;
};

struct EvidenceItem {
    int number = 0;
    std::string kind; // fact, passage
    std::string label, text, date;
    Source source;
    std::int64_t documentIndex = -1;  // of Chart::documents when it was cited; source stays true
    std::uint64_t begin = 0, end = 0; // passages: bytes of the document's text; facts: as source
};

struct Coverage {
    std::string line;
    std::uint64_t documents = 0, searched = 0, unreadable = 0;
    std::string from, to, dataAsOf;
};

struct Claim {
    std::string sentence;
    std::string verdict; // supported, partly, not_supported, computed, no_claim
    std::vector<int> cited;
    bool attached = false; // the evidence was found by the program, the model cited none
    std::vector<std::string> reasons;
    std::vector<int> corrected; // numbers that the model wrote; cited stands in their place
};

struct Conflict {
    std::string sentence;
    std::vector<int> cited;
};

struct ModelName {
    std::string name, sha256;
};

struct Answer {
    std::string kind; // lookup, model, abstention
    std::string text;
    std::vector<Claim> claims;
    std::vector<EvidenceItem> evidence;
    Coverage coverage;
    std::vector<Conflict> conflicts;
    std::string state;      // complete, cancelled, failed, interrupted
    std::string abstention; // not_recorded, out_of_scope, only_unreadable, ""
    std::optional<ModelName> model;
    std::uint64_t seed = 0;
    std::uint32_t promptTokens = 0, generatedTokens = 0;
    double secondsToFirstToken = 0;
    bool draft = false; // a model wrote it
};

/// The events of one question's stream, in the order of docs/formats/api.md.
struct Accepted {
    std::string conversation, turn, asked;
    std::uint32_t place = 0; // questions before this one
};

struct EvidenceFound {
    std::vector<EvidenceItem> items;
    Coverage coverage;
};

struct Progress {
    std::string phase; // queued, reading, writing
    std::uint32_t done = 0, total = 0;
};

struct TokenText {
    std::string text;
};

struct Done {
    std::string turn;
    Answer answer;
};

struct Failed {
    Error error;
    std::string turn; // empty when the question was not accepted
};

// ---- conversations ----

struct Conversation {
    std::string id, patient, title, started, changed;
    std::uint64_t turns = 0;
};

struct Turn {
    std::string id, asked, question;
    std::optional<Answer> answer;
};

struct ConversationTurns {
    Conversation conversation;
    std::vector<Turn> turns;
};

struct ConversationHit {
    Conversation conversation;
    std::string turn;
    std::string excerpt; // the match between U+0002 and U+0003
};

struct ConversationList {
    std::vector<Conversation> conversations;
};

struct ConversationQuery {
    std::string query;
    std::uint64_t limit = 50;
};

struct ConversationHits {
    std::vector<ConversationHit> hits;
};

// ---- IT and compliance ----

struct Account {
    std::string name, passphrase;
};

struct InitRequest {
    Account admin, steward, compliance;
};

struct InitAnswer {
    std::vector<std::string> recoveryShares;
};

struct Refusal {
    std::string ticket, reason, when;
};

struct ServiceStatus {
    bool initialised = false;
    std::uint64_t users = 0;
    std::uint64_t waiting = 0, merged = 0; // inbox; merged: since the daemon started
    std::vector<Refusal> refused;
    ModelStatus model;
    std::uint64_t auditEntries = 0;
    bool auditWritable = false;
    std::uint64_t auditLost = 0; // events that will never be recorded, since the daemon started
    std::string protection;
    std::uint64_t lockedOut = 0;           // users whose passphrase needs another device secret
    bool mdwe = false;                     // executable memory is denied by the kernel
    std::optional<std::uint64_t> patients; // not known while nobody holds the records key
};

struct ImportReceipt {
    std::string ticket;
    std::vector<std::pair<std::string, std::uint64_t>> resources;
    std::vector<std::string> warnings;
};

struct RecoverRequest {
    std::string user;
    std::vector<std::string> shares;
    std::string passphrase;
};

struct NewUserRequest {
    std::string name, role;
};

struct NewUser {
    std::string id, code; // code: one-time, with which the user sets a passphrase
};

struct UserList {
    std::vector<UserInfo> users;
};

} // namespace api
