// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/types.h"
#include "inference/evidence/evidence.h"
#include "storage/key_store.h"
#include "storage/records/record_store.h"
#include "storage/vault.h"

#include <optional>
#include <string>
#include <string_view>

/// Values of the folders that never meet, as the words on the socket.
namespace service {

[[nodiscard]] api::Source present(const records::Source& source);
[[nodiscard]] api::PatientSummary present(const records::PatientSummary& patient);
[[nodiscard]] api::Chart present(const records::Chart& chart);
[[nodiscard]] api::DocumentText presentDocument(const records::Chart& chart, std::size_t index);

/// @p chart tells which document a passage stands in.
[[nodiscard]] api::EvidenceItem present(const evidence::EvidenceItem& item,
                                        const records::Chart& chart);
[[nodiscard]] api::Coverage present(const evidence::Coverage& coverage);
[[nodiscard]] api::Claim present(const evidence::Sentence& sentence);
/// One block of two or more sentences.
[[nodiscard]] api::Conflict present(const evidence::Conflict& conflict);

[[nodiscard]] std::string_view nameOf(storage::Role role);
[[nodiscard]] std::optional<storage::Role> roleNamed(std::string_view name);
[[nodiscard]] api::UserInfo present(const storage::User& user);

[[nodiscard]] std::string_view nameOf(storage::AnswerState state);
[[nodiscard]] api::Conversation present(const storage::Conversation& conversation);
/// The answer is what was stored as Turn::detail. A turn that ended without one (interrupted) gets
/// an answer that holds its state only; a pending one gets none.
[[nodiscard]] api::Turn present(const storage::Turn& turn);

} // namespace service
