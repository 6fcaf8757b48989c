// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/blocks.h"

namespace model {

/// One layer of LLaMA 1 to 3 and what follows its plan (SmolLM2, Mistral).
/// Source: arXiv:2302.13971; GGUF's row order makes the rotation interleaved.
void llamaLayer(Blocks& blocks, const LayerWeights& weights, std::size_t layer);

} // namespace model
