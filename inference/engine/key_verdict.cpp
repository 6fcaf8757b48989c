// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/key_verdict.h"

#include "inference/engine/kv_kinds.h"
#include "inference/kernels/checksum.h"
#include "inference/kernels/onednn_matmul.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <span>

namespace engine {
namespace {

constexpr std::size_t kLayersOfDigit = 4;

std::uint32_t sumOfText(std::string_view text, std::uint32_t before = 0)
{
    return kernels::crc32c(std::as_bytes(std::span(text)), before);
}

/// Four layers a digit, the first one its lowest bit.
std::string digitsOf(const LayerSet& layers)
{
    std::string digits;
    for (std::size_t first = 0; first < layers.size(); first += kLayersOfDigit) {
        unsigned digit = 0;
        for (std::size_t i = first; i < std::min(first + kLayersOfDigit, layers.size()); ++i)
            digit |= layers[i] ? 1U << (i - first) : 0U;
        digits += std::format("{:x}", digit);
    }
    return digits;
}

/// What stands behind " NAME=", up to the next space; empty when it is not there.
std::string_view fieldOf(std::string_view line, std::string_view name)
{
    const std::string begin = std::format(" {}=", name);
    const std::size_t at = line.find(begin);
    if (at == std::string_view::npos)
        return {};
    line.remove_prefix(at + begin.size());
    return line.substr(0, line.find(' '));
}

double numberIn(std::string_view field)
{
    double number = 0.0;
    std::from_chars(field.data(), field.data() + field.size(), number);
    return number;
}

} // namespace

KeyMarks keyMarksOf(const model::GgufFile& file, const model::Model& network)
{
    // So much of each tensor tells two models apart; all of a large one would take seconds.
    constexpr std::size_t kBytes = 4096;
    std::uint32_t model = 0;
    for (const model::Tensor& tensor : file.tensors()) {
        model = sumOfText(tensor.name, model);
        model =
            sumOfText(std::format(" {} {} {} {} {} ", static_cast<int>(tensor.type), tensor.dims[0],
                                  tensor.dims[1], tensor.dims[2], tensor.dims[3]),
                      model);
        model = kernels::crc32c(tensor.data.first(std::min(kBytes, tensor.data.size())), model);
    }
    // With other values the words move by other amounts.
    return {model, sumOfText(std::format(
                       "check {} {} values {} onednn {}", kKeyCheckVersion, network.arithmetic(),
                       nameOf(network.kvLayers().front().valueFormat), kernels::onednnVersion()))};
}

std::string lineOf(const KeyVerdict& verdict, const KeyMarks& marks)
{
    const KeyFigures& figures = verdict.figures;
    const std::string line =
        std::format("cloister-keys 1 model={:08x} engine={:08x} layers={} int8={} prompt={:.6e} "
                    "generated={:.6e} same={:.6e}",
                    marks.model, marks.engine, verdict.layers.size(), digitsOf(verdict.layers),
                    figures.prompt, figures.generated, figures.sameChoice);
    return std::format("{} crc={:08x}", line, sumOfText(line));
}

std::optional<KeyVerdict> verdictIn(std::string_view line, const KeyMarks& marks,
                                    std::size_t layers)
{
    KeyVerdict verdict{.layers = LayerSet(layers, false), .figures = {}};
    const std::string_view digits = fieldOf(line, "int8");
    for (std::size_t i = 0; i < layers && i / kLayersOfDigit < digits.size(); ++i) {
        unsigned digit = 0;
        const char* const at = digits.data() + i / kLayersOfDigit;
        std::from_chars(at, at + 1, digit, 16);
        verdict.layers[i] = (digit >> (i % kLayersOfDigit) & 1U) != 0;
    }
    verdict.figures = {.prompt = numberIn(fieldOf(line, "prompt")),
                       .generated = numberIn(fieldOf(line, "generated")),
                       .sameChoice = numberIn(fieldOf(line, "same"))};
    // Whatever is damaged, of another version or for something else reads otherwise.
    if (lineOf(verdict, marks) != line || (verdict.allowed() > 0 && !verdict.figures.pass()))
        return std::nullopt;
    return verdict;
}

} // namespace engine
