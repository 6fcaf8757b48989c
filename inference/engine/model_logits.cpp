// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/model/model.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

namespace engine {
namespace {

/// "1,2,3". Nothing for any other text.
std::optional<std::vector<std::int32_t>> tokensOf(std::string_view text)
{
    std::vector<std::int32_t> tokens;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (;;) {
        std::int32_t token = 0;
        const auto [stop, error] = std::from_chars(at, end, token);
        if (error != std::errc())
            return std::nullopt;
        tokens.push_back(token);
        if (stop == end)
            return tokens;
        if (*stop != ',')
            return std::nullopt;
        at = stop + 1;
    }
}

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

bool writeAll(const std::string& path, std::span<const float> values)
{
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "wb"));
    if (!file)
        return false;
    return std::fwrite(values.data(), sizeof(float), values.size(), file.get()) == values.size() &&
           std::fflush(file.get()) == 0;
}

int computeAndWrite(const Options& options, std::span<const std::int32_t> tokens, std::size_t chunk,
                    unsigned threads)
{
    const auto file = openModelFile(options.file());
    if (!file)
        return failed(file.error().detail);
    auto loaded = model::Model::load(*file, {.threads = threads, .exact = options.has("exact")});
    if (!loaded)
        return failed(loaded.error().detail);
    model::Model& model = **loaded;
    if (tokens.size() > model.config().contextLength) {
        return failed(std::to_string(tokens.size()) + " tokens, the model's context holds " +
                      std::to_string(model.config().contextLength));
    }
    auto cache = model.makeCache(static_cast<std::uint32_t>(tokens.size()));
    if (!cache)
        return failed(cache.error().detail);

    const std::size_t vocabulary = model.config().vocabularySize;
    std::vector<float> logits(tokens.size() * vocabulary);
    for (std::size_t first = 0; first < tokens.size(); first += chunk) {
        const std::size_t count = std::min(chunk, tokens.size() - first);
        const auto done = model.forward(
            tokens.subspan(first, count), *cache, model::Phase::Prompt, model::Logits::All,
            std::span(logits).subspan(first * vocabulary, count * vocabulary), {});
        if (!done)
            return failed(done.error().detail);
    }
    if (!writeAll(options.text("out"), logits))
        return failed("cannot write the file named by --out");
    return 0;
}

} // namespace

int runLogits(const Options& options)
{
    const auto tokens = tokensOf(options.text("tokens"));
    if (!tokens)
        return misused("--tokens wants token ids separated by commas");
    if (options.text("out").empty())
        return misused("--out is missing");
    constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();
    const auto chunk = options.number("chunk", tokens->size(), 1, kMost);
    if (!chunk)
        return misused(chunk.error());
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    if (!threads)
        return misused(threads.error());
    return computeAndWrite(options, *tokens, *chunk, static_cast<unsigned>(*threads));
}

} // namespace engine
