// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/tensor_type.h"

#include <array>
#include <string>
#include <string_view>

namespace support {

/// A GGUF file with a network small enough to run anywhere: family llama, 2 layers of 64, random
/// float32 weights that are the same on every machine, context 4096; byte vocabulary with a few
/// merges and the special tokens of ChatML, pre-tokenizer smollm.
///
/// It writes letters, spaces and full stops without sense. Greedy, it never ends its turn, so that
/// a test can rely on an answer running until it is stopped.
///
/// @p preTokenizer: another name than smollm. Empty: no vocabulary at all, as in files that hold a
/// network only.
/// @p seed: another one gives other weights.
/// @p matrices: F32, or BF16 for the upper halves of the same numbers.
[[nodiscard]] std::string tinyModel(std::string_view preTokenizer = "smollm",
                                    unsigned seed = 20261123,
                                    model::TensorType matrices = model::TensorType::F32);

/// The tiny model with keys so small that it bears them as int8 (as it is, its first layer does
/// not), and with a bias on one element of every key, which it does not bear where that is large.
/// @p biases: of each of its two layers; 0: none.
[[nodiscard]] std::string tinyModelWithKeyBias(std::array<float, 2> biases);

} // namespace support
