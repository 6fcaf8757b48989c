// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace records {

/// What is typed to find a patient, as an FTS5 query over name, born and identifiers: each word is
/// the beginning of a name or an identifier, in any order, accents and case aside; a word that is a
/// date (1980, 1980-03, 1980-03-02, 02.03.1980) may also be the birth date. Empty, where
/// nothing but spaces was typed: all patients. Signs without a letter or digit find nobody.
/// Threads: pure.
[[nodiscard]] std::string patientQuery(std::string_view typed);

} // namespace records
