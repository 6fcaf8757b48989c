// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/evidence.h"

/// Small charts for tests, written by hand. Every made resource has an id and a span of its own.
namespace made {

records::Concept named(const std::string& text, const std::string& loinc = {});
records::Source source(const std::string& type);

records::Observation& addLab(records::Chart& chart, const std::string& name,
                             const std::string& loinc, const std::string& value,
                             const std::string& unit, const std::string& date);
/// Two observations of one resource.
void addPressure(records::Chart& chart, const std::string& high, const std::string& low,
                 const std::string& date);
records::Medication& addMedication(records::Chart& chart, const std::string& name,
                                   records::MedicationState state, const std::string& started,
                                   const std::string& ended = {});
records::Allergy& addAllergy(records::Chart& chart, const std::string& name);
records::Condition& addProblem(records::Chart& chart, const std::string& name,
                               records::ConditionState state, const std::string& onset);
records::Document& addNote(records::Chart& chart, const std::string& title, const std::string& date,
                           const std::string& text);

/// Anna Example: labs, pressures, an ended and an active medicine, an allergy, notes.
records::Chart anna();

inline constexpr evidence::Day kToday{2026, 11, 23};

/// All sentences of an answer, one a line.
std::string wordsOf(const evidence::DirectAnswer& answer);

} // namespace made
