// SPDX-License-Identifier: Apache-2.0
#include "storage/vault_month.h"

#include "storage/fts_query.h"
#include "storage/ids.h"
#include "storage/migrations.h"

#include <array>

namespace storage {
namespace {

constexpr std::array kSteps{
    Migration{"CREATE TABLE conversation("
              "  id TEXT PRIMARY KEY, patient TEXT NOT NULL, title TEXT NOT NULL,"
              "  started TEXT NOT NULL, changed TEXT NOT NULL) WITHOUT ROWID;"
              "CREATE TABLE turn("
              "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
              "  conversation TEXT NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,"
              "  asked TEXT NOT NULL, question TEXT NOT NULL, state INTEGER NOT NULL,"
              "  answer TEXT NOT NULL, detail TEXT NOT NULL, intent INTEGER NOT NULL);"
              "CREATE INDEX turn_conversation ON turn(conversation, number);"
              "CREATE INDEX turn_intent ON turn(intent);"
              "CREATE INDEX turn_pending ON turn(state) WHERE state = 0;"
              "CREATE VIRTUAL TABLE turn_text USING fts5(question, answer,"
              "  content='turn', content_rowid='number',"
              "  tokenize='unicode61 remove_diacritics 2');"
              "INSERT INTO turn_text(turn_text, rank) VALUES('secure-delete', 1);"},
};

constexpr std::string_view kTurnColumns =
    "turn.id, turn.conversation, turn.asked, turn.question, turn.state, turn.answer,"
    " turn.detail, turn.intent";
constexpr std::string_view kConversationColumns =
    "conversation.id, conversation.patient, conversation.title, conversation.started,"
    " conversation.changed,"
    " (SELECT count(*) FROM turn AS t WHERE t.conversation = conversation.id)";
constexpr int kConversationWidth = 6;

Turn turnAt(const Statement& row)
{
    Turn turn;
    turn.id = row.text(0);
    turn.conversation = row.text(1);
    turn.asked = row.text(2);
    turn.question = row.text(3);
    turn.state = static_cast<AnswerState>(row.integer(4));
    turn.answer = row.text(5);
    turn.detail = row.text(6);
    turn.intent = static_cast<std::uint64_t>(row.integer(7));
    return turn;
}

Conversation conversationAt(const Statement& row)
{
    Conversation conversation;
    conversation.id = row.text(0);
    conversation.patient = row.text(1);
    conversation.title = row.text(2);
    conversation.started = row.text(3);
    conversation.changed = row.text(4);
    conversation.turns = static_cast<std::size_t>(row.integer(5));
    return conversation;
}

std::string selecting(std::string_view columns, std::string_view rest)
{
    return std::string("SELECT ").append(columns).append(" ").append(rest);
}

std::unexpected<Error> notFound()
{
    return std::unexpected(Error{Errc::NotFound, "no such conversation"});
}

} // namespace

Result<VaultMonth> VaultMonth::open(const std::filesystem::path& file, const Secret& key,
                                    Database::Mode mode)
{
    auto database = Database::open(file, key, mode);
    if (!database)
        return std::unexpected(database.error());
    if (const auto ready = migrate(*database, file, kSteps); !ready)
        return std::unexpected(ready.error());
    return VaultMonth(std::move(*database));
}

Result<void> VaultMonth::begin(const Conversation& conversation)
{
    auto insert =
        m_database.prepare("INSERT INTO conversation(id, patient, title, started, changed)"
                           " VALUES(?1, ?2, ?3, ?4, ?4)");
    if (!insert)
        return std::unexpected(insert.error());
    return insert->bind(1, conversation.id)
        .bind(2, conversation.patient)
        .bind(3, conversation.title)
        .bind(4, conversation.started)
        .run();
}

Result<void> VaultMonth::checkPatient(std::string_view conversation, std::string_view patient)
{
    auto select = m_database.prepare("SELECT patient FROM conversation WHERE id = ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, conversation).step();
    if (!row)
        return std::unexpected(row.error());
    if (!*row || select->text(0) != patient)
        return notFound();
    return {};
}

Result<void> VaultMonth::indexQuestion(std::string_view question)
{
    const std::int64_t number = m_database.lastRow();
    auto insert =
        m_database.prepare("INSERT INTO turn_text(rowid, question, answer) VALUES(?1, ?2, '')");
    if (!insert)
        return std::unexpected(insert.error());
    return insert->bind(1, number).bind(2, question).run();
}

Result<void> VaultMonth::touch(std::string_view conversation)
{
    const std::string now = utcText(Clock::now());
    auto update = m_database.prepare("UPDATE conversation SET changed = ?2 WHERE id = ?1");
    if (!update)
        return std::unexpected(update.error());
    return update->bind(1, conversation).bind(2, now).run();
}

Result<void> VaultMonth::ask(const Turn& turn, std::string_view patient,
                             const std::optional<Conversation>& begins)
{
    auto transaction = m_database.begin();
    if (!transaction)
        return std::unexpected(transaction.error());
    if (begins) {
        if (auto begun = begin(*begins); !begun)
            return begun;
    } else if (auto same = checkPatient(turn.conversation, patient); !same) {
        return same;
    }
    auto insert = m_database.prepare(
        "INSERT INTO turn(id, conversation, asked, question, state, answer, detail, intent)"
        " VALUES(?1, ?2, ?3, ?4, 0, '', '', ?5)");
    if (!insert)
        return std::unexpected(insert.error());
    auto stored = insert->bind(1, turn.id)
                      .bind(2, turn.conversation)
                      .bind(3, turn.asked)
                      .bind(4, turn.question)
                      .bind(5, static_cast<std::int64_t>(turn.intent))
                      .run();
    if (!stored)
        return stored;
    if (auto indexed = indexQuestion(turn.question); !indexed)
        return indexed;
    if (auto touched = touch(turn.conversation); !touched)
        return touched;
    return transaction->commit();
}

Result<void> VaultMonth::reindexAnswer(std::int64_t number, const Turn& turn)
{
    // The index keeps no copy of the text: the old words must be named to be taken out.
    auto select = m_database.prepare("SELECT question, answer FROM turn WHERE number = ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, number).step();
    if (!row)
        return std::unexpected(row.error());
    const std::string question = select->text(0);
    const std::string before = select->text(1);
    auto remove = m_database.prepare(
        "INSERT INTO turn_text(turn_text, rowid, question, answer) VALUES('delete', ?1, ?2, ?3)");
    if (!remove)
        return std::unexpected(remove.error());
    if (auto gone = remove->bind(1, number).bind(2, question).bind(3, before).run(); !gone)
        return gone;
    auto insert =
        m_database.prepare("INSERT INTO turn_text(rowid, question, answer) VALUES(?1, ?2, ?3)");
    if (!insert)
        return std::unexpected(insert.error());
    return insert->bind(1, number).bind(2, question).bind(3, turn.answer).run();
}

Result<void> VaultMonth::answer(const Turn& turn)
{
    if (turn.state == AnswerState::Pending)
        return std::unexpected(Error{Errc::Invalid, "an answer must be in a final state"});
    auto transaction = m_database.begin();
    if (!transaction)
        return std::unexpected(transaction.error());
    auto select =
        m_database.prepare("SELECT number, state FROM turn WHERE id = ?1 AND conversation = ?2");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, turn.id).bind(2, turn.conversation).step();
    if (!row)
        return std::unexpected(row.error());
    if (!*row)
        return notFound();
    const std::int64_t number = select->integer(0);
    if (select->integer(1) != 0)
        return std::unexpected(Error{Errc::AlreadyExists, "the turn has its answer"});
    select->reset();

    if (auto indexed = reindexAnswer(number, turn); !indexed)
        return indexed;
    auto update = m_database.prepare(
        "UPDATE turn SET state = ?2, answer = ?3, detail = ?4 WHERE number = ?1");
    if (!update)
        return std::unexpected(update.error());
    auto stored = update->bind(1, number)
                      .bind(2, static_cast<std::int64_t>(turn.state))
                      .bind(3, turn.answer)
                      .bind(4, turn.detail)
                      .run();
    if (!stored)
        return stored;
    if (auto touched = touch(turn.conversation); !touched)
        return touched;
    return transaction->commit();
}

Result<std::vector<Conversation>> VaultMonth::list(std::optional<std::string_view> patient)
{
    auto select = m_database.prepare(
        selecting(kConversationColumns,
                  "FROM conversation WHERE ?1 = 0 OR patient = ?2 ORDER BY changed DESC, id DESC"));
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, std::int64_t{patient ? 1 : 0}).bind(2, patient.value_or(""));
    return select->rows(conversationAt);
}

Result<std::vector<Turn>> VaultMonth::turns(std::string_view conversation)
{
    auto select = m_database.prepare(
        selecting(kTurnColumns, "FROM turn WHERE conversation = ?1 ORDER BY number"));
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, conversation);
    auto found = select->rows(turnAt);
    if (found && found->empty())
        return notFound();
    return found;
}

Result<std::vector<VaultHit>> VaultMonth::search(std::string_view query, std::size_t limit)
{
    const std::string words = allWords(query);
    if (words.empty() || limit == 0)
        return std::vector<VaultHit>{};
    auto select = m_database.prepare(selecting(
        kConversationColumns, ", turn.id, snippet(turn_text, -1, char(2), char(3), '…', 24)"
                              " FROM turn_text JOIN turn ON turn.number = turn_text.rowid"
                              " JOIN conversation ON conversation.id = turn.conversation"
                              " WHERE turn_text MATCH ?1 ORDER BY turn.number DESC LIMIT ?2"));
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, words).bind(2, static_cast<std::int64_t>(limit));
    return select->rows([](const Statement& row) {
        return VaultHit{conversationAt(row), row.text(kConversationWidth),
                        row.text(kConversationWidth + 1)};
    });
}

Result<std::vector<Turn>> VaultMonth::pending()
{
    auto select =
        m_database.prepare(selecting(kTurnColumns, "FROM turn WHERE state = 0 ORDER BY number"));
    if (!select)
        return std::unexpected(select.error());
    return select->rows(turnAt);
}

Result<std::optional<Turn>> VaultMonth::turnOfIntent(std::uint64_t intent)
{
    auto select =
        m_database.prepare(selecting(kTurnColumns, "FROM turn WHERE intent = ?1 LIMIT 1"));
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, static_cast<std::int64_t>(intent));
    auto found = select->rows(turnAt);
    if (!found)
        return std::unexpected(found.error());
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

} // namespace storage
