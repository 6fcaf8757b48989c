// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "storage/error.h"
#include "storage/key_store.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

enum class AnswerState : std::uint8_t {
    Pending = 0, // acknowledged; no answer yet
    Complete = 1,
    Cancelled = 2, // the partial text is kept: it has been read
    Failed = 3,
    Interrupted = 4, // the daemon ended while it was answered
};

/// One question with its answer. detail is the JSON of docs/formats/api.md ("answer"): sentences,
/// verdicts, evidence, coverage; the vault keeps it as it is.
struct Turn {
    std::string id; // UUIDv7
    std::string conversation;
    std::string asked; // ISO 8601 UTC
    std::string question;
    AnswerState state = AnswerState::Pending;
    std::string answer;
    std::string detail;
    std::uint64_t intent = 0; // index of the audit entry
};

struct Conversation {
    std::string id;      // UUIDv7; its time decides the month and so the file and the key
    std::string patient; // records::Patient::id, "" for a chat without a patient
    std::string title;   // first question, cut
    std::string started, changed;
    std::size_t turns = 0;
};

struct VaultHit {
    Conversation conversation;
    std::string turn;
    std::string excerpt; // with the match between U+0002 and U+0003
};

/// The place of one acknowledged answer. It holds the database of its month open and none of the
/// vault's keys, so that an answer which is still being written can be stored after the user's keys
/// were wiped (lock during generation). Threads: one at a time, which need not be the vault's.
class AnswerSlot {
public:
    virtual ~AnswerSlot() = default;
    /// As Vault::answer.
    virtual Result<void> answer(const audit::Receipt& intent, const Turn& turn) = 0;
};

/// One user's conversations: one SQLCipher file for each month in which a conversation began.
/// Format: docs/formats/vault.md. Threads: one thread at a time.
class Vault {
public:
    /// @p keys must outlive the vault. Errors: Database, Io, Corrupt, TooNew.
    static Result<std::unique_ptr<Vault>> open(const std::filesystem::path& folder, KeyStore& keys,
                                               std::string_view userId, const Secret& vaultKey);
    ~Vault();

    /// Commits the question (it would survive power loss) and returns its turn. An empty
    /// @p conversation begins a new one. Errors: NotFound when the conversation is not this user's
    /// or belongs to another patient.
    Result<Turn> ask(const audit::Receipt& receipt, std::string_view conversation,
                     std::string_view patient, std::string_view question);
    /// Stores the answer of a turn in one transaction; a turn that already has one is left alone
    /// (AlreadyExists).
    Result<void> answer(const audit::Receipt& intent, const Turn& turn);
    /// Where @p turn, which ask() returned, will be answered without this vault.
    Result<std::unique_ptr<AnswerSlot>> slot(const Turn& turn);

    Result<std::vector<Conversation>> list(const audit::Receipt& receipt,
                                           std::optional<std::string_view> patient,
                                           std::size_t limit, std::size_t offset);
    /// Errors: NotFound.
    Result<Conversation> conversation(const audit::Receipt& receipt, std::string_view id);
    Result<std::vector<Turn>> turns(const audit::Receipt& receipt, std::string_view conversation);
    Result<std::vector<VaultHit>> search(const audit::Receipt& receipt, std::string_view query,
                                         std::size_t limit);

    /// Pending turns, for the reconciliation at sign-in.
    Result<std::vector<Turn>> pending(const audit::Receipt& receipt);
    /// The turn whose question was stored under audit entry @p intent, for the same reconciliation:
    /// answered after all, or never stored (nullopt).
    Result<std::optional<Turn>> turnOfIntent(const audit::Receipt& receipt, std::uint64_t intent);

private:
    struct State;
    explicit Vault(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace storage
