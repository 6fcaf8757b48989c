// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/loaded_model.h"
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
    /// What the machine has, told by main(); what --memory-mb says is all there is.
    [[nodiscard]] const MemoryLimits& memory() const { return m_memory; }
    void setMemory(const MemoryLimits& memory) { m_memory = memory; }

    [[nodiscard]] std::expected<double, std::string> real(std::string_view name, double otherwise,
                                                          double least, double most) const;

private:
    std::string m_file;
    std::map<std::string, std::string, std::less<>> m_values;
    MemoryLimits m_memory;
};

/// The kernels that --tier names, the best ones when it is absent. The error is a sentence: no such
/// tier, or not on this processor.
std::expected<kernels::Tier, std::string> wantedTier(const Options& options);

/// How keys and values are kept.
struct KvChoice {
    std::string name = "f16-int8"; // as --kv has it, else KEYS-VALUES
    kernels::KeyFormat keys = kernels::KeyFormat::Half;
    kernels::ValueFormat values = kernels::ValueFormat::Int8;
    bool onlyChecked = false; // int8 keys in the layers alone where a check allows it
};
/// What --keys and --values say, or --kv, which measures int8 keys in all layers, allowed or not.
/// Keys as float16 and values as int8 where they are absent. The error is a sentence.
std::expected<KvChoice, std::string> wantedKv(const Options& options);

/// Opens and reads the model file at @p path.
model::Result<model::GgufFile> openModelFile(const std::string& path);

/// Cores that this process may use.
unsigned allowedCores();

} // namespace engine
