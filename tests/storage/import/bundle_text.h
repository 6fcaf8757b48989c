// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>

/// Bundles for tests, written with ' for " (a raw string with quotes hides a class from moc).
namespace bundle_text {

inline std::string json(std::string text)
{
    std::ranges::replace(text, '\'', '"');
    return text;
}

inline std::string bundleOf(std::initializer_list<std::string> resources)
{
    std::string text = "{'resourceType':'Bundle','type':'collection','entry':[";
    bool first = true;
    for (const std::string& resource : resources) {
        text += (first ? "{'resource':" : ",{'resource':") + resource + "}";
        first = false;
    }
    return json(text + "]}");
}

/// The bundle of patient "p" and @p resources.
inline std::string withPatient(std::initializer_list<std::string> resources)
{
    std::string text = "{'resourceType':'Bundle','type':'collection','entry':["
                       "{'fullUrl':'urn:uuid:11111111-2222-3333-4444-555555555555',"
                       "'resource':{'resourceType':'Patient','id':'p'}}";
    for (const std::string& resource : resources)
        text += ",{'resource':" + resource + "}";
    return json(text + "]}");
}

/// A resource of patient "p": @p members are what stands behind type and subject.
inline std::string of(const std::string& type, const std::string& members)
{
    return "{'resourceType':'" + type + "','subject':{'reference':'Patient/p'}," + members + "}";
}

} // namespace bundle_text
