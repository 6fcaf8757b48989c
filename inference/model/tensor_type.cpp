// SPDX-License-Identifier: Apache-2.0
#include "inference/model/tensor_type.h"

#include <algorithm>
#include <array>
#include <utility>

namespace model {
namespace {

using Row = std::pair<TensorType, TensorTypeLayout>;

constexpr std::array kLayouts = {
    Row{TensorType::F32, {"F32", 1, 4}},
    Row{TensorType::F16, {"F16", 1, 2}},
    Row{TensorType::Q4_0, {"Q4_0", 32, 18}},
    Row{TensorType::Q4_1, {"Q4_1", 32, 20}},
    Row{TensorType::Q5_0, {"Q5_0", 32, 22}},
    Row{TensorType::Q5_1, {"Q5_1", 32, 24}},
    Row{TensorType::Q8_0, {"Q8_0", 32, 34}},
    Row{TensorType::Q8_1, {"Q8_1", 32, 36}},
    Row{TensorType::Q2_K, {"Q2_K", 256, 84}},
    Row{TensorType::Q3_K, {"Q3_K", 256, 110}},
    Row{TensorType::Q4_K, {"Q4_K", 256, 144}},
    Row{TensorType::Q5_K, {"Q5_K", 256, 176}},
    Row{TensorType::Q6_K, {"Q6_K", 256, 210}},
    Row{TensorType::Q8_K, {"Q8_K", 256, 292}},
    Row{TensorType::IQ2_XXS, {"IQ2_XXS", 256, 66}},
    Row{TensorType::IQ2_XS, {"IQ2_XS", 256, 74}},
    Row{TensorType::IQ3_XXS, {"IQ3_XXS", 256, 98}},
    Row{TensorType::IQ1_S, {"IQ1_S", 256, 50}},
    Row{TensorType::IQ4_NL, {"IQ4_NL", 32, 18}},
    Row{TensorType::IQ3_S, {"IQ3_S", 256, 110}},
    Row{TensorType::IQ2_S, {"IQ2_S", 256, 82}},
    Row{TensorType::IQ4_XS, {"IQ4_XS", 256, 136}},
    Row{TensorType::I8, {"I8", 1, 1}},
    Row{TensorType::I16, {"I16", 1, 2}},
    Row{TensorType::I32, {"I32", 1, 4}},
    Row{TensorType::I64, {"I64", 1, 8}},
    Row{TensorType::F64, {"F64", 1, 8}},
    Row{TensorType::IQ1_M, {"IQ1_M", 256, 56}},
    Row{TensorType::BF16, {"BF16", 1, 2}},
    Row{TensorType::TQ1_0, {"TQ1_0", 256, 54}},
    Row{TensorType::TQ2_0, {"TQ2_0", 256, 66}},
    Row{TensorType::MXFP4, {"MXFP4", 32, 17}},
    Row{TensorType::NVFP4, {"NVFP4", 64, 36}},
    Row{TensorType::Q1_0, {"Q1_0", 128, 18}},
    Row{TensorType::Q2_0, {"Q2_0", 64, 18}},
};

} // namespace

std::optional<TensorTypeLayout> layoutOf(TensorType type)
{
    const auto* found = std::ranges::find(kLayouts, type, &Row::first);
    if (found == kLayouts.end())
        return std::nullopt;
    return found->second;
}

std::string_view nameOf(TensorType type)
{
    const auto layout = layoutOf(type);
    return layout ? layout->name : "unknown";
}

} // namespace model
