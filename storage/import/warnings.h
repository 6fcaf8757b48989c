// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/document.h"

#include <array>
#include <string>
#include <vector>

namespace imports {

/// What was left out, changed or can't be read: counted, never silent.
enum class Notice : std::uint8_t {
    EnteredInError,    // left out
    Refuted,           // left out
    NotRead,           // resources of a type that has no place in a chart
    NestedBundle,      // a bundle inside the bundle, left out
    ModifierExtension, // meaning changed by an extension that is not known here, left out
    NotThisPatient,    // about a group, device or place; or about somebody else (focus), left out
    NoSubject,         // names no patient; taken as the bundle's
    DuplicateId,       // a second resource of the same type and id
    OlderVersion,      // an older version of a resource, left out
    DuplicateText,     // the same text on the same day, kept once
    UnreadableDocument,
    UnresolvedReference,
    HiddenText,   // invisible characters removed
    HiddenMarkup, // invisible parts of a page removed
    UnnamedPatient,
    UnidentifiedPatient, // no identifier: known by Patient.id alone
    Count
};

class Warnings {
public:
    static constexpr std::size_t kMostPlaces = 32;

    void add(Notice notice, std::uint64_t count = 1);
    /// A single place whose value has a wrong type, as a sentence. The first kMostPlaces are told
    /// each, further ones are counted together.
    void addPlace(std::string sentence);
    /// Those that were added, in order of code, places in the order of the document.
    [[nodiscard]] std::vector<Warning> list() const;

private:
    std::array<std::uint64_t, static_cast<std::size_t>(Notice::Count)> m_counts{};
    std::vector<std::string> m_places;
    std::uint64_t m_furtherPlaces = 0;
};

} // namespace imports
