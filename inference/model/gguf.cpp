// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"

#include "inference/model/gguf_parser.h"

#include <algorithm>
#include <format>
#include <limits>

namespace model {
namespace {

std::unexpected<Error> wrongType(std::string_view key, std::string_view wanted)
{
    return std::unexpected(
        Error{Errc::WrongType, std::format("metadata {} is no {}", quoted(key), wanted)});
}

/// An integer of any width, as two's complement of 64 bits. Nothing when the kind is no integer or
/// the value is above the signed range.
std::optional<std::int64_t> integerAt(GgufType type, std::span<const std::byte> bytes)
{
    switch (type) {
    case GgufType::U8:
        return load<std::uint8_t>(bytes);
    case GgufType::I8:
        return load<std::int8_t>(bytes);
    case GgufType::U16:
        return load<std::uint16_t>(bytes);
    case GgufType::I16:
        return load<std::int16_t>(bytes);
    case GgufType::U32:
        return load<std::uint32_t>(bytes);
    case GgufType::I32:
        return load<std::int32_t>(bytes);
    case GgufType::I64:
        return load<std::int64_t>(bytes);
    case GgufType::U64: {
        const auto value = load<std::uint64_t>(bytes);
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return static_cast<std::int64_t>(value);
    }
    default:
        return std::nullopt;
    }
}

std::optional<double> numberAt(GgufType type, std::span<const std::byte> bytes)
{
    if (type == GgufType::F32)
        return load<float>(bytes);
    if (type == GgufType::F64)
        return load<double>(bytes);
    if (const auto integer = integerAt(type, bytes))
        return static_cast<double>(*integer);
    return std::nullopt;
}

/// Reads all elements of an array of scalars with @p read; nothing when one can't be read.
template <typename T, typename Read>
std::optional<std::vector<T>> elementsOf(const GgufValue& value, Read read)
{
    const std::size_t size = scalarBytes(value.elementType);
    if (size == 0)
        return std::nullopt;
    std::vector<T> elements;
    elements.reserve(value.count);
    for (std::uint64_t i = 0; i < value.count; ++i) {
        const auto element = read(value.elementType, value.data.subspan(i * size, size));
        if (!element)
            return std::nullopt;
        elements.push_back(*element);
    }
    return elements;
}

} // namespace

std::string quoted(std::string_view name)
{
    constexpr std::size_t kLimit = 64;
    std::string result = "'";
    for (const char c : name.substr(0, kLimit)) {
        const auto byte = static_cast<unsigned char>(c);
        result += byte < 0x20 || byte > 0x7e ? '?' : c;
    }
    return result + (name.size() > kLimit ? "...'" : "'");
}

Result<GgufFile> GgufFile::open(int file)
{
    auto mapping = MappedFile::map(file);
    if (!mapping)
        return std::unexpected(mapping.error());
    auto result = parse(mapping->bytes());
    if (result)
        result->m_mapping = std::move(*mapping);
    return result;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes)
{
    return GgufParser(bytes).run();
}

const GgufValue* GgufFile::find(std::string_view key) const
{
    const auto keyOf = [this](std::uint32_t i) { return m_values[i].key; };
    const auto found = std::ranges::lower_bound(m_valueOrder, key, {}, keyOf);
    if (found == m_valueOrder.end() || keyOf(*found) != key)
        return nullptr;
    return &m_values[*found];
}

Result<const GgufValue*> GgufFile::want(std::string_view key) const
{
    const GgufValue* value = find(key);
    if (value == nullptr)
        return std::unexpected(
            Error{Errc::Missing, std::format("metadata {} is missing", quoted(key))});
    return value;
}

Result<const GgufValue*> GgufFile::wantArray(std::string_view key) const
{
    const auto value = want(key);
    if (value && (*value)->type != GgufType::Array)
        return wrongType(key, "array");
    return value;
}

Result<std::uint64_t> GgufFile::unsignedInteger(std::string_view key) const
{
    const auto value = want(key);
    if (!value)
        return std::unexpected(value.error());
    const auto integer = integerAt((*value)->type, (*value)->data);
    if (!integer || *integer < 0)
        return wrongType(key, "unsigned integer");
    return static_cast<std::uint64_t>(*integer);
}

Result<double> GgufFile::number(std::string_view key) const
{
    const auto value = want(key);
    if (!value)
        return std::unexpected(value.error());
    const auto number = numberAt((*value)->type, (*value)->data);
    if (!number)
        return wrongType(key, "number");
    return *number;
}

Result<bool> GgufFile::boolean(std::string_view key) const
{
    const auto value = want(key);
    if (!value)
        return std::unexpected(value.error());
    if ((*value)->type != GgufType::Bool)
        return wrongType(key, "boolean");
    return (*value)->data[0] != std::byte{0};
}

Result<std::string_view> GgufFile::string(std::string_view key) const
{
    const auto value = want(key);
    if (!value)
        return std::unexpected(value.error());
    if ((*value)->type != GgufType::String)
        return wrongType(key, "string");
    const auto data = (*value)->data;
    return std::string_view(reinterpret_cast<const char*>(data.data()), data.size());
}

Result<std::vector<std::string_view>> GgufFile::strings(std::string_view key) const
{
    const auto value = wantArray(key);
    if (!value)
        return std::unexpected(value.error());
    if ((*value)->elementType != GgufType::String)
        return wrongType(key, "array of strings");
    std::vector<std::string_view> result;
    result.reserve((*value)->count);
    auto rest = (*value)->data;
    for (std::uint64_t i = 0; i < (*value)->count; ++i) {
        const auto length = load<std::uint64_t>(rest);
        rest = rest.subspan(sizeof length);
        result.emplace_back(reinterpret_cast<const char*>(rest.data()), length);
        rest = rest.subspan(length);
    }
    return result;
}

Result<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const
{
    const auto value = wantArray(key);
    if (!value)
        return std::unexpected(value.error());
    auto elements = elementsOf<std::int64_t>(**value, integerAt);
    if (!elements)
        return wrongType(key, "array of integers");
    return *std::move(elements);
}

Result<std::vector<double>> GgufFile::numbers(std::string_view key) const
{
    const auto value = wantArray(key);
    if (!value)
        return std::unexpected(value.error());
    auto elements = elementsOf<double>(**value, numberAt);
    if (!elements)
        return wrongType(key, "array of numbers");
    return *std::move(elements);
}

Result<std::vector<std::uint64_t>> GgufFile::perLayer(std::string_view key,
                                                      std::size_t layers) const
{
    const auto value = want(key);
    if (!value)
        return std::unexpected(value.error());
    if ((*value)->type != GgufType::Array) {
        const auto scalar = unsignedInteger(key);
        if (!scalar)
            return std::unexpected(scalar.error());
        return std::vector<std::uint64_t>(layers, *scalar);
    }
    const auto elements = integers(key);
    if (!elements)
        return std::unexpected(elements.error());
    if (elements->size() != layers ||
        std::ranges::any_of(*elements, [](std::int64_t x) { return x < 0; }))
        return wrongType(key, std::format("array of {} unsigned integers", layers));
    return std::vector<std::uint64_t>(elements->begin(), elements->end());
}

Result<std::uint64_t> GgufFile::unsignedIntegerOr(std::string_view key,
                                                  std::uint64_t otherwise) const
{
    return has(key) ? unsignedInteger(key) : otherwise;
}

Result<double> GgufFile::numberOr(std::string_view key, double otherwise) const
{
    return has(key) ? number(key) : otherwise;
}

Result<bool> GgufFile::booleanOr(std::string_view key, bool otherwise) const
{
    return has(key) ? boolean(key) : otherwise;
}

const Tensor* GgufFile::findTensor(std::string_view name) const
{
    const auto nameAt = [this](std::uint32_t i) { return m_tensors[i].name; };
    const auto found = std::ranges::lower_bound(m_tensorOrder, name, {}, nameAt);
    if (found == m_tensorOrder.end() || nameAt(*found) != name)
        return nullptr;
    return &m_tensors[*found];
}

Result<Tensor> GgufFile::tensor(std::string_view name) const
{
    const Tensor* found = findTensor(name);
    if (found == nullptr)
        return std::unexpected(
            Error{Errc::Missing, std::format("tensor {} is missing", quoted(name))});
    return *found;
}

void GgufFile::release(std::span<const std::byte> part) const
{
    if (m_mapping)
        m_mapping->release(part);
}

} // namespace model
