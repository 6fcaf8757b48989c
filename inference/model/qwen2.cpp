// SPDX-License-Identifier: Apache-2.0
#include "inference/model/qwen2.h"

namespace model {

void qwen2Layer(Blocks& blocks, const LayerWeights& weights, std::size_t layer)
{
    blocks.projectQueryKeyValue(weights); // q [M, H d], k, v [M, Hkv d] of x / rms(x)
    blocks.turnAndStore(weights, layer);  // k, v -> pages; keys' biases reach some hundreds
    blocks.attend(layer);                 // a [M, H d]
    blocks.addAttention(weights);         // x [M, D]

    blocks.gatedProjection(weights); // g, u [M, F] of x / rms(x)
    blocks.addFeedForward(weights);  // x [M, D], from silu(g) u
}

} // namespace model
