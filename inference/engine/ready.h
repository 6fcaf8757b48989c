// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/config.h"
#include "inference/model/gguf.h"
#include "inference/wire/messages.h"

namespace engine {

/// What the worker says of its model once it is loaded. The name comes out of a hostile file: it is
/// cut to 128 bytes of printable UTF-8.
wire::Ready describe(const model::GgufFile& file, const model::Config& config);

} // namespace engine
