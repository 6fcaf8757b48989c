// SPDX-License-Identifier: Apache-2.0
#include "storage/records/fact_rows.h"

#include "storage/byte_codec.h"
#include "storage/digest.h"
#include "storage/records/passages.h"

#include <algorithm>
#include <array>

namespace records {
namespace {

constexpr std::size_t kDigestBytes = 16; // tells equal facts from changed ones; not a signature

/// In the order of FactTable::m_statements.
enum Prepared : std::size_t {
    InsertFact,
    InsertPassage,
    InsertText,
    SelectPassages,
    DeleteText,
    DeleteFact,
    KeepVersion
};
constexpr std::array<std::string_view, 7> kPrepared{
    "INSERT INTO fact(patient, kind, resource_type, resource_id, path, document, span_begin,"
    " span_end, digest, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    "INSERT INTO passage(fact, span_begin, span_end) VALUES(?1, ?2, ?3)",
    "INSERT INTO passage_text(rowid, patient, title, text) VALUES(?1, ?2, ?3, ?4)",
    "SELECT number FROM passage WHERE fact = ?1",
    "DELETE FROM passage_text WHERE rowid = ?1",
    "DELETE FROM fact WHERE number = ?1",
    "INSERT OR REPLACE INTO version(patient, resource_type, resource_id, updated)"
    " VALUES(?1, ?2, ?3, ?4)",
};

template <typename T>
FactRow rowOf(FactKind kind, const T& fact)
{
    auto body = encodeFact(fact);
    storage::ByteWriter summed;
    summed.u8(static_cast<std::uint8_t>(kind)).text(fact.source.path).bytes(body);
    const auto digest = storage::sha256(summed.written());
    FactRow row{kind,
                &fact.source,
                nullptr,
                std::move(body),
                {digest.begin(), digest.begin() + kDigestBytes}};
    if constexpr (std::is_same_v<T, Document>)
        row.document = &fact;
    return row;
}

std::string keyOf(std::string_view type, std::string_view id, std::string_view document)
{
    std::string key(type);
    key.append("/").append(id);
    if (isNameless(id))
        key.append("@").append(document);
    return key;
}

std::vector<std::vector<std::byte>> sorted(std::vector<std::vector<std::byte>> digests)
{
    std::ranges::sort(digests);
    return digests;
}

} // namespace

bool isNameless(std::string_view resourceId)
{
    return resourceId.empty() || resourceId.starts_with("entry[");
}

std::string keyOf(const Source& source)
{
    return keyOf(source.resourceType, source.resourceId, source.document);
}

std::vector<ResourceRows> rowsByResource(const Chart& chart)
{
    std::vector<ResourceRows> resources;
    std::map<std::string, std::size_t> places;
    const auto add = [&](FactKind kind, const auto& facts) {
        for (const auto& fact : facts) {
            const auto [place, fresh] = places.try_emplace(keyOf(fact.source), resources.size());
            if (fresh)
                resources.emplace_back();
            resources[place->second].push_back(rowOf(kind, fact));
        }
    };
    add(FactKind::Allergy, chart.allergies);
    add(FactKind::Condition, chart.conditions);
    add(FactKind::Medication, chart.medications);
    add(FactKind::Observation, chart.observations);
    add(FactKind::Encounter, chart.encounters);
    add(FactKind::Other, chart.others);
    add(FactKind::Document, chart.documents);
    return resources;
}

storage::Result<FactTable> FactTable::open(storage::Database& database, std::int64_t patient,
                                           std::string_view patientId)
{
    FactTable table(database, patient, patientId);
    if (const auto loaded = table.load(); !loaded)
        return std::unexpected(loaded.error());
    if (const auto loaded = table.loadVersions(); !loaded)
        return std::unexpected(loaded.error());
    for (const std::string_view sql : kPrepared) {
        auto statement = database.prepare(sql);
        if (!statement)
            return std::unexpected(statement.error());
        table.m_statements.push_back(std::move(*statement));
    }
    return table;
}

storage::Result<void> FactTable::load()
{
    auto select = m_database->prepare(
        "SELECT number, resource_type, resource_id, document, digest FROM fact WHERE patient = ?1");
    if (!select)
        return std::unexpected(select.error());
    select->bind(1, m_patient);
    for (;;) {
        const auto row = select->step();
        if (!row)
            return std::unexpected(row.error());
        if (!*row)
            return {};
        const std::string id = select->text(2);
        const auto blob = select->blob(4);
        std::vector<std::byte> digest(blob.begin(), blob.end());
        if (isNameless(id))
            m_nameless.insert(digest);
        m_known[keyOf(select->text(1), id, select->text(3))].push_back(
            {select->integer(0), std::move(digest)});
    }
}

storage::Result<void> FactTable::loadVersions()
{
    auto select = m_database->prepare(
        "SELECT resource_type, resource_id, updated FROM version WHERE patient = ?1");
    if (!select)
        return std::unexpected(select.error());
    const auto versions = select->bind(1, m_patient).rows([](const storage::Statement& row) {
        return std::pair(keyOf(row.text(0), row.text(1), {}), parseDate(row.text(2)));
    });
    if (!versions)
        return std::unexpected(versions.error());
    m_versions = {versions->begin(), versions->end()};
    return {};
}

storage::Result<void> FactTable::setVersion(const ResourceVersion& version)
{
    if (isNameless(version.resourceId) || !version.updated.known())
        return {};
    const std::string key = keyOf(version.resourceType, version.resourceId, {});
    Date& newest = m_versions[key];
    if (earlier(version.updated, newest)) {
        m_outdated.insert(key);
        return {};
    }
    if (newest == version.updated)
        return {};
    newest = version.updated;
    return m_statements[KeepVersion]
        .bind(1, m_patient)
        .bind(2, version.resourceType)
        .bind(3, version.resourceId)
        .bind(4, version.updated.text)
        .run();
}

storage::Result<bool> FactTable::put(const ResourceRows& rows)
{
    // A resource without an id that another document told in the same words is the same one.
    if (isNameless(rows.front().source->resourceId) &&
        std::ranges::all_of(rows,
                            [&](const FactRow& row) { return m_nameless.contains(row.digest); }))
        return false;

    if (m_outdated.contains(keyOf(*rows.front().source)))
        return false;

    std::vector<std::vector<std::byte>> before;
    std::vector<std::vector<std::byte>> after;
    auto& known = m_known[keyOf(*rows.front().source)];
    for (const Known& fact : known)
        before.push_back(fact.digest);
    for (const FactRow& row : rows)
        after.push_back(row.digest);
    if (sorted(std::move(before)) == sorted(std::move(after)))
        return false;

    for (const Known& fact : known) {
        if (const auto removed = remove(fact.number); !removed)
            return std::unexpected(removed.error());
    }
    known.clear();
    for (const FactRow& row : rows) {
        if (const auto inserted = insert(row); !inserted)
            return std::unexpected(inserted.error());
    }
    return true;
}

storage::Result<bool> FactTable::withdraw(const Source& source)
{
    if (isNameless(source.resourceId))
        return false; // nobody can tell what it was called before
    if (m_outdated.contains(keyOf(source)))
        return false;
    auto& known = m_known[keyOf(source)];
    for (const Known& fact : known) {
        if (const auto removed = remove(fact.number); !removed)
            return std::unexpected(removed.error());
    }
    const bool any = !known.empty();
    known.clear();
    return any;
}

storage::Result<void> FactTable::remove(std::int64_t number)
{
    auto& select = m_statements[SelectPassages];
    const auto passages =
        select.bind(1, number).rows([](const storage::Statement& row) { return row.integer(0); });
    if (!passages)
        return std::unexpected(passages.error());
    for (const std::int64_t passage : *passages) {
        if (auto gone = m_statements[DeleteText].bind(1, passage).run(); !gone)
            return gone;
    }
    return m_statements[DeleteFact].bind(1, number).run(); // its passages go with it
}

storage::Result<void> FactTable::insert(const FactRow& row)
{
    const Source& source = *row.source;
    auto inserted = m_statements[InsertFact]
                        .bind(1, m_patient)
                        .bind(2, static_cast<std::int64_t>(row.kind))
                        .bind(3, source.resourceType)
                        .bind(4, source.resourceId)
                        .bind(5, source.path)
                        .bind(6, source.document)
                        .bind(7, static_cast<std::int64_t>(source.begin))
                        .bind(8, static_cast<std::int64_t>(source.end))
                        .bind(9, row.digest)
                        .bind(10, row.body)
                        .run();
    if (!inserted || row.document == nullptr)
        return inserted;
    return insertPassages(m_database->lastRow(), *row.document);
}

storage::Result<void> FactTable::insertPassages(std::int64_t number, const Document& document)
{
    for (const auto& [begin, end] : passagesOf(document.text)) {
        auto passage = m_statements[InsertPassage]
                           .bind(1, number)
                           .bind(2, static_cast<std::int64_t>(begin))
                           .bind(3, static_cast<std::int64_t>(end))
                           .run();
        if (!passage)
            return passage;
        auto text = m_statements[InsertText]
                        .bind(1, m_database->lastRow())
                        .bind(2, m_patientId)
                        .bind(3, document.title)
                        .bind(4, std::string_view(document.text).substr(begin, end - begin))
                        .run();
        if (!text)
            return text;
    }
    return {};
}

} // namespace records
