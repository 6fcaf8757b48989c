// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/blocks.h"

namespace model {

/// One layer of Qwen 2 and 2.5: LLaMA's plan with biases on queries, keys and values, and with
/// heads turned in halves. Source: arXiv:2407.10671.
void qwen2Layer(Blocks& blocks, const LayerWeights& weights, std::size_t layer);

} // namespace model
