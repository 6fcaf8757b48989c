// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/service/present.h"
#include "inference/service/storage_errors.h"

#include <algorithm>

namespace service {

namespace {

/// A list right after a sign-in waits this long for imports that are being merged.
constexpr std::chrono::milliseconds kAwaitMerge{2000};
/// More than this of an original is fetched in pieces.
constexpr std::uint64_t kMaxOriginalSpan = 16ULL << 20;

api::Result<void> mayOpen(Services& services, const Request& request)
{
    if (services.desk.mayOpen(request.caller->user, request.parameters.front()))
        return {};
    return std::unexpected(api::makeError(api::Errc::Forbidden, "not this patient"));
}

/// Records, then opens the patient that the path names.
api::Result<records::Chart> openChart(Services& services, const Request& request, audit::Kind kind,
                                      Fields plain = {})
{
    if (const auto allowed = mayOpen(services, request); !allowed)
        return std::unexpected(allowed.error());
    const auto receipt = record(services, request, kind, {{"patient", request.parameters.front()}},
                                std::move(plain));
    if (!receipt)
        return std::unexpected(receipt.error());
    auto chart = services.records.with([&](records::RecordStore& store) {
        return store.chart(*receipt, request.parameters.front());
    });
    if (!chart)
        return std::unexpected(toApi(chart.error()));
    return std::move(*chart);
}

/// What a citation calls its document: that stays, while places shift with every import.
struct WantedDocument {
    std::uint64_t index = 0; // where no sha256 is given
    std::string sha256, path;
    std::uint64_t begin = 0, end = 0;

    [[nodiscard]] bool is(const records::Source& source) const
    {
        return source.document == sha256 && source.path == path && source.begin == begin &&
               source.end == end;
    }
};

api::Result<WantedDocument> wantedDocument(const Request& request)
{
    const auto index = number(request.parameters[1], 0);
    const auto begin = number(queryValue(request.query, "begin"), 0);
    const auto end = number(queryValue(request.query, "end"), 0);
    for (const auto* given : {&index, &begin, &end}) {
        if (!*given)
            return std::unexpected(given->error());
    }
    auto path = decodedValue(request.query, "path");
    if (!path)
        return std::unexpected(path.error());
    return WantedDocument{.index = *index,
                          .sha256 = std::string(queryValue(request.query, "sha256")),
                          .path = std::move(*path),
                          .begin = *begin,
                          .end = *end};
}

/// The wanted document's place in @p chart; where there is none, the number of documents.
std::size_t placeOf(const WantedDocument& wanted, const records::Chart& chart)
{
    if (wanted.sha256.empty())
        return std::min<std::uint64_t>(wanted.index, chart.documents.size());
    const auto found =
        std::ranges::find_if(chart.documents, [&](const records::Document& document) {
            return wanted.is(document.source);
        });
    return static_cast<std::size_t>(found - chart.documents.begin());
}

} // namespace

Response searchPatients(Services& services, Request& request)
{
    const api::Result<api::PatientQuery> query = api::decode<api::PatientQuery>(request.body);
    if (!query)
        return errorResponse(query.error());
    if (query->query.size() > api::kMaxQueryBytes)
        return errorResponse(api::makeError(api::Errc::BadRequest, "the query exceeds 1 KiB"));
    const auto receipt =
        query->query.empty()
            ? record(services, request, audit::Kind::PatientList)
            : record(services, request, audit::Kind::PatientSearch, {{"query", query->query}});
    if (!receipt)
        return errorResponse(receipt.error());
    services.merger.waitIdle(kAwaitMerge);
    const std::uint64_t limit = std::min<std::uint64_t>(query->limit, api::kMaxListLimit);
    auto found = services.records.with([&](records::RecordStore& store) {
        return store.search(*receipt, query->query, limit, query->offset);
    });
    if (!found)
        return errorResponse(toApi(found.error()));
    const auto total = services.records.with(
        [&](records::RecordStore& store) { return store.count(*receipt, query->query); });
    if (!total)
        return errorResponse(toApi(total.error()));
    api::PatientList list{.total = *total};
    for (const records::PatientSummary& patient : *found) {
        if (services.desk.mayOpen(request.caller->user, patient.id))
            list.patients.push_back(present(patient));
    }
    return json(api::encode(list));
}

Response openPatient(Services& services, Request& request)
{
    const auto chart = openChart(services, request, audit::Kind::PatientOpen);
    if (!chart)
        return errorResponse(chart.error());
    return json(api::encode(present(*chart)));
}

Response openDocument(Services& services, Request& request)
{
    const auto wanted = wantedDocument(request);
    if (!wanted)
        return errorResponse(wanted.error());
    Fields plain{{"index", std::to_string(wanted->index)}};
    if (!wanted->sha256.empty())
        plain["document"] = wanted->sha256.substr(0, 64);
    const auto chart = openChart(services, request, audit::Kind::DocumentOpen, std::move(plain));
    if (!chart)
        return errorResponse(chart.error());
    const std::size_t place = placeOf(*wanted, *chart);
    if (place >= chart->documents.size())
        return errorResponse(api::makeError(api::Errc::NotFound, "there is no such document"));
    return json(api::encode(presentDocument(*chart, place)));
}

Response openOriginal(Services& services, Request& request)
{
    const std::string& document = request.parameters[1];
    const auto begin = number(queryValue(request.query, "begin"), 0);
    const auto end = number(queryValue(request.query, "end"), 0);
    if (!begin || !end || (*end != 0 && *end < *begin))
        return errorResponse(api::makeError(api::Errc::BadRequest, "begin and end are not a span"));
    if (*end - *begin > kMaxOriginalSpan && *end != 0)
        return errorResponse(api::makeError(api::Errc::TooLarge, "ask for at most 16 MiB at once"));
    if (const auto allowed = mayOpen(services, request); !allowed)
        return errorResponse(allowed.error());
    const auto receipt =
        record(services, request, audit::Kind::DocumentOpen,
               {{"patient", request.parameters.front()}}, {{"document", document.substr(0, 64)}});
    if (!receipt)
        return errorResponse(receipt.error());
    const auto bytes = services.records.with([&](records::RecordStore& store) {
        return store.original(*receipt, request.parameters.front(), document, *begin, *end);
    });
    if (!bytes)
        return errorResponse(toApi(bytes.error()));
    if (bytes->size() > kMaxOriginalSpan)
        return errorResponse(api::makeError(api::Errc::TooLarge, "ask for at most 16 MiB at once"));
    return json(api::encode(
        api::OriginalText{.sha256 = document,
                          .begin = *begin,
                          .end = *begin + bytes->size(),
                          .text = {reinterpret_cast<const char*>(bytes->data()), bytes->size()}}));
}

} // namespace service
