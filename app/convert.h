// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include "inference/api/types.h"
#include "inference/api/witness.h"

namespace app {

/// The words on the socket (UTF-8 strings) as what the widgets show (QString). Nothing is
/// interpreted here but names of enumerators.
[[nodiscard]] Failure viewOf(const api::Error& error);
[[nodiscard]] ServiceInfo viewOf(const api::ServiceInfo& service);
[[nodiscard]] ModelInfo viewOf(const api::ModelStatus& model);
[[nodiscard]] SessionInfo viewOf(const api::SignIn& session);
[[nodiscard]] WitnessVerdict viewOf(api::Witness witness);
[[nodiscard]] PatientSummary viewOf(const api::PatientSummary& patient);
[[nodiscard]] Chart viewOf(const api::Chart& chart);
/// As the service names it.
[[nodiscard]] api::Source wordsOf(const SourceRef& source);
[[nodiscard]] DocumentText viewOf(const api::DocumentText& document);
[[nodiscard]] OriginalText viewOf(const api::OriginalText& original);
[[nodiscard]] Accepted viewOf(const api::Accepted& accepted);
[[nodiscard]] EvidenceItem viewOf(const api::EvidenceItem& item);
[[nodiscard]] Coverage viewOf(const api::Coverage& coverage);
[[nodiscard]] Progress viewOf(const api::Progress& progress);
[[nodiscard]] Claim viewOf(const api::Claim& claim);
[[nodiscard]] Answer viewOf(const api::Answer& answer);
[[nodiscard]] ConversationSummary viewOf(const api::Conversation& conversation);
[[nodiscard]] Conversation viewOf(const api::ConversationTurns& conversation);

template <typename T>
[[nodiscard]] auto viewsOf(const std::vector<T>& values)
{
    QList<decltype(viewOf(values.front()))> views;
    views.reserve(static_cast<qsizetype>(values.size()));
    for (const T& value : values)
        views += viewOf(value);
    return views;
}

} // namespace app
