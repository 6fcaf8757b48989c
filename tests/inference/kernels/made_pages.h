// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <algorithm>
#include <cmath>
#include <vector>

/// Keys and values of one head in pages, and the numbers that the pages hold.
namespace made {

/// What the bytes of a page say about one element.
inline float readElement(const std::byte* at, std::size_t index, std::size_t bytes, bool bfloat)
{
    if (bytes == 4)
        return reinterpret_cast<const float*>(at)[index];
    if (bytes == 1)
        return static_cast<float>(reinterpret_cast<const std::int8_t*>(at)[index]);
    const std::uint16_t bits = reinterpret_cast<const std::uint16_t*>(at)[index];
    return bfloat ? kernels::floatFromBfloat(bits) : kernels::floatFromHalf(bits);
}

struct Pages {
    kernels::KvHead head;
    std::size_t positions = 0;
    std::vector<std::vector<std::byte>> pages;
    std::vector<const std::byte*> pointers;

    [[nodiscard]] float key(std::size_t position, std::size_t i) const
    {
        using kernels::KeyFormat;
        const std::size_t slot = position % kernels::kPageTokens;
        const std::byte* keys = pointers[position / kernels::kPageTokens] + head.keys;
        const float value =
            readElement(keys, i * kernels::kPageTokens + slot,
                        kernels::elementBytes(head.keyFormat), head.keyFormat == KeyFormat::Bfloat);
        if (head.keyFormat != KeyFormat::Int8)
            return value;
        return value * readElement(keys + kernels::keyScales(head.keyFormat, head.keyLength),
                                   i / kernels::kKeyGroup * kernels::kPageTokens + slot, 2, false);
    }
    [[nodiscard]] float value(std::size_t position, std::size_t i) const
    {
        using kernels::ValueFormat;
        const std::size_t slot = position % kernels::kPageTokens;
        const std::byte* values = pointers[position / kernels::kPageTokens] + head.values;
        const float value = readElement(values, slot * kernels::valueStride(head.valueLength) + i,
                                        kernels::elementBytes(head.valueFormat),
                                        head.valueFormat == ValueFormat::Bfloat);
        if (head.valueFormat != ValueFormat::Int8)
            return value;
        return value *
               readElement(values + kernels::valueScales(head.valueFormat, head.valueLength), slot,
                           2, false);
    }
};

/// @p keys [positions][keyLength] and @p values [positions][valueLength], stored by @p kernels.
/// Behind the last position lie large numbers, which nobody is to see.
inline Pages pagesOf(const kernels::KernelTable& kernels, kernels::KvHead head,
                     const std::vector<float>& keys, const std::vector<float>& values)
{
    Pages made;
    head.keys = 0;
    head.values = kernels::keyBytes(head.keyFormat, head.keyLength);
    made.positions = keys.size() / head.keyLength;
    const std::size_t bytes = head.values + kernels::valueBytes(head.valueFormat, head.valueLength);
    const std::size_t count = (made.positions + kernels::kPageTokens - 1) / kernels::kPageTokens;
    made.pages.assign(count, std::vector<std::byte>(bytes));
    const std::vector<float> unseenKey(head.keyLength, 1e4F);
    const std::vector<float> unseenValue(head.valueLength, 1e4F);
    for (std::size_t p = 0; p < count * kernels::kPageTokens; ++p) {
        std::byte* page = made.pages[p / kernels::kPageTokens].data();
        const bool seen = p < made.positions;
        kernels.storeKey(head.keyFormat, page + head.keys, p % kernels::kPageTokens,
                         seen ? keys.data() + p * head.keyLength : unseenKey.data(),
                         head.keyLength);
        kernels.storeValue(head.valueFormat, page + head.values, p % kernels::kPageTokens,
                           seen ? values.data() + p * head.valueLength : unseenValue.data(),
                           head.valueLength);
    }
    for (const auto& page : made.pages)
        made.pointers.push_back(page.data());
    head.pages = made.pointers.data();
    made.head = head;
    return made;
}

/// softmax(q K^T) V over positions begin..end in double, from what the pages hold.
inline std::vector<double> attention(const Pages& pages, const float* query, std::size_t begin,
                                     std::size_t end)
{
    std::vector<double> weights;
    double most = -INFINITY;
    for (std::size_t p = begin; p < end; ++p) {
        double score = 0;
        for (std::size_t d = 0; d < pages.head.keyLength; ++d)
            score += double{query[d]} * pages.key(p, d);
        weights.push_back(score);
        most = std::max(most, score);
    }
    double total = 0;
    for (double& weight : weights)
        total += weight = std::exp(weight - most);
    std::vector<double> out(pages.head.valueLength);
    for (std::size_t p = begin; p < end; ++p) {
        for (std::size_t d = 0; d < out.size(); ++d)
            out[d] += weights[p - begin] / total * pages.value(p, d);
    }
    return out;
}

} // namespace made
