// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/draft_option.h"
#include "inference/engine/model_at_hand.h"
#include "inference/engine/model_verbs.h"
#include "inference/engine/scheduler.h"
#include "inference/model/chat_template.h"

#include <cstdio>
#include <format>
#include <fstream>
#include <limits>
#include <sstream>

namespace engine {
namespace {

struct Wishes {
    SamplerSettings sampling;
    std::uint32_t maxTokens = 0;
    unsigned threads = 1;
    KvChoice kv;
};

/// The error is a sentence for the person who typed.
std::expected<Wishes, std::string> wishesOf(const Options& options)
{
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const auto maxTokens = options.number("max-tokens", 0, 1, kMost);
    const auto topK = options.number("top-k", 0, 0, kMost);
    const auto seed = options.number("seed", 0, 0, std::numeric_limits<std::uint64_t>::max());
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    for (const auto* number : {&maxTokens, &topK, &seed, &threads})
        if (!*number)
            return std::unexpected(number->error());
    const auto temperature = options.real("temperature", 0.0, 0.0, 100.0);
    const auto topP = options.real("top-p", 1.0, 1e-6, 1.0);
    const auto minP = options.real("min-p", 0.0, 0.0, 1.0);
    for (const auto* number : {&temperature, &topP, &minP})
        if (!*number)
            return std::unexpected(number->error());
    if (!options.has("max-tokens") || !options.has("prompt-file"))
        return std::unexpected("generate wants --prompt-file and --max-tokens");
    if (options.has("pattern") && options.has("schema-file"))
        return std::unexpected("--pattern and --schema-file exclude each other");
    auto kv = wantedKv(options);
    if (!kv)
        return std::unexpected(kv.error());
    return Wishes{.sampling = {.temperature = static_cast<float>(*temperature),
                               .topK = static_cast<std::uint32_t>(*topK),
                               .topP = static_cast<float>(*topP),
                               .minP = static_cast<float>(*minP),
                               .seed = *seed},
                  .maxTokens = static_cast<std::uint32_t>(*maxTokens),
                  .threads = static_cast<unsigned>(*threads),
                  .kv = *std::move(kv)};
}

std::optional<std::string> contentOf(const std::string& path)
{
    const std::ifstream file(path, std::ios::binary);
    if (!file)
        return std::nullopt;
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

model::Result<std::vector<std::int32_t>> promptOf(const model::GgufFile& file,
                                                  const model::Tokenizer& tokenizer,
                                                  const std::string& text, bool asChat)
{
    if (asChat) {
        const auto chat = model::ChatTemplate::choose(file, tokenizer);
        if (!chat)
            return std::unexpected(chat.error());
        const model::ChatTurn turn{.role = model::ChatRole::User, .text = text};
        return chat->encode(std::span(&turn, 1), tokenizer);
    }
    std::vector<std::int32_t> prompt;
    if (const auto begin = tokenizer.vocabulary().beginOfText())
        prompt.push_back(*begin);
    tokenizer.encode(text, model::Specials::AsText, prompt);
    return prompt;
}

/// What the answer must fit, if anything; it refers to @p trie, which takes time to build. The
/// error is a sentence.
std::expected<std::optional<Constraint>, std::string>
constraintOf(const Options& options, const model::Vocabulary& words, std::optional<TokenTrie>& trie)
{
    wire::Constraint wanted;
    if (options.has("pattern"))
        wanted = {.kind = wire::Constraint::Kind::Pattern, .text = options.text("pattern")};
    else if (options.has("schema-file")) {
        auto schema = contentOf(options.text("schema-file"));
        if (!schema)
            return std::unexpected("the schema file can't be read");
        wanted = {.kind = wire::Constraint::Kind::JsonSchema, .text = *std::move(schema)};
    } else {
        return std::nullopt;
    }
    auto constraint = Constraint::compile(wanted, trie.emplace(words));
    if (!constraint)
        return std::unexpected(constraint.error().detail);
    return *std::move(constraint);
}

/// With room for @p tokens, or OutOfMemory with the numbers. @p draft: null for none.
model::Result<std::unique_ptr<Scheduler>> schedulerFor(ModelAtHand& model, model::Model& network,
                                                       const model::Tokenizer& tokenizer,
                                                       std::size_t tokens, const DraftOption* draft)
{
    model::Model* const guessing = draft == nullptr ? nullptr : draft->network.get();
    const auto pages = static_cast<std::uint32_t>(tokens / kernels::kPageTokens + 1);
    if (auto refusal = model.tooManyPages(pages, draft))
        return std::unexpected(*std::move(refusal));
    return Scheduler::create(network, &tokenizer,
                             {.pages = pages,
                              .keepPrefixes = false,
                              .draft = guessing,
                              .draftPages = pages + 1}); // a few tokens past the end
}

double perSecond(std::uint32_t tokens, std::chrono::microseconds time)
{
    return time.count() > 0 ? tokens * 1e6 / static_cast<double>(time.count()) : 0.0;
}

/// Writes the answer as it comes, and figures on stderr.
int write(Scheduler& scheduler, RequestId id)
{
    std::optional<std::string> failure;
    Account account;
    while (!scheduler.idle() && !failure) {
        scheduler.step([&](const Event& event) {
            account = scheduler.account(id).value_or(account);
            if (const auto* error = std::get_if<model::Error>(&event.what))
                failure = error->detail;
            const auto* step = std::get_if<Step>(&event.what);
            if (step == nullptr)
                return;
            std::fwrite(step->text.data(), 1, step->text.size(), stdout);
            if (std::fflush(stdout) != 0)
                failure = "the output can't be written";
        });
    }
    if (failure)
        return failed(*failure);
    std::fputs("\n", stdout);
    const std::string figures =
        std::format("prompt {} tokens, {:.1f} per second; answer {} tokens, {:.1f} per second\n",
                    account.promptTokens, perSecond(account.promptTokens, account.prefill),
                    account.generatedTokens, perSecond(account.generatedTokens, account.decode));
    std::fputs(figures.c_str(), stderr);
    return 0;
}

} // namespace

int runGenerate(const Options& options)
{
    const auto wishes = wishesOf(options);
    if (!wishes)
        return misused(wishes.error());
    const auto text = contentOf(options.text("prompt-file"));
    if (!text)
        return failed("the prompt file can't be read");
    auto model = ModelAtHand::open(options);
    if (!model)
        return failed(model.error().detail);
    const model::GgufFile& file = model->file();
    auto words = loadTokenizer(file);
    const auto network = model->load({.threads = wishes->threads}, wishes->kv);
    const auto tokenizer = words.get();
    if (!network)
        return failed(network.error().detail);
    if (!tokenizer)
        return failed(tokenizer.error().detail);
    auto prompt = promptOf(file, *tokenizer, *text, options.has("chat"));
    if (!prompt)
        return failed(prompt.error().detail);
    if (prompt->empty())
        return failed("the prompt is empty");

    std::optional<TokenTrie> trie;
    auto constraint = constraintOf(options, tokenizer->vocabulary(), trie);
    if (!constraint)
        return failed(constraint.error());
    std::vector<std::string> stops;
    if (options.has("stop"))
        stops.push_back(options.text("stop"));

    const auto draft =
        openDraft(options, file, wishes->threads, model->useBestThreads(options).counts);
    if (!draft)
        return failed(draft.error().detail);
    const auto scheduler = schedulerFor(*model, **network, *tokenizer,
                                        prompt->size() + wishes->maxTokens, draft->get());
    if (!scheduler)
        return failed(scheduler.error().detail);
    constexpr RequestId kOnly = 1;
    const auto added = (*scheduler)
                           ->add({.id = kOnly,
                                  .request = {.prompt = *std::move(prompt),
                                              .sampling = wishes->sampling,
                                              .maxTokens = wishes->maxTokens,
                                              .stops = std::move(stops),
                                              .constraint = *std::move(constraint)},
                                  .scope = {},
                                  .sharedTokens = 0,
                                  .stop = {}});
    if (!added)
        return failed(added.error().detail);
    return write(**scheduler, kOnly);
}

} // namespace engine
