// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/weight_type.h"

#include <iterator>

namespace kernels {

namespace {

struct Facts {
    std::string_view name;
    Block block;
    WeightType type;
    ActivationGroup group;
};

constexpr Facts kFacts[] = {
    {"F32", {1, 4}, WeightType::F32, ActivationGroup::None},
    {"F16", {1, 2}, WeightType::F16, ActivationGroup::None},
    {"BF16", {1, 2}, WeightType::BF16, ActivationGroup::None},
    {"Q4_0", {32, 18}, WeightType::Q4_0, ActivationGroup::Of32},
    {"Q4_1", {32, 20}, WeightType::Q4_1, ActivationGroup::Of32},
    {"Q5_0", {32, 22}, WeightType::Q5_0, ActivationGroup::Of32},
    {"Q5_1", {32, 24}, WeightType::Q5_1, ActivationGroup::Of32},
    {"Q8_0", {32, 34}, WeightType::Q8_0, ActivationGroup::Of32},
    {"Q2_K", {256, 84}, WeightType::Q2_K, ActivationGroup::Of256},
    {"Q3_K", {256, 110}, WeightType::Q3_K, ActivationGroup::Of256},
    {"Q4_K", {256, 144}, WeightType::Q4_K, ActivationGroup::Of256},
    {"Q5_K", {256, 176}, WeightType::Q5_K, ActivationGroup::Of256},
    {"Q6_K", {256, 210}, WeightType::Q6_K, ActivationGroup::Of256},
    {"IQ4_NL", {32, 18}, WeightType::IQ4_NL, ActivationGroup::Of32},
    {"IQ4_XS", {256, 136}, WeightType::IQ4_XS, ActivationGroup::Of256},
    {"MXFP4", {32, 17}, WeightType::MXFP4, ActivationGroup::Of32},
};

consteval bool inOrder()
{
    for (std::size_t i = 0; i < std::size(kFacts); ++i) {
        if (kFacts[i].type != static_cast<WeightType>(i))
            return false;
    }
    return std::size(kFacts) == kWeightTypes;
}
static_assert(inOrder());

const Facts& factsOf(WeightType type)
{
    return kFacts[static_cast<std::size_t>(type)];
}

} // namespace

Block blockOf(WeightType type)
{
    return factsOf(type).block;
}

std::string_view nameOf(WeightType type)
{
    return factsOf(type).name;
}

std::size_t rowBytes(WeightType type, std::size_t columns)
{
    const Block block = blockOf(type);
    return columns % block.values == 0 ? columns / block.values * block.bytes : 0;
}

ActivationGroup activationGroup(WeightType type)
{
    return factsOf(type).group;
}

} // namespace kernels
