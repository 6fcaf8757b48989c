// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/base64.h"
#include "inference/api/error.h"
#include "inference/api/limits.h"

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Inside this folder only. Each type lists its fields once, in a function fields(visitor, value);
// Writer and Reader are the two visitors. They find it by its argument, so it stands in namespace
// api.

namespace api {

/// V is T or const T.
template <typename V, typename T>
concept Of = std::same_as<std::remove_const_t<V>, T>;

using NamedCounts = std::vector<std::pair<std::string, std::uint64_t>>;

class Writer {
public:
    template <typename T>
    void operator()(const char* name, const T& value)
    {
        m_json[name] = toJson(value);
    }

    /// A nested object that has no type of its own.
    template <typename Body>
    void group(const char* name, Body body)
    {
        Writer inner;
        body(inner);
        m_json[name] = std::move(inner.m_json);
    }

    void bytes(const char* name, const std::string& raw) { m_json[name] = toBase64(raw); }

    template <typename T>
    static nlohmann::json toJson(const T& value)
    {
        if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
            return value;
        } else {
            Writer writer;
            writer.m_json = nlohmann::json::object();
            fields(writer, value);
            return std::move(writer.m_json);
        }
    }

    template <typename T>
    static nlohmann::json toJson(const std::vector<T>& values)
    {
        nlohmann::json array = nlohmann::json::array();
        for (const T& value : values)
            array.push_back(toJson(value));
        return array;
    }

    template <typename T>
    static nlohmann::json toJson(const std::optional<T>& value)
    {
        return value ? toJson(*value) : nlohmann::json(nullptr);
    }

    static nlohmann::json toJson(const NamedCounts& counts)
    {
        nlohmann::json object = nlohmann::json::object();
        for (const auto& [name, count] : counts)
            object[name] = count;
        return object;
    }

private:
    nlohmann::json m_json;
};

class Reader {
public:
    explicit Reader(const nlohmann::json& json)
        : m_json(json)
    {
        if (!json.is_object())
            m_failed = "object";
    }

    template <typename T>
    void operator()(const char* name, T& value)
    {
        const nlohmann::json* found = find(name);
        if (found != nullptr && !fromJson(*found, value) && m_failed.empty())
            m_failed = name;
    }

    template <typename Body>
    void group(const char* name, Body body)
    {
        const nlohmann::json* found = find(name);
        if (found == nullptr)
            return;
        Reader inner(*found);
        body(inner);
        if (!inner.m_failed.empty() && m_failed.empty())
            m_failed = name;
    }

    void bytes(const char* name, std::string& raw)
    {
        std::string text;
        operator()(name, text);
        std::optional<std::string> decoded = fromBase64(text);
        if (!decoded && m_failed.empty())
            m_failed = name;
        raw = std::move(decoded).value_or(std::string());
    }

    /// Name of the first field that has the wrong type; empty when all is well.
    [[nodiscard]] const std::string& failed() const { return m_failed; }

    template <typename T>
    static bool fromJson(const nlohmann::json& json, T& value)
    {
        if constexpr (std::same_as<T, bool>) {
            if (!json.is_boolean())
                return false;
            value = json.get<bool>();
            return true;
        } else if constexpr (std::is_floating_point_v<T>) {
            if (!json.is_number())
                return false;
            value = json.get<T>();
            return true;
        } else if constexpr (std::is_integral_v<T>) {
            return readInteger(json, value);
        } else if constexpr (std::same_as<T, std::string>) {
            if (!json.is_string())
                return false;
            value = json.get_ref<const std::string&>();
            return true;
        } else {
            Reader reader(json);
            if (reader.failed().empty())
                fields(reader, value);
            return reader.failed().empty();
        }
    }

    template <typename T>
    static bool fromJson(const nlohmann::json& json, std::vector<T>& values)
    {
        if (!json.is_array())
            return false;
        values.clear();
        for (const nlohmann::json& element : json) {
            if (!fromJson(element, values.emplace_back()))
                return false;
        }
        return true;
    }

    template <typename T>
    static bool fromJson(const nlohmann::json& json, std::optional<T>& value)
    {
        if (json.is_null()) {
            value.reset();
            return true;
        }
        return fromJson(json, value.emplace());
    }

    static bool fromJson(const nlohmann::json& json, NamedCounts& counts)
    {
        if (!json.is_object())
            return false;
        counts.clear();
        for (const auto& [name, count] : json.items()) {
            std::uint64_t number = 0;
            if (!readInteger(count, number))
                return false;
            counts.emplace_back(name, number);
        }
        return true;
    }

private:
    const nlohmann::json* find(const char* name) const
    {
        if (!m_json.is_object())
            return nullptr;
        const auto found = m_json.find(name);
        return found == m_json.end() ? nullptr : &*found;
    }

    template <std::integral T>
    static bool readInteger(const nlohmann::json& json, T& value)
    {
        if (json.is_number_unsigned()) {
            const auto number = json.get<std::uint64_t>();
            if (!std::in_range<T>(number))
                return false;
            value = static_cast<T>(number);
            return true;
        }
        if (!json.is_number_integer())
            return false;
        const auto number = json.get<std::int64_t>();
        if (!std::in_range<T>(number))
            return false;
        value = static_cast<T>(number);
        return true;
    }

    const nlohmann::json& m_json;
    std::string m_failed;
};

/// Parses after the depth was checked. Errors: BadRequest.
inline Result<nlohmann::json> parseJson(std::string_view text)
{
    if (!jsonDepthAllowed(text))
        return std::unexpected(makeError(Errc::BadRequest, "the JSON is nested too deeply"));
    nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded())
        return std::unexpected(makeError(Errc::BadRequest, "the body is not JSON"));
    return json;
}

inline std::string dumpJson(const nlohmann::json& json)
{
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <typename T>
std::string encode(const T& value)
{
    return dumpJson(Writer::toJson(value));
}

template <typename T>
Result<T> decode(std::string_view text)
{
    const Result<nlohmann::json> json = parseJson(text);
    if (!json)
        return std::unexpected(json.error());
    Reader reader(*json);
    T value{};
    if (reader.failed().empty())
        fields(reader, value);
    if (!reader.failed().empty())
        return std::unexpected(
            makeError(Errc::BadRequest, "wrong type of field: " + reader.failed()));
    return value;
}

} // namespace api
