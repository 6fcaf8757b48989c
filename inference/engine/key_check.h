// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/model.h"
#include "inference/model/tokenizer.h"

#include <cstddef>
#include <functional>
#include <vector>

/// Whether a model bears keys that are kept as int8, and in which layers. Some don't: where the
/// key projection has a large bias, 8 bits leave nothing of what tells one key from another.
namespace engine {

using LayerSet = std::vector<bool>; // by layer

/// How far a model's next words move with keys as int8 instead of float16.
struct KeyFigures {
    double prompt = 0.0;     // mean Kullback-Leibler divergence of prompt rows, natural logarithm
    double generated = 0.0;  // of generated rows
    double sameChoice = 1.0; // share of all these rows whose most likely token is the same

    static constexpr double kMostDivergence = 0.0005;
    static constexpr double kLeastSame = 0.99;
    [[nodiscard]] bool pass() const
    {
        return prompt <= kMostDivergence && generated <= kMostDivergence &&
               sameChoice >= kLeastSame;
    }
    friend bool operator==(const KeyFigures&, const KeyFigures&) = default;
};

struct KeyVerdict {
    LayerSet layers;    // may keep keys as int8
    KeyFigures figures; // with these; with all of them where there is none

    [[nodiscard]] std::size_t allowed() const; // how many layers
    friend bool operator==(const KeyVerdict&, const KeyVerdict&) = default;
};

/// The text of the check, or enough of its beginning to tell the layers apart.
enum class KeyText { Whole, Beginning };
using MeasureKeys = std::function<model::Result<KeyFigures>(const LayerSet&, KeyText)>;

/// All layers where they pass together. Else the layers that do least harm alone, as many of them
/// in that order as pass together; found by halving, as if one more never did any good.
/// Errors: those of @p measure.
model::Result<KeyVerdict> chooseKeyLayers(std::size_t layers, const MeasureKeys& measure);

/// Measures @p network with a text of ours, 256 tokens: each row's logits with keys as int8 in some
/// layers against those with float16 in all, over the latter's 128 largest and one bucket for the
/// rest; values kept as the network does, all else in float32 (Model::beginExact), because the
/// rounding of activations alone moves words ten times as far. The first row is left out: it sees
/// one key alone. A model that passes is read to twice, others once more for each halving and a
/// quarter of the text for each layer.
/// Errors: BadToken, OutOfMemory; as model::Model::read.
model::Result<KeyVerdict> checkKeys(model::Model& network, const model::Tokenizer& tokenizer);

/// Raised with every change of the text, the bounds or the way that is gone.
inline constexpr unsigned kKeyCheckVersion = 1;

} // namespace engine
