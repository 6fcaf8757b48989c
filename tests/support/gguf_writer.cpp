// SPDX-License-Identifier: Apache-2.0
#include "tests/support/gguf_writer.h"

namespace support {
namespace {

constexpr std::size_t kAlignment = 32;

void pad(std::string& out)
{
    out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment);
}

} // namespace

void appendString(std::string& out, std::string_view text)
{
    append<std::uint64_t>(out, text.size());
    out += text;
}

void GgufWriter::addRaw(std::string_view key, std::uint32_t kind, std::string_view payload)
{
    appendString(m_values, key);
    append(m_values, kind);
    m_values += payload;
    ++m_valueCount;
}

void GgufWriter::add(std::string_view key, std::uint32_t value)
{
    addRaw(key, 4, {reinterpret_cast<const char*>(&value), sizeof value});
}

void GgufWriter::add(std::string_view key, float value)
{
    addRaw(key, 6, {reinterpret_cast<const char*>(&value), sizeof value});
}

void GgufWriter::add(std::string_view key, bool value)
{
    addRaw(key, 7, value ? "\1" : std::string_view("\0", 1));
}

void GgufWriter::add(std::string_view key, std::string_view value)
{
    std::string payload;
    appendString(payload, value);
    addRaw(key, 8, payload);
}

void GgufWriter::add(std::string_view key, std::span<const std::string> values)
{
    std::string payload;
    append<std::uint32_t>(payload, 8);
    append<std::uint64_t>(payload, values.size());
    for (const std::string& value : values)
        appendString(payload, value);
    addRaw(key, 9, payload);
}

void GgufWriter::add(std::string_view key, std::span<const std::int32_t> values)
{
    std::string payload;
    append<std::uint32_t>(payload, 5);
    append<std::uint64_t>(payload, values.size());
    for (const std::int32_t value : values)
        append(payload, value);
    addRaw(key, 9, payload);
}

void GgufWriter::addTensor(std::string_view name, model::TensorType type,
                           std::initializer_list<std::uint64_t> dims, std::string_view data)
{
    m_tensors.push_back({std::string(name), type, dims, std::string(data)});
}

std::string GgufWriter::header() const
{
    std::string out = "GGUF";
    append<std::uint32_t>(out, 3);
    append<std::uint64_t>(out, m_tensors.size());
    append(out, m_valueCount);
    out += m_values;
    std::uint64_t offset = 0;
    for (const Entry& tensor : m_tensors) {
        appendString(out, tensor.name);
        append(out, static_cast<std::uint32_t>(tensor.dims.size()));
        for (const std::uint64_t size : tensor.dims)
            append(out, size);
        append(out, static_cast<std::uint32_t>(tensor.type));
        append(out, offset);
        offset += (tensor.data.size() + kAlignment - 1) / kAlignment * kAlignment;
    }
    return out;
}

std::string GgufWriter::file() const
{
    std::string out = header();
    for (const Entry& tensor : m_tensors) {
        pad(out);
        out += tensor.data;
    }
    return out;
}

} // namespace support
