// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

namespace app {

/// Whether one name may be read for the other: the same but for a letter or two, an accent, the
/// order of family and given name, or a given name that begins alike.
[[nodiscard]] bool areSimilar(const QString& first, const QString& second);

/// For each patient whether another one of the list has a similar name.
[[nodiscard]] QList<bool> withSimilarNames(const QList<PatientSummary>& patients);

} // namespace app
