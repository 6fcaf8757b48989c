// SPDX-License-Identifier: Apache-2.0
// cloister-model: the engine without the service, for IT and engineers.
#include "inference/engine/model_verbs.h"
#include "storage/process/harden.h"

#include <algorithm>
#include <cstdio>

namespace {

constexpr const char* kHelp = R"(usage: cloister-model VERB FILE [OPTIONS]
  inspect FILE                what the file holds
  tokenize FILE [--special]   standard input to token ids; --special: names of special tokens count
  detokenize FILE             token ids on standard input back to text
  generate FILE --prompt-file P --max-tokens N [--chat] [--temperature T] [--seed S]
           [--top-k K] [--top-p P] [--min-p P] [--stop TEXT] [--threads N]
           [--pattern REGEX | --schema-file JSON]
                              continues the text in P; --chat: answers it as a user's message;
                              --pattern, --schema-file: writes only what fits
  logits FILE --tokens 1,2,3 --out OUT.f32 [--chunk N] [--exact] [--threads N]
                              logits of every position, row-major float32 [tokens, vocabulary]
  bench FILE [--prompt 512] [--generate 64] [--depth 0] [--repeat 5] [--threads N] [--json]
                              tokens per second of random tokens, medians
  roofs [--threads N] [--mebibytes M] [--json]
                              what the processor and its memory can do at most, without a model
)";

struct Verb {
    std::string_view name;
    int (*run)(const engine::Options&);
    std::initializer_list<std::string_view> withValue;
    std::initializer_list<std::string_view> flags;
    bool takesFile = true;
};

const Verb kVerbs[] = {
    {"inspect", engine::runInspect, {}, {}},
    {"tokenize", engine::runTokenize, {}, {"special"}},
    {"detokenize", engine::runDetokenize, {}, {}},
    {"generate",
     engine::runGenerate,
     {"prompt-file", "max-tokens", "temperature", "seed", "top-k", "top-p", "threads", "min-p",
      "stop", "pattern", "schema-file"},
     {"chat"}},
    {"logits", engine::runLogits, {"tokens", "out", "chunk", "threads"}, {"exact"}},
    {"bench", engine::runBench, {"prompt", "generate", "depth", "repeat", "threads"}, {"json"}},
    {"roofs", engine::runRoofs, {"threads", "mebibytes"}, {"json"}, false},
};

} // namespace

namespace engine {

int failed(const std::string& what)
{
    std::fprintf(stderr, "cloister-model: %s.\n", what.c_str());
    return kFailure;
}

int misused(const std::string& what)
{
    std::fprintf(stderr, "cloister-model: %s.\n%s", what.c_str(), kHelp);
    return kUsage;
}

} // namespace engine

int main(int argc, char** argv)
{
    if (const auto hardened = process::harden(); !hardened)
        return engine::failed(hardened.error().detail);
    const std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
    if (arguments.empty())
        return engine::misused("a verb is missing");
    if (std::ranges::contains(arguments, "--help")) {
        std::fputs(kHelp, stdout);
        return 0;
    }
    const Verb* verb = std::ranges::find(kVerbs, arguments[0], &Verb::name);
    if (verb == std::end(kVerbs))
        return engine::misused("there is no verb '" + arguments[0] + "'");
    const auto options =
        engine::Options::parse(std::span(arguments).subspan(1), verb->withValue, verb->flags);
    if (!options)
        return engine::misused(options.error());
    if (verb->takesFile && options->file().empty())
        return engine::misused("the model FILE is missing");
    if (!verb->takesFile && !options->file().empty())
        return engine::misused(arguments[0] + " takes no FILE");
    return verb->run(*options);
}
