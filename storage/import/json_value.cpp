// SPDX-License-Identifier: Apache-2.0
#include "storage/import/json_value.h"

namespace imports {

namespace {

const JsonValue& null()
{
    static const JsonValue value;
    return value;
}

} // namespace

const JsonValue& JsonValue::operator[](std::string_view name) const
{
    if (kind != Kind::Object)
        return null();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name)
            return items[i];
    }
    return null();
}

const JsonValue& JsonValue::at(std::size_t index) const
{
    return kind == Kind::Array && index < items.size() ? items[index] : null();
}

bool JsonValue::has(std::string_view name) const
{
    return !(*this)[name].isNull();
}

const std::string& JsonValue::string() const
{
    return kind == Kind::String ? text : null().text;
}

const std::vector<JsonValue>& JsonValue::elements() const
{
    return kind == Kind::Array ? items : null().items;
}

} // namespace imports
