// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kernels {

/// The weight types that the kernels compute with. The bytes of a row are those of the GGUF file
/// (Source: ggml's block layouts, described in docs/formats/gguf.md).
enum class WeightType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
    MXFP4,
};
inline constexpr std::size_t kWeightTypes = 16;

/// How a type keeps its numbers: @c values weights take @c bytes bytes.
struct Block {
    std::size_t values;
    std::size_t bytes;
};

Block blockOf(WeightType type);
std::string_view nameOf(WeightType type);

/// Bytes of a row of @p columns weights; 0 when the type cannot hold a row of that length.
std::size_t rowBytes(WeightType type, std::size_t columns);

/// Activations are rounded to int8 in the groups of the weight type, so that one outlier spoils no
/// more than its group. None: the type is computed with float32 activations.
enum class ActivationGroup { None, Of32, Of256 };
ActivationGroup activationGroup(WeightType type);

/// The exact float32 values of one row as stored in the file.
/// Shapes: row [rowBytes(type, out.size())]; out [columns].
/// Numerics: float32, the order of operations of the format's definition; the bits are those of the
/// gguf package for Python.
void dequantizeRow(WeightType type, std::span<const std::byte> row, std::span<float> out);

} // namespace kernels
