// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database.h"
#include "storage/vault.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

/// One file of a vault: the conversations of one user that began in one month. Format:
/// docs/formats/vault.md. Threads: one thread at a time.
class VaultMonth {
public:
    static Result<VaultMonth> open(const std::filesystem::path& file, const Secret& key,
                                   Database::Mode mode);

    /// @p turn carries id, conversation, asked, question and intent; @p begins is the new
    /// conversation, or nothing when it must be there already and be about @p patient.
    /// Errors: NotFound.
    Result<void> ask(const Turn& turn, std::string_view patient,
                     const std::optional<Conversation>& begins);
    Result<void> answer(const Turn& turn); // NotFound, AlreadyExists, Invalid

    /// Newest change first.
    Result<std::vector<Conversation>> list(std::optional<std::string_view> patient);
    Result<std::vector<Turn>> turns(std::string_view conversation); // NotFound
    Result<std::vector<VaultHit>> search(std::string_view query, std::size_t limit);
    Result<std::vector<Turn>> pending();
    Result<std::optional<Turn>> turnOfIntent(std::uint64_t intent);

private:
    explicit VaultMonth(Database database)
        : m_database(std::move(database))
    {
    }
    Result<void> begin(const Conversation& conversation);
    Result<void> checkPatient(std::string_view conversation, std::string_view patient);
    Result<void> indexQuestion(std::string_view question);
    Result<void> reindexAnswer(std::int64_t number, const Turn& turn);
    Result<void> touch(std::string_view conversation);

    Database m_database;
};

} // namespace storage
