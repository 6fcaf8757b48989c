// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/facts.h"

#include <string>
#include <string_view>
#include <vector>

namespace evidence {

/// All values of one measurement under one name, newest first. Each entry is one resource: one
/// value, or systolic and diastolic together.
struct Series {
    std::string name; // as recorded, of the newest
    std::vector<Panel> entries;
};

struct Resolved {
    bool known = false;         // a name that this program knows, whether recorded or not
    std::vector<Series> series; // newest first; several where several names fit
};

/// The measurements of @p chart that @p words name: by code, by synonym, by their own name; with
/// @p partly also by a part of their name ("smoking status"). Never guesses between several.
[[nodiscard]] Resolved resolve(std::string_view words, const records::Chart& chart, bool partly);

} // namespace evidence
