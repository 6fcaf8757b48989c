// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "storage/error.h"
#include "storage/records/chart.h"
#include "storage/secret.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace records {

struct PatientSummary {
    std::string id;
    std::string name; // display name
    std::string born; // as recorded
    std::string gender;
    std::string medicalRecordNumber;
    std::string dataAsOf;
};

/// A stretch of a Document's text that matches a query.
struct Passage {
    Source document;         // the Document's own: its place in a chart may be another by now
    std::uint64_t begin = 0; // byte span in Document::text
    std::uint64_t end = 0;
    double score = 0; // larger is better
};

struct MergeOutcome {
    std::string patient;       // id
    bool alreadyThere = false; // this very document had been merged before: nothing was changed
    bool newPatient = false;
    std::size_t added = 0; // resources that were new or changed
};

/// The hospital's records: one SQLCipher database with the original bytes of every document.
/// Format: docs/formats/records.md. Threads: one thread at a time; open a second for another.
class RecordStore {
public:
    static storage::Result<std::unique_ptr<RecordStore>> open(const std::filesystem::path& file,
                                                              const storage::Secret& recordsKey);
    ~RecordStore();

    /// One transaction: all of the document or nothing. Same patient = same MR identifier, else
    /// a Patient.id that the patient has come under. A resource that came before (type and id) is
    /// replaced by its newer version and not listed twice; chart.withdrawn takes back what earlier
    /// documents said. @p original hashes to chart's Source::document.
    storage::Result<MergeOutcome> merge(const audit::Receipt& receipt, const Chart& chart,
                                        std::span<const std::byte> original,
                                        std::string_view importedAt);

    storage::Result<std::vector<PatientSummary>> search(const audit::Receipt& receipt,
                                                        std::string_view query, std::size_t limit,
                                                        std::size_t offset);
    /// How many patients search() would find without a limit.
    storage::Result<std::uint64_t> count(const audit::Receipt& receipt, std::string_view query);
    storage::Result<Chart> chart(const audit::Receipt& receipt, std::string_view patient);
    /// FTS5, BM25, best first. Words of the query are searched as words, never as FTS syntax.
    storage::Result<std::vector<Passage>> passages(const audit::Receipt& receipt,
                                                   std::string_view patient, std::string_view query,
                                                   std::size_t limit);
    /// The original bytes [begin, end) of a document of this patient; end 0: to its end.
    storage::Result<std::vector<std::byte>> original(const audit::Receipt& receipt,
                                                     std::string_view patient,
                                                     std::string_view document, std::uint64_t begin,
                                                     std::uint64_t end);

private:
    struct State;
    explicit RecordStore(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace records
