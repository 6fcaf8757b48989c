// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/error.h"

#include <cstddef>
#include <memory>
#include <string>

namespace kernels {

/// The only place that knows oneDNN: C = A B in bfloat16 with a fixed number of rows, so that the
/// order of every sum, and with it every bit, is the same however a prompt is cut.
///
/// Shapes: A [kRows, columns] row-major; B [columns, kPanelRows] as PlainKernels::expand lays it
/// out; C [kRows, kPanelRows] float32. columns is a multiple of kColumnStep.
/// Threads: apply() from several threads at once, each with its own worker number.
class OnednnMatmul {
public:
    static constexpr std::size_t kRows = 16;
    static constexpr std::size_t kColumnStep = 32;

    /// Errors: Unsupported when the library has no compiled product of this kind for the processor
    /// (its plain loops would be a thousand times slower), Library, OutOfMemory.
    static Result<OnednnMatmul> create(std::size_t columns, unsigned workers);
    ~OnednnMatmul();
    OnednnMatmul(OnednnMatmul&&) noexcept;
    OnednnMatmul& operator=(OnednnMatmul&&) noexcept;

    void apply(unsigned worker, const void* a, const void* b, float* c);

private:
    struct Primitive; // holds every dnnl:: type
    explicit OnednnMatmul(std::unique_ptr<Primitive> primitive);

    std::unique_ptr<Primitive> m_primitive;
};

/// Multiplies something small, so that the library reads its environment and the processor's
/// features now: afterwards the process may enter a sandbox that forbids opening files.
/// Errors: as OnednnMatmul::create.
Result<void> warmUpOnednn();

/// Of the library that runs: another one may add up in another order. Like "3.7.2".
std::string onednnVersion();

} // namespace kernels
