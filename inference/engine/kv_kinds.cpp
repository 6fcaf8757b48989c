// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/kv_kinds.h"

namespace engine {

std::optional<kernels::KeyFormat> keysNamed(std::string_view name)
{
    using Keys = kernels::KeyFormat;
    if (name == "f16")
        return Keys::Half;
    if (name == "bf16")
        return Keys::Bfloat;
    if (name == "int8")
        return Keys::Int8;
    return std::nullopt;
}

std::optional<kernels::ValueFormat> valuesNamed(std::string_view name)
{
    using Values = kernels::ValueFormat;
    if (name == "f16")
        return Values::Half;
    if (name == "bf16")
        return Values::Bfloat;
    if (name == "int8")
        return Values::Int8;
    return std::nullopt;
}

std::string_view nameOf(kernels::ValueFormat values)
{
    using Values = kernels::ValueFormat;
    switch (values) {
    case Values::Half:
        return "f16";
    case Values::Bfloat:
        return "bf16";
    case Values::Int8:
        return "int8";
    case Values::Single:
        break;
    }
    return "f32";
}

} // namespace engine
