// SPDX-License-Identifier: Apache-2.0
#include "tests/support/loaded.h"

#include <utility>

namespace support {

Loaded::Loaded(std::string content, const model::Model::Options& options)
    : bytes(std::move(content))
{
    auto parsed = model::GgufFile::parse(std::as_bytes(std::span(bytes)));
    if (!parsed)
        return;
    file = std::make_unique<model::GgufFile>(*std::move(parsed));
    if (auto read = model::Tokenizer::load(*file))
        tokenizer = std::make_unique<model::Tokenizer>(*std::move(read));
    if (auto loaded = model::Model::load(*file, options))
        network = *std::move(loaded);
}

} // namespace support
