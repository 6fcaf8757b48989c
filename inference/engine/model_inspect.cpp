// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/model/tokenizer.h"

#include <cstdio>
#include <format>
#include <iterator>
#include <map>

namespace engine {
namespace {

constexpr std::size_t kShownBytes = 100;

/// One line: control characters, which could steer a terminal, are replaced.
std::string shown(std::string_view text)
{
    std::string line;
    for (const char c : text.substr(0, kShownBytes)) {
        const auto byte = static_cast<unsigned char>(c);
        line += byte < 0x20 || byte == 0x7f ? ' ' : c;
    }
    if (text.size() > kShownBytes)
        line += std::format("... ({} bytes)", text.size());
    return line;
}

std::string describe(const model::GgufFile& file, const model::GgufValue& value)
{
    if (value.type == model::GgufType::String)
        return shown(file.string(value.key).value_or(""));
    if (value.type == model::GgufType::Bool)
        return file.boolean(value.key).value_or(false) ? "true" : "false";
    if (value.type == model::GgufType::Array)
        return std::format("{} elements", value.count);
    return std::format("{}", file.number(value.key).value_or(0));
}

std::string sizesOf(const model::Tensor& tensor)
{
    std::string text;
    for (std::uint32_t i = 0; i < tensor.dimensionCount; ++i)
        text += std::format("{}{}", i == 0 ? "" : " x ", tensor.dims[i]);
    return text;
}

struct Share {
    std::size_t tensors = 0;
    std::uint64_t bytes = 0;
};

} // namespace

int runInspect(const Options& options)
{
    const auto file = openModelFile(options.file());
    if (!file)
        return failed(file.error().detail);

    std::string out =
        std::format("GGUF version {}, {} bytes, {} metadata entries, {} tensors\n", file->version(),
                    file->fileBytes(), file->values().size(), file->tensors().size());
    for (const model::GgufValue& value : file->values())
        out += std::format("{} = {}\n", shown(value.key), describe(*file, value));

    std::map<std::string_view, Share> shares;
    std::uint64_t parameters = 0;
    for (const model::Tensor& tensor : file->tensors()) {
        out += std::format("{}  {}  {}\n", shown(tensor.name), model::nameOf(tensor.type),
                           sizesOf(tensor));
        Share& share = shares[model::nameOf(tensor.type)];
        ++share.tensors;
        share.bytes += tensor.data.size();
        parameters += tensor.elements();
    }
    out += std::format("{} parameters\n", parameters);
    for (const auto& [name, share] : shares)
        out += std::format("{}: {} tensors, {} bytes\n", name, share.tensors, share.bytes);
    const auto tokenizer = model::Tokenizer::load(*file);
    out += tokenizer ? std::format("vocabulary of {} tokens\n", tokenizer->vocabulary().size())
                     : std::format("no vocabulary of a kind that is read here: {}\n",
                                   tokenizer.error().detail);
    std::fputs(out.c_str(), stdout);
    return 0;
}

} // namespace engine
