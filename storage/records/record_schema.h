// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/migrations.h"

#include <array>

namespace records {

/// The tables of the records database. Format: docs/formats/records.md.
/// A full-text row's patient column holds the patient's id as one word, so that a search reads the
/// passages of one patient only.
inline constexpr std::array kRecordSteps{
    storage::Migration{
        "CREATE TABLE patient("
        "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, resource_id TEXT NOT NULL,"
        "  name TEXT NOT NULL, born TEXT NOT NULL, gender TEXT NOT NULL, mrn TEXT NOT NULL,"
        "  as_of TEXT NOT NULL, document TEXT NOT NULL, span_begin INTEGER NOT NULL,"
        "  span_end INTEGER NOT NULL, body BLOB NOT NULL);"
        "CREATE INDEX patient_resource ON patient(resource_id);"
        "CREATE INDEX patient_name ON patient(name COLLATE NOCASE, id);"
        "CREATE TABLE identifier("
        "  patient INTEGER NOT NULL REFERENCES patient(number) ON DELETE CASCADE,"
        "  system TEXT NOT NULL, value TEXT NOT NULL, medical_record INTEGER NOT NULL,"
        "  PRIMARY KEY(system, value, medical_record, patient)) WITHOUT ROWID;"
        "CREATE INDEX identifier_patient ON identifier(patient);"
        "CREATE VIRTUAL TABLE patient_text USING fts5(name, born, identifiers,"
        "  tokenize='unicode61 remove_diacritics 2', prefix='1 2 3');"
        "INSERT INTO patient_text(patient_text, rank) VALUES('secure-delete', 1);"
        "CREATE TABLE document("
        "  hash TEXT PRIMARY KEY,"
        "  patient INTEGER NOT NULL REFERENCES patient(number) ON DELETE CASCADE,"
        "  imported TEXT NOT NULL, bytes BLOB NOT NULL);"
        "CREATE INDEX document_patient ON document(patient);"
        "CREATE TABLE fact("
        "  number INTEGER PRIMARY KEY,"
        "  patient INTEGER NOT NULL REFERENCES patient(number) ON DELETE CASCADE,"
        "  kind INTEGER NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL,"
        "  path TEXT NOT NULL, document TEXT NOT NULL REFERENCES document(hash),"
        "  span_begin INTEGER NOT NULL, span_end INTEGER NOT NULL,"
        "  digest BLOB NOT NULL, body BLOB NOT NULL);"
        "CREATE INDEX fact_patient ON fact(patient, kind);"
        "CREATE TABLE passage("
        "  number INTEGER PRIMARY KEY,"
        "  fact INTEGER NOT NULL REFERENCES fact(number) ON DELETE CASCADE,"
        "  span_begin INTEGER NOT NULL, span_end INTEGER NOT NULL);"
        "CREATE INDEX passage_fact ON passage(fact);"
        "CREATE VIRTUAL TABLE passage_text USING fts5(patient, title, text,"
        "  tokenize='porter unicode61 remove_diacritics 2');"
        "INSERT INTO passage_text(passage_text, rank) VALUES('secure-delete', 1);",
    },
    storage::Migration{
        "CREATE TABLE version("
        "  patient INTEGER NOT NULL REFERENCES patient(number) ON DELETE CASCADE,"
        "  resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, updated TEXT NOT NULL,"
        "  PRIMARY KEY(patient, resource_type, resource_id)) WITHOUT ROWID;"
        "ALTER TABLE patient ADD COLUMN updated TEXT NOT NULL DEFAULT '';"
        "DROP INDEX patient_resource;"
        "CREATE TABLE patient_resource("
        "  resource_id TEXT NOT NULL,"
        "  patient INTEGER NOT NULL REFERENCES patient(number) ON DELETE CASCADE,"
        "  PRIMARY KEY(resource_id, patient)) WITHOUT ROWID;"
        "INSERT INTO patient_resource SELECT resource_id, number FROM patient"
        "  WHERE resource_id <> '' AND resource_id NOT LIKE 'entry[%';",
    },
};

} // namespace records
