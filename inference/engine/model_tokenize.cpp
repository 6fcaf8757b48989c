// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/model_verbs.h"
#include "inference/model/tokenizer.h"

#include <charconv>
#include <cstdio>

namespace engine {
namespace {

/// Standard input to its end, byte for byte.
std::string input()
{
    std::string text;
    char buffer[65536];
    for (std::size_t got = std::fread(buffer, 1, sizeof buffer, stdin); got > 0;
         got = std::fread(buffer, 1, sizeof buffer, stdin))
        text.append(buffer, got);
    return text;
}

/// Numbers apart by white space; nothing when something else stands there.
std::optional<std::vector<std::int32_t>> numbersOf(std::string_view text)
{
    std::vector<std::int32_t> numbers;
    constexpr std::string_view kSpaces = " \t\r\n";
    for (std::size_t at = text.find_first_not_of(kSpaces); at != std::string_view::npos;
         at = text.find_first_not_of(kSpaces, at)) {
        const std::size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
        std::int32_t number = 0;
        const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, number);
        if (error != std::errc() || stop != text.data() + end)
            return std::nullopt;
        numbers.push_back(number);
        at = end;
    }
    return numbers;
}

int written(std::string_view text)
{
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return failed("the output can't be written");
    return 0;
}

} // namespace

int runTokenize(const Options& options)
{
    const auto file = openModelFile(options.file());
    if (!file)
        return failed(file.error().detail);
    const auto tokenizer = model::Tokenizer::load(*file);
    if (!tokenizer)
        return failed(tokenizer.error().detail);

    std::vector<std::int32_t> tokens;
    tokenizer->encode(input(),
                      options.has("special") ? model::Specials::Parsed : model::Specials::AsText,
                      tokens);
    std::string line;
    for (const std::int32_t token : tokens) {
        if (!line.empty())
            line += ' ';
        line += std::to_string(token);
    }
    return written(line + '\n');
}

int runDetokenize(const Options& options)
{
    const auto file = openModelFile(options.file());
    if (!file)
        return failed(file.error().detail);
    const auto tokenizer = model::Tokenizer::load(*file);
    if (!tokenizer)
        return failed(tokenizer.error().detail);

    const auto tokens = numbersOf(input());
    if (!tokens)
        return failed("standard input holds something else than token ids");
    const auto text = tokenizer->decode(*tokens);
    if (!text)
        return failed(text.error().detail);
    return written(*text);
}

} // namespace engine
