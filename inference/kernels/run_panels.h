// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/product.h"
#include "inference/kernels/thread_pool.h"

#include <cstddef>
#include <span>

namespace kernels {

/// Calls compute(product, panel, worker) on the threads of @p pool for every panel of all of
/// @p products: there are panelsOf(matrix) in each, counted from 0.
template <typename PanelsOf, typename Compute>
void runPanels(ThreadPool& pool, std::span<const Product> products, const PanelsOf& panelsOf,
               const Compute& compute)
{
    std::size_t panels = 0;
    for (const Product& product : products)
        panels += panelsOf(*product.matrix);
    pool.run(panels, [&](std::size_t index, unsigned worker) {
        const Product* product = products.data();
        for (; index >= panelsOf(*product->matrix); ++product)
            index -= panelsOf(*product->matrix);
        compute(*product, index, worker);
    });
}

} // namespace kernels
