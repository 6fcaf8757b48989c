// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/worker_arguments.h"

#include "inference/engine/kv_kinds.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

namespace engine {
namespace {

constexpr std::uint64_t kMostDescriptors = 10000;
constexpr std::uint64_t kMostThreads = 1024;

bool take(std::string_view text, std::uint64_t most, auto& out)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > most)
        return false;
    out = static_cast<std::remove_reference_t<decltype(out)>>(number);
    return true;
}

bool takeHash(std::string_view text, model::ModelHash& out)
{
    const auto hash = model::hashOfHex(text);
    out = hash.value_or(out);
    return hash.has_value();
}

bool takeList(std::string_view text, std::vector<unsigned>& out)
{
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (!take(text.substr(0, comma), kMostDescriptors, out.emplace_back()))
            return false;
        if (comma == text.size())
            return true;
        text.remove_prefix(comma + 1);
    }
}

template <typename Format>
bool takeFormat(std::optional<Format> named, Format& out)
{
    out = named.value_or(out);
    return named.has_value();
}

bool takeOfModel(std::string_view name, std::string_view value, ModelDescriptors& out)
{
    if (name.empty())
        return take(value, kMostDescriptors, out.file);
    if (name == "-pack")
        return take(value, kMostDescriptors, out.pack);
    if (name == "-pack-output")
        return take(value, kMostDescriptors, out.packOutput);
    return name == "-hash" && takeHash(value, out.hash);
}

bool takeWord(std::string_view name, std::string_view value, WorkerArguments& out)
{
    if (name == "socket")
        return take(value, kMostDescriptors, out.socket);
    if (name == "threads")
        return take(value, kMostThreads, out.threads) && out.threads > 0;
    if (name == "decode-threads")
        return take(value, kMostThreads, out.decodeThreads) && out.decodeThreads > 0;
    if (name == "prefill-threads")
        return take(value, kMostThreads, out.prefillThreads) && out.prefillThreads > 0;
    if (name == "processors")
        return takeList(value, out.processors);
    if (name == "memory")
        return take(value, UINT64_MAX, out.memory);
    if (name == "memory-limit")
        return take(value, UINT64_MAX, out.memoryLimit);
    if (name == "context")
        return take(value, UINT32_MAX, out.context) && out.context > 0;
    if (name == "keys")
        return takeFormat(keysNamed(value), out.keys);
    if (name == "values")
        return takeFormat(valuesNamed(value), out.values);
    if (name == "key-check") {
        out.keyCheck = value;
        return true;
    }
    struct Role {
        std::string_view name;
        ModelDescriptors& model;
    } const roles[] = {{"answer", out.answer}, {"draft", out.draft}, {"embedding", out.embedding}};
    for (const auto& [role, model] : roles)
        if (name.starts_with(role))
            return takeOfModel(name.substr(role.size()), value, model);
    return false;
}

} // namespace

std::optional<WorkerArguments> WorkerArguments::parse(std::span<const std::string_view> words)
{
    WorkerArguments arguments;
    std::set<std::string_view> seen;
    for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos)
            return std::nullopt;
        const std::string_view name = word.substr(0, equals);
        if (!seen.insert(name).second || !takeWord(name, word.substr(equals + 1), arguments))
            return std::nullopt;
    }
    for (const std::string role : {"answer", "draft", "embedding"}) {
        const bool pack = seen.contains(role + "-pack");
        if (pack != seen.contains(role + "-hash") || (pack && !seen.contains(role)))
            return std::nullopt;
    }
    if (seen.contains("decode-threads") != seen.contains("prefill-threads") ||
        std::max(arguments.decodeThreads, arguments.prefillThreads) > arguments.threads)
        return std::nullopt;
    if (arguments.socket < 0 || arguments.answer.file < 0)
        return std::nullopt;
    return arguments;
}

} // namespace engine
