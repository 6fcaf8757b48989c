// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of one tier, from the lanes that the including tier file has chosen.

#include "inference/kernels/attention_lanes.h"
#include "inference/kernels/flash_lanes.h"
#include "inference/kernels/group_panel_lanes.h"
#include "inference/kernels/kv_store_lanes.h"
#include "inference/kernels/panel_dot_lanes.h"
#include "inference/kernels/panel_expand_lanes.h"
#include "inference/kernels/plain_panel_lanes.h"
#include "inference/kernels/strip_dot_iq_lanes.h"
#include "inference/kernels/strip_dot_k_lanes.h"
#include "inference/kernels/strip_dot_legacy_lanes.h"
#include "inference/kernels/strip_expand_iq_lanes.h"
#include "inference/kernels/strip_expand_k_lanes.h"
#include "inference/kernels/strip_expand_legacy_lanes.h"
#include "inference/kernels/vector_lanes.h"

namespace kernels {
namespace {

template <void (*Expand)(const std::byte*, std::size_t, const SingleSink&)>
void single(const std::byte* strip, std::size_t columns, std::byte* panel)
{
    Expand(strip, columns, SingleSink{reinterpret_cast<float*>(panel)});
}

template <typename Family>
constexpr KernelTable::ExpandGroups expanderOf()
{
    return kGroupPanelsPay ? expandGroups<Family> : nullptr;
}

// In the order of WeightType.
constexpr KernelTable kTable = {
    .dotStrip =
        {
            dotRows<DotPlain<float>>,
            dotRows<DotPlain<Half>>,
            dotRows<DotPlain<Bfloat>>,
            dotRows<DotCentered<Q4_0Tile, 8>>,
            dotRows<DotWithMinimum<Q4_1Tile>>,
            dotRows<DotCentered<Q5_0Tile, 16>>,
            dotRows<DotWithMinimum<Q5_1Tile>>,
            dotRows<DotQ8_0>,
            dotRows<DotQ2_K>,
            dotRows<DotQ3_K>,
            dotRows<DotWithMinima<Q4_KTile>>,
            dotRows<DotWithMinima<Q5_KTile>>,
            dotRows<DotQ6_K>,
            dotRows<DotCoded<Iq4NlTile>>,
            dotRows<DotIQ4_XS>,
            dotRows<DotCoded<Mxfp4Tile>>,
        },
    .plain =
        {
            .elementBytes = sizeof(float),
            .expand =
                {
                    single<expandPlain<float>>,
                    single<expandPlain<Half>>,
                    single<expandPlain<Bfloat>>,
                    single<expandCentered<Q4_0Tile, 8>>,
                    single<expandWithMinimum<Q4_1Tile>>,
                    single<expandCentered<Q5_0Tile, 16>>,
                    single<expandWithMinimum<Q5_1Tile>>,
                    single<expandQ8_0>,
                    single<expandQ2_K>,
                    single<expandQ3_K>,
                    single<expandWithMinima<Q4_KTile>>,
                    single<expandWithMinima<Q5_KTile>>,
                    single<expandQ6_K>,
                    single<expandCoded<Iq4NlTile>>,
                    single<expandIQ4_XS>,
                    single<expandCoded<Mxfp4Tile>>,
                },
            .widen = copyRow,
            .multiply = multiplyPlain<SingleProducts>,
        },
    .expandInt8 =
        {
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            expandInt8<expandQ2_K, expandQ2_K, 3>,
            expandInt8<expandQ3_K, expandQ3_K, 7>,
            expandInt8<expandWithMinima<Q4_KTile>, expandWithMinima<Q4_KTile>, 15>,
            expandInt8<expandWithMinima<Q5_KTile>, expandWithMinima<Q5_KTile>, 31>,
            expandInt8<expandQ6_K, expandQ6_K, 63>,
            nullptr,
            expandInt8<expandIQ4_XS, expandIQ4_XS, 127>,
            nullptr,
        },
    .quantizePanel = quantizePanel,
    .multiplyPanel = multiplyPanel,
    .expandGroups =
        {
            nullptr,
            nullptr,
            nullptr,
            expanderOf<CenteredGroups<Q4_0Tile, 8>>(),
            expanderOf<MinimumGroups<Q4_1Tile>>(),
            expanderOf<CenteredGroups<Q5_0Tile, 16>>(),
            expanderOf<MinimumGroups<Q5_1Tile>>(),
            expanderOf<Q8_0Groups>(),
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            expanderOf<CodedGroups<Iq4NlTile>>(),
            nullptr,
            expanderOf<CodedGroups<Mxfp4Tile>>(),
        },
    .multiplyGroups =
        {
            nullptr,
            nullptr,
            nullptr,
            multiplyGroups<CenteredGroups<Q4_0Tile, 8>::kMinima>,
            multiplyGroups<MinimumGroups<Q4_1Tile>::kMinima>,
            multiplyGroups<CenteredGroups<Q5_0Tile, 16>::kMinima>,
            multiplyGroups<MinimumGroups<Q5_1Tile>::kMinima>,
            multiplyGroups<Q8_0Groups::kMinima>,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            multiplyGroups<CodedGroups<Iq4NlTile>::kMinima>,
            nullptr,
            multiplyGroups<CodedGroups<Mxfp4Tile>::kMinima>,
        },
    .quantizeGroups = quantizeGroups,
    .quantize32 = quantizeRow<32>,
    .quantize256 = quantizeRow<256>,
    .rmsNorm = rmsNormRow,
    .swiGlu = swiGluRow,
    .add = addRow,
    .attend = attendLanes,
    .flash = flash<SingleProducts>,
    .storeKey = storeKeyLanes,
    .storeValue = storeValueLanes,
};

} // namespace
} // namespace kernels
