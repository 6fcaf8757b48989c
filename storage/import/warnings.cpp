// SPDX-License-Identifier: Apache-2.0
#include "storage/import/warnings.h"

#include <algorithm>
#include <string_view>

namespace imports {

namespace {

struct Wording {
    std::string_view code;
    std::string_view sentence;
};

Wording wordingOf(Notice notice)
{
    switch (notice) {
    case Notice::EnteredInError:
        return {"entered_in_error", "Resources marked as entered in error were left out."};
    case Notice::Refuted:
        return {"refuted", "Conditions or allergies marked as refuted were left out."};
    case Notice::NotRead:
        return {"not_read", "Resources of types that hold no clinical facts here were not read."};
    case Notice::NestedBundle:
        return {"nested_bundle", "Bundles inside the bundle were not read."};
    case Notice::ModifierExtension:
        return {"modifier_extension",
                "Resources whose meaning an unknown extension changes were left out."};
    case Notice::NotThisPatient:
        return {"not_this_patient",
                "Resources about a group, a device, a place or another person were left out."};
    case Notice::NoSubject:
        return {"no_subject", "Resources that name no patient were taken as this patient's."};
    case Notice::DuplicateId:
        return {"duplicate_id",
                "Resources with the type and id of an earlier one are named by their entry."};
    case Notice::OlderVersion:
        return {"older_version", "Older versions of resources were left out."};
    case Notice::DuplicateText:
        return {"duplicate_text", "Texts that stand twice on the same day were kept once."};
    case Notice::UnreadableDocument:
        return {"unreadable_document", "Attachments could not be read as text."};
    case Notice::UnresolvedReference:
        return {"unresolved_reference",
                "References lead to nothing in the bundle; the name at the reference was used."};
    case Notice::HiddenText:
        return {"hidden_text", "Invisible characters were removed from texts."};
    case Notice::HiddenMarkup:
        return {"hidden_markup", "Invisible parts of formatted texts were removed."};
    case Notice::UnnamedPatient:
        return {"unnamed_patient", "The Patient has no name that can be read."};
    case Notice::UnidentifiedPatient:
        return {"unidentified_patient",
                "The Patient has no identifier that can be read; further documents of this person "
                "are recognised by Patient.id alone."};
    case Notice::Count:
        break;
    }
    return {};
}

} // namespace

void Warnings::add(Notice notice, std::uint64_t count)
{
    m_counts[static_cast<std::size_t>(notice)] += count;
}

void Warnings::addPlace(std::string sentence)
{
    if (m_places.size() < kMostPlaces)
        m_places.push_back(std::move(sentence));
    else
        ++m_furtherPlaces;
}

std::vector<Warning> Warnings::list() const
{
    std::vector<Warning> warnings;
    for (std::size_t i = 0; i < m_counts.size(); ++i) {
        if (m_counts[i] == 0)
            continue;
        const Wording wording = wordingOf(static_cast<Notice>(i));
        warnings.push_back({std::string(wording.code), m_counts[i], std::string(wording.sentence)});
    }
    for (const std::string& place : m_places)
        warnings.push_back({"wrong_type", 1, place});
    if (m_furtherPlaces > 0)
        warnings.push_back(
            {"wrong_type", m_furtherPlaces, "Further values of a wrong type were left out."});
    std::ranges::stable_sort(warnings, {}, &Warning::code);
    return warnings;
}

} // namespace imports
