// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/weight_type.h"

#include <iterator>

namespace kernels {

namespace {

struct Facts {
    WeightType type;
    std::string_view name;
    Block block;
    ActivationGroup group;
};

constexpr Facts kFacts[] = {
    {WeightType::F32, "F32", {1, 4}, ActivationGroup::None},
    {WeightType::F16, "F16", {1, 2}, ActivationGroup::None},
    {WeightType::BF16, "BF16", {1, 2}, ActivationGroup::None},
    {WeightType::Q4_0, "Q4_0", {32, 18}, ActivationGroup::Of32},
    {WeightType::Q4_1, "Q4_1", {32, 20}, ActivationGroup::Of32},
    {WeightType::Q5_0, "Q5_0", {32, 22}, ActivationGroup::Of32},
    {WeightType::Q5_1, "Q5_1", {32, 24}, ActivationGroup::Of32},
    {WeightType::Q8_0, "Q8_0", {32, 34}, ActivationGroup::Of32},
    {WeightType::Q2_K, "Q2_K", {256, 84}, ActivationGroup::Of256},
    {WeightType::Q3_K, "Q3_K", {256, 110}, ActivationGroup::Of256},
    {WeightType::Q4_K, "Q4_K", {256, 144}, ActivationGroup::Of256},
    {WeightType::Q5_K, "Q5_K", {256, 176}, ActivationGroup::Of256},
    {WeightType::Q6_K, "Q6_K", {256, 210}, ActivationGroup::Of256},
    {WeightType::IQ4_NL, "IQ4_NL", {32, 18}, ActivationGroup::Of32},
    {WeightType::IQ4_XS, "IQ4_XS", {256, 136}, ActivationGroup::Of256},
    {WeightType::MXFP4, "MXFP4", {32, 17}, ActivationGroup::Of32},
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
