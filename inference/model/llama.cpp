// SPDX-License-Identifier: Apache-2.0
#include "inference/model/llama.h"

namespace model {

void llamaLayer(Blocks& blocks, const LayerWeights& weights, std::size_t layer)
{
    blocks.normalize(weights.attentionNorm); // h [M, D]
    blocks.projectQueryKeyValue(weights);    // q [M, H d], k, v [M, Hkv d]
    blocks.turnAndStore(weights, layer);     // k, v -> pages; few files have biases
    blocks.attend(layer);                    // a [M, H d]
    blocks.addAttention(weights);            // x [M, D]

    blocks.normalize(weights.feedForwardNorm); // h [M, D]
    blocks.gatedProjection(weights);           // g [M, F]
    blocks.addFeedForward(weights);            // x [M, D]
}

} // namespace model
