// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/tier.h"

#include "inference/kernels/tier_tables.h"

namespace kernels {

namespace {

bool canRun(Tier tier)
{
    switch (tier) {
    case Tier::Avx512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vnni");
    case Tier::AvxVnni:
        return canRun(Tier::Avx2) && (hasVexVnni() || canRun(Tier::Avx512));
    case Tier::Avx2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c");
    case Tier::Generic:
        return true;
    }
    return false;
}

bool inBfloats(Tier tier, bool exact)
{
    return !exact && tier == Tier::Avx512 && hasBfloatProducts();
}

} // namespace

bool hasVexVnni()
{
    return __builtin_cpu_supports("avxvnni");
}

std::vector<Tier> availableTiers()
{
    std::vector<Tier> tiers;
    for (const Tier tier : {Tier::Generic, Tier::Avx2, Tier::AvxVnni, Tier::Avx512}) {
        if (canRun(tier))
            tiers.push_back(tier);
    }
    return tiers;
}

Tier bestTier()
{
    return availableTiers().back();
}

std::string_view nameOf(Tier tier)
{
    switch (tier) {
    case Tier::Avx512:
        return "avx512";
    case Tier::AvxVnni:
        return "avxvnni";
    case Tier::Avx2:
        return "avx2";
    case Tier::Generic:
        return "generic";
    }
    return "";
}

bool hasBfloatProducts()
{
    return canRun(Tier::Avx512) && __builtin_cpu_supports("avx512bf16");
}

bool hasTileProducts()
{
    return hasBfloatProducts() && __builtin_cpu_supports("amx-bf16");
}

const KernelTable& kernelsOf(Tier tier)
{
    switch (tier) {
    case Tier::Avx512:
        return kAvx512Kernels;
    case Tier::AvxVnni:
        return hasVexVnni() ? kAvxVnniKernels : kAvxVnniEvexKernels;
    case Tier::Avx2:
        return kAvx2Kernels;
    case Tier::Generic:
        break;
    }
    return kGenericKernels;
}

Flash flashOf(Tier tier, bool exact)
{
    return inBfloats(tier, exact) ? kBfloatFlash : kernelsOf(tier).flash;
}

const PlainKernels& plainOf(Tier tier, bool exact)
{
    return inBfloats(tier, exact) ? kBfloatPlain : kernelsOf(tier).plain;
}

} // namespace kernels
