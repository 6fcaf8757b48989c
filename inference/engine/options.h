// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kv_layout.h"
#include "inference/kernels/tier.h"
#include "inference/model/gguf.h"

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// The arguments of one verb: FILE (or none), then --name VALUE pairs and --name flags, in any
/// order.
class Options {
public:
    /// @p withValue and @p flags name what the verb knows, without the dashes. The error is a
    /// sentence for the person who typed.
    static std::expected<Options, std::string>
    parse(std::span<const std::string> arguments, std::initializer_list<std::string_view> withValue,
          std::initializer_list<std::string_view> flags);

    /// Empty when none was named.
    [[nodiscard]] const std::string& file() const { return m_file; }
    [[nodiscard]] bool has(std::string_view name) const { return m_values.contains(name); }
    /// Empty when absent.
    [[nodiscard]] std::string text(std::string_view name) const;
    /// @p otherwise when absent. The error is a sentence: not a number, or outside the bounds.
    [[nodiscard]] std::expected<std::uint64_t, std::string> number(std::string_view name,
                                                                   std::uint64_t otherwise,
                                                                   std::uint64_t least,
                                                                   std::uint64_t most) const;
    [[nodiscard]] std::expected<double, std::string> real(std::string_view name, double otherwise,
                                                          double least, double most) const;

private:
    std::string m_file;
    std::map<std::string, std::string, std::less<>> m_values;
};

/// The kernels that --tier names, the best ones when it is absent. The error is a sentence: no such
/// tier, or not on this processor.
std::expected<kernels::Tier, std::string> wantedTier(const Options& options);

/// How keys and values are kept, by the name that --kv has.
struct KvChoice {
    std::string_view name;
    kernels::KeyFormat keys;
    kernels::ValueFormat values;
};
/// f16-int8 (keys as float16, values as int8) when --kv is absent. The error is a sentence.
std::expected<KvChoice, std::string> wantedKv(const Options& options);

/// Opens and reads the model file at @p path.
model::Result<model::GgufFile> openModelFile(const std::string& path);

/// Cores that this process may use.
unsigned allowedCores();

} // namespace engine
