// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/ready.h"

#include "inference/model/unicode.h"

#include <map>

namespace engine {
namespace {

constexpr std::size_t kNameBytes = 128;

std::string cleaned(std::string_view name)
{
    std::string clean;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t length = model::characterLength(name.substr(at));
        const auto first = static_cast<unsigned char>(name[at]);
        // C0 controls and DEL are one byte; C1 controls begin with C2 and end below A0.
        const bool control =
            first < 0x20 || first == 0x7f ||
            (length == 2 && first == 0xC2 && static_cast<unsigned char>(name[at + 1]) < 0xA0);
        if (length > 0 && !control) {
            if (clean.size() + length > kNameBytes)
                break;
            clean += name.substr(at, length);
        }
        at += length > 0 ? length : 1;
    }
    return clean;
}

} // namespace

wire::Ready describe(const model::GgufFile& file, const model::Config& config)
{
    wire::Ready ready;
    ready.name = cleaned(file.string("general.name").value_or(""));
    ready.architecture = config.architecture;
    ready.contextTokens = config.contextLength;
    ready.vocabulary = config.vocabularySize;
    std::map<std::string_view, std::uint64_t> bytesOfType;
    for (const model::Tensor& tensor : file.tensors()) {
        ready.parameters += tensor.elements();
        ready.weightBytes += tensor.data.size();
        bytesOfType[model::nameOf(tensor.type)] += tensor.data.size();
    }
    std::uint64_t most = 0;
    for (const auto& [name, bytes] : bytesOfType) {
        if (bytes > most) {
            most = bytes;
            ready.weightType = name;
        }
    }
    return ready;
}

} // namespace engine
