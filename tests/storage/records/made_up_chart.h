// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/digest.h"
#include "storage/records/record_store.h"
#include "tests/storage/support.h"

/// Charts of made-up patients and a store to merge them into.
namespace made_up {

namespace fs = std::filesystem;
using audit::Kind;
using records::Chart;
using records::RecordStore;
using storage::Secret;

inline std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

/// A chart of one made-up patient; its "document" is the text @p original.
struct Made {
    explicit Made(std::string text)
        : original(std::move(text))
        , hash(storage::hexOf(storage::sha256(bytesOf(original))))
    {
        auto& patient = chart.patient;
        patient.resourceId = "pat-1";
        patient.family = "Nørgård";
        patient.given = "Élodie Maria";
        patient.prefix = "Ms";
        patient.gender = "female";
        patient.born = records::parseDate("1980-03-02");
        patient.identifiers = {{"urn:hospital", "MRN-00123", true}, {"urn:other", "X9", false}};
        patient.source = source("Patient", "pat-1");
    }
    records::Source source(std::string type, std::string id, std::string path = "") const
    {
        return {hash, std::move(type), std::move(id), std::move(path), 1, original.size()};
    }
    void addPotassium(const std::string& id, const std::string& value, const std::string& path = "")
    {
        auto& fact = chart.observations.emplace_back();
        fact.code = {"Potassium", {{"http://loinc.org", "2823-3", "K"}}};
        fact.category = "laboratory";
        fact.quantity = records::Quantity{value, "<", "mmol/L"};
        fact.low = records::Quantity{"3.5", "", "mmol/L"};
        fact.standing = records::Standing::Corrected;
        fact.effective = records::parseDate("2024-05-06T07:08:09+01:00");
        fact.source = source("Observation", id, path);
    }
    void addNote(const std::string& id, const std::string& text)
    {
        auto& note = chart.documents.emplace_back();
        note.title = "Progress note";
        note.author = "Dr. Who";
        note.date = records::parseDate("2024-05");
        note.text = text;
        note.source = source("DocumentReference", id);
    }
    /// meta.lastUpdated of one resource.
    void date(const std::string& type, const std::string& id, const std::string& updated)
    {
        chart.versions.push_back({type, id, records::parseDate(updated)});
    }

    std::string original;
    std::string hash;
    Chart chart;
};

struct Archive {
    Archive()
        : key(valueOf(Secret::random()))
    {
        reopen();
    }
    void reopen()
    {
        store.reset();
        store = valueOf(RecordStore::open(file(), key));
    }
    fs::path file() const { return scratch.folder() / "records" / "records.db"; }
    storage::Result<records::MergeOutcome> tryMerge(const Made& made)
    {
        return store->merge(scratch.receipt(Kind::Merge), made.chart, bytesOf(made.original),
                            "2026-01-02T03:04:05Z");
    }
    records::MergeOutcome merge(const Made& made) { return valueOf(tryMerge(made)); }
    Chart chart(std::string_view patient)
    {
        return valueOf(store->chart(scratch.receipt(Kind::PatientOpen), patient));
    }
    std::size_t found(std::string_view query)
    {
        const auto receipt = scratch.receipt(Kind::PatientSearch);
        const auto list = valueOf(store->search(receipt, query, 100, 0));
        if (valueOf(store->count(receipt, query)) != list.size())
            qFatal("count and search differ");
        return list.size();
    }

    Scratch scratch;
    Secret key;
    std::unique_ptr<RecordStore> store;
};

} // namespace made_up
