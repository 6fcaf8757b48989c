// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/import/json_value.h"
#include "storage/import/warnings.h"

#include <cstddef>
#include <string_view>

namespace imports {

/// Holds the members of @p resource that readers look at against the types that FHIR R4 gives them.
/// A value of another type, and a date that is none, becomes null: no reader can take it for
/// something, and it is told as a warning that names entry, resource type and member. Names come
/// from the tables of fhir_shape.cpp, never from the document, and values are never told.
///
/// Returns whether the resource may be read: false when what would take its statement back or turn
/// it round (status, verificationStatus, doNotPerform) is unreadable, for then nobody knows what it
/// says.
[[nodiscard]] bool checkShape(JsonValue& resource, std::size_t entry, Warnings& warnings);

/// Whether FHIR R4 wants a value in @p holder, there is one, and checkShape() cut it out.
[[nodiscard]] bool valueWasCut(const JsonValue& holder);

} // namespace imports
