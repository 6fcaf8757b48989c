// SPDX-License-Identifier: Apache-2.0
#pragma once

// One tile of a strip rounded anew to int8, in terms of the lanes that the including tier file has
// chosen. The types are taken apart by the functions that also widen them to float32: first for
// the largest magnitude of each row, then for the bytes.

#include "inference/kernels/panel_task.h"
#include "inference/kernels/strip_expand_iq_lanes.h"
#include "inference/kernels/strip_expand_k_lanes.h"

namespace kernels {
namespace {

/// Largest magnitude that a row's groups could hold: of the smallest and the largest code, whether
/// they occur or not. (Every group of a block made for its weights has at least one of them.)
struct MagnitudeSink {
    float mostCode; // of codes without a sign; the smallest is 0
    Floats* most;   // by row

    /// Groups with a scale of their own have at least 16 columns: one look at each is enough.
    static bool isNew(std::size_t column) { return column % 16 == 0; }
};

inline void putQuad(const MagnitudeSink& sink, std::size_t column, Bytes, Floats scale,
                    Floats offset)
{
    if (!MagnitudeSink::isNew(column))
        return;
    const Floats last = mulAdd(scale, broadcast(sink.mostCode), offset);
    *sink.most = max(*sink.most, max(absolute(offset), absolute(last)));
}
inline void putSignedQuad(const MagnitudeSink& sink, std::size_t column, Bytes, Floats scale)
{
    if (MagnitudeSink::isNew(column))
        *sink.most = max(*sink.most, absolute(scale) * broadcast(sink.mostCode));
}

/// Rounds to int8 in fixed point: 8 bits behind the point for codes without a sign, 15 for others.
struct Int8Sink {
    Floats inverse; // of the rows' scales
    std::int8_t* out;
    Ints* sums; // by row, of the bytes
};

inline void putBytes(const Int8Sink& sink, std::size_t column, Bytes bytes)
{
    storeBytes(sink.out + column * kPanelWidth, bytes);
    *sink.sums = addBytes(*sink.sums, bytes);
}
inline void putQuad(const Int8Sink& sink, std::size_t column, Bytes quad, Floats scale,
                    Floats offset)
{
    const Floats unit = sink.inverse * broadcast(256.0F);
    const Shorts factor = toShorts(roundToInts(scale * unit));
    const Shorts start = toShorts(roundToInts(mulAdd(offset, unit, broadcast(128.0F))));
    putBytes(sink, column, scaleCodes(quad, factor, start));
}
inline void putSignedQuad(const Int8Sink& sink, std::size_t column, Bytes quad, Floats scale)
{
    const Floats factor = scale * sink.inverse * broadcast(32768.0F);
    putBytes(sink, column,
             scaleSigned(quad, toShorts(roundToInts(min(factor, broadcast(32767.0F))))));
}

/// How a type is taken apart, and its largest code.
template <void (*Magnitudes)(const std::byte*, std::size_t, const MagnitudeSink&),
          void (*Codes)(const std::byte*, std::size_t, const Int8Sink&), int MostCode>
[[gnu::flatten]] void expandInt8(const std::byte* tile, std::size_t lane, const PanelWeights& out)
{
    Floats most = zeroFloats();
    Magnitudes(tile, kPanelGroup, MagnitudeSink{static_cast<float>(MostCode), &most});
    store(out.scales + lane, most * broadcast(1.0F / 127));
    // A row of zeros gets the scale 0, and its codes do not matter.
    const Floats inverse = broadcast(127.0F) / max(most, broadcast(1e-30F));
    Ints sums = zeroInts();
    Codes(tile, kPanelGroup, Int8Sink{inverse, out.values + 4 * lane, &sums});
    storeInts(out.starts + lane, biasOut(sums));
}

} // namespace
} // namespace kernels
