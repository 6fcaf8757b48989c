// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/types.h"

#include <string>

namespace service {

/// What a client that shows only an answer's text must not lack: sources that disagree, sentences
/// that the record doesn't support, what each citation names, and what was searched. Stands behind
/// the answer's text; empty where there is nothing to say.
[[nodiscard]] std::string chatNotes(const api::Answer& answer);

} // namespace service
