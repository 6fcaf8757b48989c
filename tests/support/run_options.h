// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

/// What ./run tells the tests through the environment.
namespace support {

inline constexpr char kSmallModel[] = "smollm2-135m-instruct-q4_1.gguf";
inline constexpr char kLargeModel[] = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";

/// How often a test of mutations tries: @p longer in ./run fuzz (add_fuzz_test sets CLOISTER_FUZZ),
/// else @p normal.
[[nodiscard]] inline int rounds(int normal, int longer)
{
    return std::getenv("CLOISTER_FUZZ") != nullptr ? longer : normal;
}

/// The path of a real model in the folder that CLOISTER_MODELS names; empty when it is not there.
[[nodiscard]] inline std::string realModel(const std::string& file)
{
    const char* folder = std::getenv("CLOISTER_MODELS");
    if (folder == nullptr)
        return {};
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    return std::filesystem::exists(path) ? path.string() : std::string();
}

/// Whether a test may be skipped for want of a real model: never in ./run test --full
/// (CLOISTER_FULL).
[[nodiscard]] inline bool realModelsMayBeAbsent()
{
    return std::getenv("CLOISTER_FULL") == nullptr;
}

} // namespace support
