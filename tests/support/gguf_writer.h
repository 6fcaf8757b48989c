// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/gguf.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// Writes GGUF version 3 files for tests, wrong ones too: nothing is checked.
class GgufWriter {
public:
    void add(std::string_view key, std::uint32_t value);
    void add(std::string_view key, float value);
    void add(std::string_view key, bool value);
    void add(std::string_view key, std::string_view value);
    void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
    void add(std::string_view key, std::span<const std::string> values);
    void add(std::string_view key, std::span<const std::int32_t> values);
    /// Any bytes as the entry's kind and value.
    void addRaw(std::string_view key, std::uint32_t kind, std::string_view payload);

    void addTensor(std::string_view name, model::TensorType type,
                   std::initializer_list<std::uint64_t> dims, std::string_view data);

    /// The whole file.
    [[nodiscard]] std::string file() const;
    /// Bytes before the data section of file(), padding not counted.
    [[nodiscard]] std::size_t headerBytes() const { return header().size(); }

private:
    struct Entry {
        std::string name;
        model::TensorType type;
        std::vector<std::uint64_t> dims;
        std::string data;
    };
    [[nodiscard]] std::string header() const;

    std::uint64_t m_valueCount = 0;
    std::string m_values;
    std::vector<Entry> m_tensors;
};

template <typename T>
void append(std::string& out, T value)
{
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void appendString(std::string& out, std::string_view text);

} // namespace support
