// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/gguf.h"
#include "inference/model/model.h"
#include "inference/model/tokenizer.h"

#include <memory>
#include <string>

namespace support {

/// A model file in memory, and what is read from it: null where that is not in it, or is refused.
struct Loaded {
    explicit Loaded(std::string content, const model::Model::Options& options = {.threads = 1});

    std::string bytes;
    std::unique_ptr<model::GgufFile> file;
    std::unique_ptr<model::Tokenizer> tokenizer;
    std::unique_ptr<model::Model> network;
};

} // namespace support
