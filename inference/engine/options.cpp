// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/options.h"

#include "inference/engine/kv_kinds.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <thread>

namespace engine {
namespace {

template <typename T>
std::optional<T> parsed(const std::string& text)
{
    T value = {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace

std::expected<Options, std::string>
Options::parse(std::span<const std::string> arguments,
               std::initializer_list<std::string_view> withValue,
               std::initializer_list<std::string_view> flags)
{
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (!argument.starts_with("--")) {
            if (!options.m_file.empty())
                return std::unexpected("one FILE is wanted, a second one is '" + argument + "'");
            options.m_file = argument;
            continue;
        }
        const std::string name = argument.substr(2);
        if (options.m_values.contains(name))
            return std::unexpected(argument + " stands twice");
        if (std::ranges::find(flags, name) != flags.end()) {
            options.m_values[name] = "";
        } else if (std::ranges::find(withValue, name) != withValue.end()) {
            if (i + 1 == arguments.size())
                return std::unexpected(argument + " wants a value");
            options.m_values[name] = arguments[++i];
        } else {
            return std::unexpected("this verb has no option " + argument);
        }
    }
    return options;
}

std::string Options::text(std::string_view name) const
{
    const auto found = m_values.find(name);
    return found == m_values.end() ? std::string() : found->second;
}

std::expected<std::uint64_t, std::string> Options::number(std::string_view name,
                                                          std::uint64_t otherwise,
                                                          std::uint64_t least,
                                                          std::uint64_t most) const
{
    if (!has(name))
        return otherwise;
    const auto value = parsed<std::uint64_t>(text(name));
    if (!value || *value < least || *value > most)
        return std::unexpected(
            std::format("--{} wants a whole number from {} to {}", name, least, most));
    return *value;
}

std::expected<double, std::string> Options::real(std::string_view name, double otherwise,
                                                 double least, double most) const
{
    if (!has(name))
        return otherwise;
    const auto value = parsed<double>(text(name));
    if (!value || !(*value >= least && *value <= most))
        return std::unexpected(std::format("--{} wants a number from {} to {}", name, least, most));
    return *value;
}

std::expected<kernels::Tier, std::string> wantedTier(const Options& options)
{
    if (!options.has("tier"))
        return kernels::bestTier();
    std::string known;
    for (const kernels::Tier tier : kernels::availableTiers()) {
        if (kernels::nameOf(tier) == options.text("tier"))
            return tier;
        known += (known.empty() ? "" : ", ") + std::string(kernels::nameOf(tier));
    }
    return std::unexpected("--tier wants one of what this processor has: " + known);
}

std::expected<KvChoice, std::string> wantedKv(const Options& options)
{
    using Keys = kernels::KeyFormat;
    using Values = kernels::ValueFormat;
    const KvChoice choices[] = {{"f16-int8", Keys::Half, Values::Int8},
                                {"f16", Keys::Half, Values::Half},
                                {"bf16", Keys::Bfloat, Values::Bfloat},
                                {"int8", Keys::Int8, Values::Int8}};
    const bool apart = options.has("keys") || options.has("values");
    if (options.has("kv")) {
        if (apart)
            return std::unexpected("--kv and --keys or --values exclude each other");
        for (const KvChoice& choice : choices)
            if (choice.name == options.text("kv"))
                return choice;
        return std::unexpected("--kv wants f16-int8, f16, bf16 or int8");
    }
    const std::string keys = options.has("keys") ? options.text("keys") : "f16";
    const std::string values = options.has("values") ? options.text("values") : "int8";
    const auto keyFormat = keysNamed(keys);
    const auto valueFormat = valuesNamed(values);
    if (!keyFormat || !valueFormat)
        return std::unexpected("--keys and --values want f16, bf16 or int8");
    KvChoice choice{.name = std::format("{}-{}", keys, values),
                    .keys = *keyFormat,
                    .values = *valueFormat,
                    .onlyChecked = *keyFormat == Keys::Int8};
    for (const KvChoice& known : choices)
        if (known.keys == choice.keys && known.values == choice.values)
            choice.name = known.name;
    return choice;
}

unsigned allowedCores()
{
    return std::max(1U, std::thread::hardware_concurrency());
}

} // namespace engine
