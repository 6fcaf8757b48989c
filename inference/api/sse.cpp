// SPDX-License-Identifier: Apache-2.0
#include "inference/api/sse.h"

namespace api {

std::string encodeEvent(std::string_view name, std::string_view json)
{
    std::string event;
    event.reserve(name.size() + json.size() + 16);
    event.append("event: ").append(name).append("\ndata: ").append(json).append("\n\n");
    return event;
}

bool EventReader::feed(std::string_view bytes, const Handler& handler)
{
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        if (m_line.size() + m_data.size() + piece.size() > kMaxEventBytes)
            return false;
        m_line.append(piece);
        if (end == std::string_view::npos)
            return true;
        bytes.remove_prefix(end + 1);
        if (m_line.ends_with('\r'))
            m_line.pop_back();
        const std::string complete = std::move(m_line);
        m_line.clear();
        line(complete, handler);
    }
    return true;
}

void EventReader::line(std::string_view text, const Handler& handler)
{
    if (text.empty()) {
        if (m_hasData)
            handler(m_name.empty() ? std::string_view("message") : std::string_view(m_name),
                    m_data);
        m_name.clear();
        m_data.clear();
        m_hasData = false;
        return;
    }
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (value.starts_with(' '))
        value.remove_prefix(1);
    if (field == "event") {
        m_name = value;
    } else if (field == "data") {
        if (m_hasData)
            m_data += '\n';
        m_data.append(value);
        m_hasData = true;
    }
}

} // namespace api
