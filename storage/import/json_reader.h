// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/error.h"
#include "storage/import/json_value.h"
#include "storage/import/warnings.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace imports {

/// Where one resource of a bundle stands.
struct BundleEntry {
    std::string fullUrl;
    std::uint64_t begin = 0; // byte span of entry[].resource in the document
    std::uint64_t end = 0;   // equal to begin: the entry has no resource
};

struct BundleOutline {
    std::string type; // "collection"
    std::vector<BundleEntry> entries;
};

/// Strict JSON with byte positions, over simdjson's on-demand parser. Strings come out with
/// invisible characters removed and counted (hidden_text.h). Threads: one.
class JsonReader {
public:
    explicit JsonReader(std::string bytes);
    ~JsonReader();

    /// The whole document once: everything but the resources is checked here.
    /// Errors: BadJson, NotABundle, TooLarge, TooDeep.
    [[nodiscard]] Result<BundleOutline> outline(Warnings& warnings);

    /// The object that stands at [begin, end).
    /// Errors: BadJson, TooLarge (kMaxValues), TooDeep.
    [[nodiscard]] Result<JsonValue> read(std::uint64_t begin, std::uint64_t end,
                                         Warnings& warnings);

    [[nodiscard]] std::string_view bytes() const { return m_bytes; }

private:
    struct Parser; // keeps simdjson out of includers
    std::string m_bytes;
    std::unique_ptr<Parser> m_parser;
};

} // namespace imports
