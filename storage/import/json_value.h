// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imports {

/// A JSON value by value. Numbers keep the digits that were written. Looking for what isn't there
/// gives the null value, so a reader of optional members needs no checks.
class JsonValue {
public:
    enum class Kind : std::uint8_t { Null, Boolean, Number, String, Array, Object };

    Kind kind = Kind::Null;
    std::string text;               // String: content; Number: digits; Boolean: "true", "false"
    std::vector<std::string> names; // Object: one for each item, no name twice
    std::vector<JsonValue> items;   // Array, Object

    /// The member, or null. A name ending in "[x]" is not expanded here.
    [[nodiscard]] const JsonValue& operator[](std::string_view name) const;
    /// The element, or null.
    [[nodiscard]] const JsonValue& at(std::size_t index) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// Content of a String, else "".
    [[nodiscard]] const std::string& string() const;
    [[nodiscard]] bool isTrue() const { return kind == Kind::Boolean && text == "true"; }
    [[nodiscard]] bool isObject() const { return kind == Kind::Object; }
    [[nodiscard]] bool isNull() const { return kind == Kind::Null; }
    /// The elements of an Array; nothing for any other kind.
    [[nodiscard]] const std::vector<JsonValue>& elements() const;
};

} // namespace imports
