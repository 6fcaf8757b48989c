// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace audit {

/// What happened. The numbers are part of the format and never change their meaning.
enum class Kind : std::uint16_t {
    ServiceStart = 1,
    ServiceStop = 2,
    Heartbeat = 3,
    TimeJump = 4,
    TailCut = 5,
    Init = 10,
    UserAdd = 11,
    UserEnrol = 12,
    Admit = 13,
    Recovery = 14,
    UserList = 15,
    Status = 16,
    PassphraseChange = 17,
    SignIn = 20,
    SignOut = 21,
    Lock = 22,
    LeaseEnd = 23,
    PatientList = 30,
    PatientSearch = 31,
    PatientOpen = 32,
    DocumentOpen = 33,
    HistoryList = 40,
    HistoryOpen = 41,
    HistorySearch = 42,
    HistoryExport = 43,
    QuestionIntent = 50,
    QuestionOutcome = 51,
    Interrupted = 52,
    Recovered = 53,
    ChatIntent = 54,
    ChatOutcome = 55,
    Import = 60,
    Merge = 61,
    AuditRead = 70,
    AuditExport = 71,
    Erasure = 72,
};

enum class Outcome : std::uint8_t {
    Success = 0,
    Failed = 1,
    Refused = 2,
    Cancelled = 3,
    Pending = 4
};

/// One event, before it is recorded.
struct Event {
    Kind kind = Kind::ServiceStart;
    Outcome outcome = Outcome::Success;
    std::string reason;  // a code such as "wrong_passphrase"; [a-z0-9_]*, <= 64 bytes
    std::string actor;   // user name of the account; empty: nobody signed in
    std::string session; // session id (not the token)
    std::uint32_t peerUid = 0;
    std::int32_t peerPid = 0;
    std::optional<std::uint64_t> closes; // index of the intent that this outcome closes

    /// Not about a patient: counts, hashes, ids of models. Keys [a-z_]+, values <= 256 bytes.
    std::map<std::string, std::string> plain;

    /// Identifies a patient or repeats what was typed: "patient", "query", "question_digest".
    /// Only a salted commitment of each goes into the record; salt and plaintext go, sealed to the
    /// compliance key, into the side table that can be deleted.
    std::map<std::string, std::string> committed;
};

} // namespace audit
