// SPDX-License-Identifier: Apache-2.0
#include "inference/api/json.h"
#include "inference/api/json_fields.h"
#include "inference/api/json_source.h"
#include "inference/api/types.h"

namespace api {

void fields(auto& f, Of<PatientSummary> auto& v)
{
    f("id", v.id);
    f("name", v.name);
    f("born", v.born);
    f("gender", v.gender);
    f("mrn", v.mrn);
    f("dataAsOf", v.dataAsOf);
}

void fields(auto& f, Of<PatientList> auto& v)
{
    f("patients", v.patients);
    f("total", v.total);
}

void fields(auto& f, Of<PatientQuery> auto& v)
{
    f("query", v.query);
    f("limit", v.limit);
    f("offset", v.offset);
}

void fields(auto& f, Of<Identifier> auto& v)
{
    f("system", v.system);
    f("value", v.value);
}

void fields(auto& f, Of<Patient> auto& v)
{
    f("id", v.id);
    f("name", v.name);
    f("born", v.born);
    f("died", v.died);
    f("gender", v.gender);
    f("mrn", v.mrn);
    f("identifiers", v.identifiers);
    f("address", v.address);
    f("phone", v.phone);
}

void fields(auto& f, Of<Allergy> auto& v)
{
    f("name", v.name);
    f("criticality", v.criticality);
    f("reactions", v.reactions);
    f("verification", v.verification);
    f("resolved", v.resolved);
    f("recorded", v.recorded);
    f("source", v.source);
}

void fields(auto& f, Of<Problem> auto& v)
{
    f("name", v.name);
    f("state", v.state);
    f("verification", v.verification);
    f("onset", v.onset);
    f("abated", v.abated);
    f("recorded", v.recorded);
    f("source", v.source);
}

void fields(auto& f, Of<Disagreement> auto& v)
{
    f("label", v.label);
    f("says", v.says);
}

void fields(auto& f, Of<Medication> auto& v)
{
    f("name", v.name);
    f("state", v.state);
    f("kind", v.kind);
    f("dosage", v.dosage);
    f("reason", v.reason);
    f("statusReason", v.statusReason);
    f("started", v.started);
    f("ended", v.ended);
    f("source", v.source);
    f("disagrees", v.disagrees);
}

void fields(auto& f, Of<Lab> auto& v)
{
    f("name", v.name);
    f("panel", v.panel);
    f("category", v.category);
    f("value", v.value);
    f("comparator", v.comparator);
    f("unit", v.unit);
    f("text", v.text);
    f("interpretation", v.interpretation);
    f("low", v.low);
    f("high", v.high);
    f("range", v.range);
    f("standing", v.standing);
    f("date", v.date);
    f("source", v.source);
}

void fields(auto& f, Of<Encounter> auto& v)
{
    f("type", v.type);
    f("class", v.classCode);
    f("reason", v.reason);
    f("location", v.location);
    f("started", v.started);
    f("ended", v.ended);
    f("status", v.status);
    f("source", v.source);
}

void fields(auto& f, Of<OtherEntry> auto& v)
{
    f("kind", v.kind);
    f("name", v.name);
    f("status", v.status);
    f("detail", v.detail);
    f("date", v.date);
    f("source", v.source);
}

void fields(auto& f, Of<DocumentEntry> auto& v)
{
    f("index", v.index);
    f("title", v.title);
    f("author", v.author);
    f("date", v.date);
    f("readable", v.readable);
    f("unreadableReason", v.unreadableReason);
    f("bytes", v.bytes);
    f("source", v.source);
}

void fields(auto& f, Of<Chart> auto& v)
{
    f("patient", v.patient);
    f("dataAsOf", v.dataAsOf);
    f("allergyStatement", v.allergyStatement);
    f("allergyWords", v.allergyWords);
    f("allergies", v.allergies);
    f("allergyStatements", v.allergyStatements);
    f("problems", v.problems);
    f("medications", v.medications);
    f("labs", v.labs);
    f("encounters", v.encounters);
    f("others", v.others);
    f("documents", v.documents);
}

void fields(auto& f, Of<DocumentText> auto& v)
{
    f("index", v.index);
    f("title", v.title);
    f("author", v.author);
    f("date", v.date);
    f("text", v.text);
    f("source", v.source);
}

void fields(auto& f, Of<OriginalText> auto& v)
{
    f("sha256", v.sha256);
    f("begin", v.begin);
    f("end", v.end);
    f("text", v.text);
}

template std::string encode(const PatientList&);
template std::string encode(const PatientQuery&);
template std::string encode(const Chart&);
template std::string encode(const DocumentText&);
template std::string encode(const OriginalText&);

template Result<PatientList> decode(std::string_view);
template Result<PatientQuery> decode(std::string_view);
template Result<Chart> decode(std::string_view);
template Result<DocumentText> decode(std::string_view);
template Result<OriginalText> decode(std::string_view);

} // namespace api
