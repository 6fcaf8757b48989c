// SPDX-License-Identifier: Apache-2.0
#include "storage/import/json_reader.h"

#include "storage/import/hidden_text.h"
#include "storage/import/limits.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace imports {

namespace {

namespace od = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

/// Why a conversion stopped; the byte offset is added where the document is known.
struct Fault {
    Errc code = Errc::BadJson;
    std::string why;
};
using Check = std::optional<Fault>;

constexpr std::string_view kEndsWrong = "JSON that is cut off or goes on after its end";

Fault faultOf(error_code error)
{
    switch (error) {
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
        return {Errc::TooLarge, "more than memory holds"};
    case simdjson::DEPTH_ERROR:
        return {Errc::TooDeep, "nested too deep"};
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
    case simdjson::UNCLOSED_STRING:
    case simdjson::EMPTY:
        return {Errc::BadJson, std::string(kEndsWrong)};
    case simdjson::UTF8_ERROR:
        return {Errc::BadJson, "not valid UTF-8"};
    default:
        return {Errc::BadJson, "not valid JSON"};
    }
}

std::size_t skipDigits(std::string_view text, std::size_t position)
{
    while (position < text.size() && text[position] >= '0' && text[position] <= '9')
        ++position;
    return position;
}

/// RFC 8259 section 6. simdjson hands out a number's token unchecked, and its own number types
/// would lose digits ("4.10").
bool isNumber(std::string_view text)
{
    std::size_t position = !text.empty() && text.front() == '-' ? 1 : 0;
    const std::size_t whole = skipDigits(text, position);
    if (whole == position || (whole - position > 1 && text[position] == '0'))
        return false;
    position = whole;
    if (position < text.size() && text[position] == '.') {
        const std::size_t fraction = skipDigits(text, position + 1);
        if (fraction == position + 1)
            return false;
        position = fraction;
    }
    if (position < text.size() && (text[position] == 'e' || text[position] == 'E')) {
        ++position;
        if (position < text.size() && (text[position] == '+' || text[position] == '-'))
            ++position;
        const std::size_t exponent = skipDigits(text, position);
        if (exponent == position)
            return false;
        position = exponent;
    }
    return position == text.size();
}

std::string_view withoutTrailingSpace(std::string_view text)
{
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Gives each member to @p take(name, value), up to the first fault. A name that stands twice is
/// one: two readers of one document could each take another of the two.
template <typename Take>
Check eachMember(od::object& object, const Take& take)
{
    std::unordered_set<std::string> seen;
    for (auto member : object) {
        od::field field;
        if (const error_code error = std::move(member).get(field); error != SUCCESS)
            return faultOf(error);
        std::string_view unescaped;
        if (const error_code error = field.unescaped_key().get(unescaped); error != SUCCESS)
            return faultOf(error);
        const auto [name, isNew] = seen.emplace(unescaped);
        if (!isNew)
            return Fault{Errc::BadJson, "a member stands twice"};
        if (auto fault = take(*name, field.value()))
            return fault;
    }
    return std::nullopt;
}

/// Copies one value and all within into our own tree.
class Conversion {
public:
    explicit Conversion(Warnings& warnings)
        : m_warnings(warnings)
    {
    }

    Check convert(od::value value, JsonValue& out, int depth)
    {
        if (depth > kMaxDepth)
            return Fault{Errc::TooDeep, "nested deeper than " + std::to_string(kMaxDepth)};
        if (++m_values > kMaxValues)
            return Fault{Errc::TooLarge, "more values in one resource than allowed"};
        od::json_type type{};
        if (const error_code error = value.type().get(type); error != SUCCESS)
            return faultOf(error);
        switch (type) {
        case od::json_type::object:
            return convertObject(value, out, depth);
        case od::json_type::array:
            return convertArray(value, out, depth);
        case od::json_type::string:
            return convertString(value, out);
        case od::json_type::number:
            return convertNumber(value, out);
        case od::json_type::boolean:
            return convertBoolean(value, out);
        case od::json_type::null:
            return convertNull(value);
        default:
            return Fault{Errc::BadJson, "not valid JSON"};
        }
    }

private:
    Check convertObject(od::value value, JsonValue& out, int depth)
    {
        out.kind = JsonValue::Kind::Object;
        od::object object;
        if (const error_code error = value.get_object().get(object); error != SUCCESS)
            return faultOf(error);
        return eachMember(object, [&](const std::string& name, od::value member) {
            out.names.push_back(name);
            out.items.emplace_back();
            return convert(member, out.items.back(), depth + 1);
        });
    }

    Check convertArray(od::value value, JsonValue& out, int depth)
    {
        out.kind = JsonValue::Kind::Array;
        od::array array;
        if (const error_code error = value.get_array().get(array); error != SUCCESS)
            return faultOf(error);
        for (auto element : array) {
            od::value item;
            if (const error_code error = std::move(element).get(item); error != SUCCESS)
                return faultOf(error);
            out.items.emplace_back();
            if (auto fault = convert(item, out.items.back(), depth + 1))
                return fault;
        }
        return std::nullopt;
    }

    Check convertString(od::value value, JsonValue& out)
    {
        std::string_view text;
        if (const error_code error = value.get_string().get(text); error != SUCCESS)
            return faultOf(error);
        out.kind = JsonValue::Kind::String;
        out.text = text;
        if (removeHidden(out.text) != 0)
            m_warnings.add(Notice::HiddenText);
        return std::nullopt;
    }

    static Check convertNumber(od::value value, JsonValue& out)
    {
        const std::string_view digits = withoutTrailingSpace(value.raw_json_token());
        // Even a cursor that doesn't trust the token has to move past it.
        double ignored = 0;
        const error_code error = value.get_double().get(ignored);
        if (!isNumber(digits) || (error != SUCCESS && error != simdjson::NUMBER_ERROR))
            return Fault{Errc::BadJson, "not a number"};
        if (error != SUCCESS)
            return Fault{Errc::BadJson, "a number out of range"};
        out.kind = JsonValue::Kind::Number;
        out.text = digits;
        return std::nullopt;
    }

    static Check convertBoolean(od::value value, JsonValue& out)
    {
        bool truth = false;
        if (const error_code error = value.get_bool().get(truth); error != SUCCESS)
            return faultOf(error);
        out.kind = JsonValue::Kind::Boolean;
        out.text = truth ? "true" : "false";
        return std::nullopt;
    }

    static Check convertNull(od::value value)
    {
        bool isNull = false;
        if (const error_code error = value.is_null().get(isNull); error != SUCCESS || !isNull)
            return Fault{Errc::BadJson, "not valid JSON"};
        return std::nullopt;
    }

    Warnings& m_warnings;
    std::size_t m_values = 0;
};

/// Whether the whole document is one value of @p type; its first character is all that type tells.
bool isScalar(od::document& document, od::json_type type)
{
    std::string_view text;
    bool truth = false;
    double number = 0;
    switch (type) {
    case od::json_type::string:
        return document.get_string().get(text) == SUCCESS && document.at_end();
    case od::json_type::number:
        return document.get_double().get(number) == SUCCESS && document.at_end();
    case od::json_type::boolean:
        return document.get_bool().get(truth) == SUCCESS && document.at_end();
    default:
        return document.is_null().get(truth) == SUCCESS && truth && document.at_end();
    }
}

} // namespace

struct JsonReader::Parser {
    od::parser parser;
    std::size_t skipped = 0; // a byte order mark

    /// The fault with its place: where the parser stands, or the first bad byte.
    [[nodiscard]] static Error place(Fault fault, od::document* document, std::string_view all)
    {
        std::size_t offset = all.size();
        const char* here = nullptr;
        if (fault.why == "not valid UTF-8") {
            offset = std::min(all.size(), firstInvalidUtf8(all));
        } else if (fault.why != kEndsWrong && document != nullptr &&
                   document->current_location().get(here) == SUCCESS && here >= all.data() &&
                   here <= all.data() + all.size()) {
            offset = static_cast<std::size_t>(here - all.data());
        }
        return {fault.code, std::move(fault.why) + " at byte " + std::to_string(offset)};
    }

    static Check readNoObject(od::document& document, Warnings& warnings);
    static Check readResource(od::value value, std::string_view all, BundleEntry& entry);
    Check readEntry(od::value value, std::string_view all, Warnings& warnings, BundleEntry& entry);
    Check readEntries(od::value value, std::string_view all, Warnings& warnings,
                      BundleOutline& outline);
    Check readRoot(od::document& document, std::string_view all, Warnings& warnings,
                   BundleOutline& outline, std::string& resourceType);
};

JsonReader::JsonReader(std::string bytes)
    : m_bytes(std::move(bytes))
    , m_parser(std::make_unique<Parser>())
{
    // simdjson reads whole blocks, also behind the end.
    m_bytes.reserve(m_bytes.size() + simdjson::SIMDJSON_PADDING);
    if (m_bytes.starts_with("\xEF\xBB\xBF"))
        m_parser->skipped = 3;
}

JsonReader::~JsonReader() = default;

/// Notes where the resource stands; it is converted on its own, later.
Check JsonReader::Parser::readResource(od::value value, std::string_view all, BundleEntry& entry)
{
    od::json_type type{};
    std::string_view raw;
    if (const error_code error = value.type().get(type); error != SUCCESS)
        return faultOf(error);
    if (type != od::json_type::object)
        return Fault{Errc::NotABundle, "a resource is no object"};
    if (const error_code error = value.raw_json().get(raw); error != SUCCESS)
        return faultOf(error);
    raw = withoutTrailingSpace(raw);
    entry.begin = static_cast<std::uint64_t>(raw.data() - all.data());
    entry.end = entry.begin + raw.size();
    return std::nullopt;
}

Check JsonReader::Parser::readEntry(od::value value, std::string_view all, Warnings& warnings,
                                    BundleEntry& entry)
{
    od::object object;
    if (value.get_object().get(object) != SUCCESS)
        return Fault{Errc::NotABundle, "an entry is no object"};
    Conversion conversion(warnings);
    return eachMember(object, [&](const std::string& name, od::value member) -> Check {
        if (name == "resource")
            return readResource(member, all, entry);
        JsonValue other;
        if (auto fault = conversion.convert(member, other, 2))
            return fault;
        if (name == "fullUrl")
            entry.fullUrl = other.string();
        return std::nullopt;
    });
}

Check JsonReader::Parser::readEntries(od::value value, std::string_view all, Warnings& warnings,
                                      BundleOutline& outline)
{
    od::array array;
    if (value.get_array().get(array) != SUCCESS)
        return Fault{Errc::NotABundle, "Bundle.entry is no list"};
    for (auto element : array) {
        od::value item;
        if (const error_code error = std::move(element).get(item); error != SUCCESS)
            return faultOf(error);
        if (outline.entries.size() == kMaxEntries)
            return Fault{Errc::TooLarge, "more entries than " + std::to_string(kMaxEntries)};
        outline.entries.emplace_back();
        if (auto fault = readEntry(item, all, warnings, outline.entries.back()))
            return fault;
    }
    return std::nullopt;
}

/// A list or a single value: JSON, but no bundle; or no JSON at all.
Check JsonReader::Parser::readNoObject(od::document& document, Warnings& warnings)
{
    Fault noBundle{Errc::NotABundle, "not a JSON object"};
    Fault noJson{Errc::BadJson, "not valid JSON"};
    od::json_type type{};
    if (document.type().get(type) != SUCCESS)
        return noJson;
    if (type != od::json_type::array)
        return isScalar(document, type) ? noBundle : noJson;
    od::value list;
    JsonValue ignored;
    if (const error_code error = document.get_value().get(list); error != SUCCESS)
        return faultOf(error);
    if (auto fault = Conversion(warnings).convert(list, ignored, 0))
        return fault;
    return document.at_end() ? noBundle : noJson;
}

Check JsonReader::Parser::readRoot(od::document& document, std::string_view all, Warnings& warnings,
                                   BundleOutline& outline, std::string& resourceType)
{
    od::object object;
    if (const error_code error = document.get_object().get(object); error != SUCCESS)
        return error == simdjson::INCORRECT_TYPE ? readNoObject(document, warnings)
                                                 : faultOf(error);
    Conversion conversion(warnings);
    auto fault = eachMember(object, [&](const std::string& name, od::value member) -> Check {
        if (name == "entry")
            return readEntries(member, all, warnings, outline);
        JsonValue value;
        if (auto within = conversion.convert(member, value, 1))
            return within;
        if (name == "resourceType")
            resourceType = value.string();
        else if (name == "type")
            outline.type = value.string();
        return std::nullopt;
    });
    if (fault)
        return fault;
    if (!document.at_end())
        return Fault{Errc::BadJson, "something follows the end"};
    return std::nullopt;
}

Result<BundleOutline> JsonReader::outline(Warnings& warnings)
{
    if (m_bytes.size() > kMaxDocumentBytes)
        return std::unexpected(
            Error{Errc::TooLarge, "more than " + std::to_string(kMaxDocumentBytes >> 20) + " MB"});
    const std::string_view all = m_bytes;
    const simdjson::padded_string_view padded(m_bytes.data() + m_parser->skipped,
                                              m_bytes.size() - m_parser->skipped,
                                              m_bytes.capacity() - m_parser->skipped);
    od::document document;
    if (const error_code error = m_parser->parser.iterate(padded).get(document); error != SUCCESS)
        return std::unexpected(Parser::place(faultOf(error), nullptr, all));

    BundleOutline outline;
    std::string resourceType;
    if (auto fault = m_parser->readRoot(document, all, warnings, outline, resourceType))
        return std::unexpected(Parser::place(*fault, &document, all));
    if (resourceType != "Bundle")
        return std::unexpected(Error{Errc::NotABundle, "resourceType is not Bundle"});
    return outline;
}

Result<JsonValue> JsonReader::read(std::uint64_t begin, std::uint64_t end, Warnings& warnings)
{
    const std::string_view all = m_bytes;
    const simdjson::padded_string_view padded(m_bytes.data() + begin, end - begin,
                                              m_bytes.capacity() - begin);
    od::document document;
    if (const error_code error = m_parser->parser.iterate(padded).get(document); error != SUCCESS)
        return std::unexpected(Parser::place(faultOf(error), nullptr, all.substr(0, end)));
    od::value root;
    if (const error_code error = document.get_value().get(root); error != SUCCESS)
        return std::unexpected(Parser::place(faultOf(error), &document, all));
    JsonValue value;
    // A resource stands three levels down: bundle, list, entry.
    if (auto fault = Conversion(warnings).convert(root, value, 3))
        return std::unexpected(Parser::place(*fault, &document, all));
    if (!document.at_end())
        return std::unexpected(
            Parser::place({Errc::BadJson, "something follows the resource"}, &document, all));
    return value;
}

} // namespace imports
