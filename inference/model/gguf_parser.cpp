// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf_parser.h"

#include <algorithm>
#include <bit>
#include <format>
#include <numeric>

namespace model {
namespace {

constexpr std::uint32_t kMagic = 0x46554747; // "GGUF"
constexpr std::size_t kMaxKeyBytes = 65535;
constexpr std::size_t kMaxTensorNameBytes = 64;
constexpr int kMaxArrayDepth = 4;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = 1U << 20;
// The shortest entry: name of one byte with its length, kind, value of one byte.
constexpr std::size_t kMinValueBytes = 8 + 1 + 4 + 1;
// The shortest tensor: name of one byte with its length, one dimension, type, offset.
constexpr std::size_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand");

} // namespace

std::size_t scalarBytes(GgufType type)
{
    switch (type) {
    case GgufType::U8:
    case GgufType::I8:
    case GgufType::Bool:
        return 1;
    case GgufType::U16:
    case GgufType::I16:
        return 2;
    case GgufType::U32:
    case GgufType::I32:
    case GgufType::F32:
        return 4;
    case GgufType::U64:
    case GgufType::I64:
    case GgufType::F64:
        return 8;
    case GgufType::String:
    case GgufType::Array:
        break;
    }
    return 0;
}

std::unexpected<Error> GgufParser::bad(std::string_view field, std::string_view why,
                                       std::size_t at) const
{
    return std::unexpected(Error{Errc::BadFile, std::format("{} at byte {}: {}", field, at, why)});
}

template <typename T>
Result<T> GgufParser::take(std::string_view field)
{
    if (left() < sizeof(T))
        return bad(field, "the file ends here", m_at);
    const T value = load<T>(m_file.m_bytes.subspan(m_at));
    m_at += sizeof(T);
    return value;
}

Result<std::string_view> GgufParser::takeString(std::string_view field)
{
    const std::size_t at = m_at;
    const auto length = take<std::uint64_t>(field);
    if (!length)
        return std::unexpected(length.error());
    if (*length > left())
        return bad(field, std::format("a string of {} bytes ends after the file", *length), at);
    const std::string_view text(reinterpret_cast<const char*>(m_file.m_bytes.data() + m_at),
                                *length);
    m_at += *length;
    return text;
}

Result<std::string_view> GgufParser::takeName(std::string_view field, std::size_t limit)
{
    const std::size_t at = m_at;
    const auto name = takeString(field);
    if (!name)
        return name;
    if (name->empty() || name->size() > limit)
        return bad(field, std::format("{} bytes long, allowed are 1 to {}", name->size(), limit),
                   at);
    if (std::ranges::any_of(*name, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return bad(field, "holds control characters", at);
    return name;
}

Result<void> GgufParser::skipScalars(GgufType type, std::uint64_t count, std::string_view field)
{
    const std::size_t size = scalarBytes(type);
    if (count > left() / size)
        return bad(field, std::format("{} elements end after the file", count), m_at);
    if (type == GgufType::Bool) {
        const auto flags = m_file.m_bytes.subspan(m_at, count);
        const auto wrong =
            std::ranges::find_if(flags, [](std::byte b) { return b > std::byte{1}; });
        if (wrong != flags.end())
            return bad(field, "a boolean is neither 0 nor 1",
                       m_at + static_cast<std::size_t>(wrong - flags.begin()));
    }
    m_at += size * count;
    return {};
}

Result<void> GgufParser::skipArray(GgufValue& value, int depth)
{
    const std::string field = "array in metadata " + quoted(value.key);
    const std::size_t at = m_at;
    if (depth > kMaxArrayDepth)
        return bad(field, std::format("nested deeper than {}", kMaxArrayDepth), at);
    const auto type = take<std::uint32_t>(field);
    if (!type)
        return std::unexpected(type.error());
    const auto count = take<std::uint64_t>(field);
    if (!count)
        return std::unexpected(count.error());
    value.elementType = static_cast<GgufType>(*type);
    value.count = *count;

    const std::size_t begin = m_at;
    if (scalarBytes(value.elementType) != 0) {
        if (const auto done = skipScalars(value.elementType, *count, field); !done)
            return done;
    } else if (value.elementType == GgufType::String || value.elementType == GgufType::Array) {
        // Each element has at least its own length or header, so this loop is bounded by the file.
        for (std::uint64_t i = 0; i < *count; ++i) {
            GgufValue element;
            element.key = value.key;
            const auto done = value.elementType == GgufType::Array
                                  ? skipArray(element, depth + 1)
                                  : takeString(field).transform([](std::string_view) {});
            if (!done)
                return done;
        }
    } else {
        return bad(field, std::format("unknown element kind {}", *type), at);
    }
    value.data = m_file.m_bytes.subspan(begin, m_at - begin);
    return {};
}

Result<void> GgufParser::takeValue()
{
    const auto key = takeName("metadata key", kMaxKeyBytes);
    if (!key)
        return std::unexpected(key.error());
    const std::string field = "metadata " + quoted(*key);
    const std::size_t at = m_at;
    const auto type = take<std::uint32_t>(field);
    if (!type)
        return std::unexpected(type.error());

    GgufValue value;
    value.key = *key;
    value.type = static_cast<GgufType>(*type);
    if (value.type == GgufType::Array) {
        if (const auto done = skipArray(value, 1); !done)
            return done;
    } else if (value.type == GgufType::String) {
        const auto text = takeString(field);
        if (!text)
            return std::unexpected(text.error());
        value.data = std::as_bytes(std::span(*text));
    } else if (const std::size_t size = scalarBytes(value.type); size != 0) {
        const std::size_t begin = m_at;
        if (const auto done = skipScalars(value.type, 1, field); !done)
            return done;
        value.data = m_file.m_bytes.subspan(begin, size);
    } else {
        return bad(field, std::format("unknown kind {}", *type), at);
    }
    m_file.m_values.push_back(value);
    return {};
}

Result<void> GgufParser::takeDimensions(Tensor& tensor)
{
    const std::string field = "dimensions of tensor " + quoted(tensor.name);
    const std::size_t at = m_at;
    const auto count = take<std::uint32_t>(field);
    if (!count)
        return std::unexpected(count.error());
    if (*count < 1 || *count > tensor.dims.size())
        return bad(field, std::format("{} of them, allowed are 1 to 4", *count), at);
    tensor.dimensionCount = *count;
    std::uint64_t elements = 1;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const auto size = take<std::uint64_t>(field);
        if (!size)
            return std::unexpected(size.error());
        if (*size == 0 || __builtin_mul_overflow(elements, *size, &elements) ||
            elements > static_cast<std::uint64_t>(INT64_MAX))
            return bad(field, "zero, or their product is too large", m_at - sizeof(std::uint64_t));
        tensor.dims[i] = *size;
    }
    return {};
}

Result<void> GgufParser::takeTensor(std::uint64_t index)
{
    const auto name = takeName(std::format("name of tensor {}", index), kMaxTensorNameBytes);
    if (!name)
        return std::unexpected(name.error());
    Tensor tensor;
    tensor.name = *name;
    if (const auto done = takeDimensions(tensor); !done)
        return done;

    const std::string field = "type of tensor " + quoted(*name);
    const std::size_t typeAt = m_at;
    const auto type = take<std::uint32_t>(field);
    if (!type)
        return std::unexpected(type.error());
    tensor.type = static_cast<TensorType>(*type);
    const auto layout = layoutOf(tensor.type);
    if (!layout)
        return bad(field, std::format("unknown type {}", *type), typeAt);
    if (tensor.dims[0] % layout->blockElements != 0)
        return bad(field,
                   std::format("rows of {} are no multiple of {}'s block of {}", tensor.dims[0],
                               layout->name, layout->blockElements),
                   typeAt);

    m_offsetsAt.push_back(m_at);
    const auto offset = take<std::uint64_t>("offset of tensor " + quoted(*name));
    if (!offset)
        return std::unexpected(offset.error());
    m_offsets.push_back(*offset);
    m_file.m_tensors.push_back(tensor);
    return {};
}

Result<void> GgufParser::sortNames()
{
    m_file.m_valueOrder.resize(m_file.m_values.size());
    std::iota(m_file.m_valueOrder.begin(), m_file.m_valueOrder.end(), 0U);
    const auto keyOf = [this](std::uint32_t i) { return m_file.m_values[i].key; };
    std::ranges::sort(m_file.m_valueOrder, {}, keyOf);
    if (const auto twice = std::ranges::adjacent_find(m_file.m_valueOrder, {}, keyOf);
        twice != m_file.m_valueOrder.end()) {
        const std::string_view key = keyOf(*std::next(twice));
        return bad("metadata " + quoted(key), "stands twice",
                   static_cast<std::size_t>(reinterpret_cast<const std::byte*>(key.data()) -
                                            m_file.m_bytes.data()));
    }

    m_file.m_tensorOrder.resize(m_file.m_tensors.size());
    std::iota(m_file.m_tensorOrder.begin(), m_file.m_tensorOrder.end(), 0U);
    const auto nameOfTensor = [this](std::uint32_t i) { return m_file.m_tensors[i].name; };
    std::ranges::sort(m_file.m_tensorOrder, {}, nameOfTensor);
    if (const auto twice = std::ranges::adjacent_find(m_file.m_tensorOrder, {}, nameOfTensor);
        twice != m_file.m_tensorOrder.end()) {
        const std::string_view name = nameOfTensor(*std::next(twice));
        return bad("tensor " + quoted(name), "stands twice",
                   static_cast<std::size_t>(reinterpret_cast<const std::byte*>(name.data()) -
                                            m_file.m_bytes.data()));
    }
    return {};
}

Result<void> GgufParser::placeTensors()
{
    const auto alignment = m_file.unsignedIntegerOr("general.alignment", kDefaultAlignment);
    if (!alignment)
        return std::unexpected(Error{Errc::BadFile, alignment.error().detail});
    if (!std::has_single_bit(*alignment) || *alignment > kMaxAlignment)
        return bad("metadata 'general.alignment'",
                   std::format("{} is no power of two up to {}", *alignment, kMaxAlignment), m_at);

    const std::uint64_t size = m_file.m_bytes.size();
    const std::uint64_t dataBegin = (m_at + *alignment - 1) / *alignment * *alignment;
    for (std::size_t i = 0; i < m_file.m_tensors.size(); ++i) {
        Tensor& tensor = m_file.m_tensors[i];
        const std::string field = "offset of tensor " + quoted(tensor.name);
        const auto layout = *layoutOf(tensor.type);
        std::uint64_t bytes = 0;
        if (__builtin_mul_overflow(tensor.elements() / layout.blockElements, layout.blockBytes,
                                   &bytes))
            return bad(field, "its size is too large", m_offsetsAt[i]);
        if (m_offsets[i] % *alignment != 0)
            return bad(
                field,
                std::format("{} is no multiple of the alignment {}", m_offsets[i], *alignment),
                m_offsetsAt[i]);
        if (dataBegin > size || m_offsets[i] > size - dataBegin ||
            bytes > size - dataBegin - m_offsets[i])
            return bad(field,
                       std::format("{} bytes from {} end after the file of {} bytes", bytes,
                                   m_offsets[i], size),
                       m_offsetsAt[i]);
        tensor.data = m_file.m_bytes.subspan(dataBegin + m_offsets[i], bytes);
    }
    return {};
}

Result<void> GgufParser::refuseOverlaps() const
{
    std::vector<std::size_t> order(m_offsets.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [this](std::size_t i) { return m_offsets[i]; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        const std::size_t before = order[i - 1];
        if (m_offsets[before] + m_file.m_tensors[before].data.size() > m_offsets[order[i]])
            return bad("offset of tensor " + quoted(m_file.m_tensors[order[i]].name),
                       "lies inside tensor " + quoted(m_file.m_tensors[before].name),
                       m_offsetsAt[order[i]]);
    }
    return {};
}

Result<GgufFile> GgufParser::run()
{
    const auto magic = take<std::uint32_t>("magic");
    if (!magic)
        return std::unexpected(magic.error());
    if (*magic != kMagic)
        return bad("magic", "not a GGUF file", 0);
    const auto version = take<std::uint32_t>("version");
    if (!version)
        return std::unexpected(version.error());
    if (*version != 3)
        return bad("version", std::format("{} is not supported, 3 is", *version), 4);
    m_file.m_version = *version;

    const auto tensors = take<std::uint64_t>("tensor count");
    if (!tensors)
        return std::unexpected(tensors.error());
    const auto values = take<std::uint64_t>("metadata count");
    if (!values)
        return std::unexpected(values.error());
    if (*values > left() / kMinValueBytes)
        return bad("metadata count", std::format("{} entries do not fit the file", *values), 16);
    if (*tensors > (left() - *values * kMinValueBytes) / kMinTensorBytes)
        return bad("tensor count", std::format("{} tensors do not fit the file", *tensors), 8);

    for (std::uint64_t i = 0; i < *values; ++i)
        if (const auto done = takeValue(); !done)
            return std::unexpected(done.error());
    for (std::uint64_t i = 0; i < *tensors; ++i)
        if (const auto done = takeTensor(i); !done)
            return std::unexpected(done.error());

    if (const auto done = sortNames(); !done)
        return std::unexpected(done.error());
    if (const auto done = placeTensors(); !done)
        return std::unexpected(done.error());
    if (const auto done = refuseOverlaps(); !done)
        return std::unexpected(done.error());
    return std::move(m_file);
}

} // namespace model
