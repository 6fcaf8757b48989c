// SPDX-License-Identifier: Apache-2.0
#include "storage/records/record_store.h"

#include "storage/database.h"
#include "storage/file.h"
#include "storage/fts_query.h"
#include "storage/records/fact_codec.h"
#include "storage/records/patient_query.h"
#include "storage/records/record_merge.h"
#include "storage/records/record_schema.h"
#include "storage/sealing.h"

#include <algorithm>

namespace records {

using storage::Errc;
using storage::Error;
using storage::Result;

namespace {

/// A fact's document, resource type and id, path and span, which stand from @p column on.
Source sourceIn(const storage::Statement& row, int column)
{
    return {.document = row.text(column),
            .resourceType = row.text(column + 1),
            .resourceId = row.text(column + 2),
            .path = row.text(column + 3),
            .begin = static_cast<std::uint64_t>(row.integer(column + 4)),
            .end = static_cast<std::uint64_t>(row.integer(column + 5))};
}

} // namespace

struct RecordStore::State {
    storage::Database database;

    /// The patient's row. Errors: NotFound.
    Result<std::int64_t> rowOf(std::string_view patient)
    {
        auto select = database.prepare("SELECT number FROM patient WHERE id = ?1");
        if (!select)
            return std::unexpected(select.error());
        const auto row = select->bind(1, patient).step();
        if (!row)
            return std::unexpected(row.error());
        if (!*row)
            return std::unexpected(Error{Errc::NotFound, "no such patient"});
        return select->integer(0);
    }

    Result<void> readPatient(std::int64_t row, Chart& chart)
    {
        auto select = database.prepare("SELECT id, as_of, document, resource_id, span_begin,"
                                       " span_end, body FROM patient WHERE number = ?1");
        if (!select)
            return std::unexpected(select.error());
        const auto there = select->bind(1, row).step();
        if (!there)
            return std::unexpected(there.error());
        chart.patient.id = select->text(0);
        chart.dataAsOf = select->text(1);
        chart.patient.source = {select->text(2),
                                "Patient",
                                select->text(3),
                                "",
                                static_cast<std::uint64_t>(select->integer(4)),
                                static_cast<std::uint64_t>(select->integer(5))};
        return decodeFact(select->blob(6), chart.patient);
    }

    Result<void> readFacts(std::int64_t row, Chart& chart)
    {
        auto select = database.prepare(
            "SELECT kind, document, resource_type, resource_id, path, span_begin, span_end, body"
            " FROM fact WHERE patient = ?1 ORDER BY number");
        if (!select)
            return std::unexpected(select.error());
        select->bind(1, row);
        for (;;) {
            const auto there = select->step();
            if (!there)
                return std::unexpected(there.error());
            if (!*there)
                return {};
            if (auto read = decodeFact(static_cast<FactKind>(select->integer(0)), select->blob(7),
                                       sourceIn(*select, 1), chart);
                !read)
                return read;
        }
    }
};

RecordStore::RecordStore(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

RecordStore::~RecordStore() = default;

Result<std::unique_ptr<RecordStore>> RecordStore::open(const std::filesystem::path& file,
                                                       const storage::Secret& recordsKey)
{
    // The RecordsKey also opens the inbox: no key serves two purposes.
    const auto key = storage::derive(recordsKey, "records-database");
    if (!key)
        return std::unexpected(key.error());
    if (const auto folder = storage::ensureFolder(file.parent_path()); !folder)
        return std::unexpected(folder.error());
    auto database = storage::Database::open(file, *key, storage::Database::Mode::Create);
    if (!database)
        return std::unexpected(database.error());
    if (const auto ready = storage::migrate(*database, file, kRecordSteps); !ready)
        return std::unexpected(ready.error());
    return std::unique_ptr<RecordStore>(
        new RecordStore(std::make_unique<State>(State{std::move(*database)})));
}

Result<MergeOutcome> RecordStore::merge(const audit::Receipt&, const Chart& chart,
                                        std::span<const std::byte> original,
                                        std::string_view importedAt)
{
    return Merge(m_state->database, chart, importedAt).run(original);
}

Result<std::vector<PatientSummary>> RecordStore::search(const audit::Receipt&,
                                                        std::string_view query, std::size_t limit,
                                                        std::size_t offset)
{
    const std::string words = patientQuery(query);
    auto select = m_state->database.prepare(
        "SELECT id, name, born, gender, mrn, as_of FROM patient WHERE ?1 = '' OR number IN"
        " (SELECT rowid FROM patient_text WHERE patient_text MATCH nullif(?1, ''))"
        " ORDER BY name COLLATE NOCASE, id LIMIT ?2 OFFSET ?3");
    if (!select)
        return std::unexpected(select.error());
    constexpr std::size_t kMost = 1U << 30U; // SQLite reads a negative limit as none
    select->bind(1, words)
        .bind(2, static_cast<std::int64_t>(std::min(limit, kMost)))
        .bind(3, static_cast<std::int64_t>(std::min(offset, kMost)));
    return select->rows([](const storage::Statement& row) {
        return PatientSummary{row.text(0), row.text(1), row.text(2),
                              row.text(3), row.text(4), row.text(5)};
    });
}

Result<std::uint64_t> RecordStore::count(const audit::Receipt&, std::string_view query)
{
    const std::string words = patientQuery(query);
    auto select = m_state->database.prepare(
        words.empty() ? "SELECT count(*), ?1 FROM patient"
                      : "SELECT count(*) FROM patient_text WHERE patient_text MATCH ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto row = select->bind(1, words).step();
    if (!row)
        return std::unexpected(row.error());
    return static_cast<std::uint64_t>(select->integer(0));
}

Result<Chart> RecordStore::chart(const audit::Receipt&, std::string_view patient)
{
    const auto row = m_state->rowOf(patient);
    if (!row)
        return std::unexpected(row.error());
    Chart chart;
    if (const auto read = m_state->readPatient(*row, chart); !read)
        return std::unexpected(read.error());
    if (const auto read = m_state->readFacts(*row, chart); !read)
        return std::unexpected(read.error());
    return chart;
}

Result<std::vector<Passage>> RecordStore::passages(const audit::Receipt&, std::string_view patient,
                                                   std::string_view query, std::size_t limit)
{
    const auto row = m_state->rowOf(patient);
    if (!row)
        return std::unexpected(row.error());
    const std::string words = storage::anyWord(query);
    if (words.empty() || limit == 0)
        return std::vector<Passage>{};
    const std::string match =
        "patient : " + storage::quoted(patient) + " AND {title text} : (" + words + ")";
    auto select = m_state->database.prepare(
        "SELECT fact.document, fact.resource_type, fact.resource_id, fact.path, fact.span_begin,"
        " fact.span_end, passage.span_begin, passage.span_end,"
        " bm25(passage_text, 0.0, 0.5, 1.0) AS score"
        " FROM passage_text JOIN passage ON passage.number = passage_text.rowid"
        " JOIN fact ON fact.number = passage.fact"
        " WHERE passage_text MATCH ?1 ORDER BY score, passage.number LIMIT ?2");
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, match).bind(2, static_cast<std::int64_t>(limit));
    return select->rows([](const storage::Statement& passage) {
        return Passage{.document = sourceIn(passage, 0),
                       .begin = static_cast<std::uint64_t>(passage.integer(6)),
                       .end = static_cast<std::uint64_t>(passage.integer(7)),
                       .score = -passage.real(8)};
    });
}

Result<std::vector<std::byte>> RecordStore::original(const audit::Receipt&,
                                                     std::string_view patient,
                                                     std::string_view document, std::uint64_t begin,
                                                     std::uint64_t end)
{
    const auto row = m_state->rowOf(patient);
    if (!row)
        return std::unexpected(row.error());
    auto select =
        m_state->database.prepare("SELECT bytes FROM document WHERE hash = ?1 AND patient = ?2");
    if (!select)
        return std::unexpected(select.error());
    const auto there = select->bind(1, document).bind(2, *row).step();
    if (!there)
        return std::unexpected(there.error());
    if (!*there)
        return std::unexpected(Error{Errc::NotFound, "no such document of this patient"});
    const auto bytes = select->blob(0);
    const std::uint64_t last = end == 0 ? bytes.size() : end;
    if (begin > last || last > bytes.size())
        return std::unexpected(Error{Errc::Invalid, "the span lies outside the document"});
    const auto part = bytes.subspan(begin, last - begin);
    return std::vector<std::byte>(part.begin(), part.end());
}

} // namespace records
