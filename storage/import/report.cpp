// SPDX-License-Identifier: Apache-2.0
#include "storage/import/report.h"

#include <nlohmann/json.hpp>

namespace imports {

namespace {

// Members in the order in which they are set.
using Json = nlohmann::ordered_json;

std::string dump(const Json& json)
{
    // All text came through a parser that refuses bad UTF-8; should one not, print it all the same.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

std::string reportJson(const ImportedDocument& document)
{
    const records::Patient& patient = document.chart.patient;
    Json json;
    json["format"] = document.format;
    json["patient"] = {{"id", patient.resourceId},
                       {"name", patient.displayName()},
                       {"birthDate", patient.born.text},
                       {"gender", patient.gender}};
    json["resources"] = Json::object();
    for (const auto& [type, count] : document.resources)
        json["resources"][type] = count;
    json["warnings"] = Json::array();
    for (const Warning& warning : document.warnings)
        json["warnings"].push_back(
            {{"code", warning.code}, {"count", warning.count}, {"detail", warning.detail}});
    return dump(json);
}

std::string refusalJson(const Error& refusal)
{
    Json json;
    json["error"] = {{"code", nameOf(refusal.code)}, {"detail", refusal.detail}};
    return dump(json);
}

} // namespace imports
