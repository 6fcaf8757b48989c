// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/draft_option.h"
#include "inference/engine/model_at_hand.h"
#include "inference/engine/model_verbs.h"
#include "inference/engine/scheduler.h"
#include "inference/model/chat_template.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <format>
#include <fstream>
#include <map>
#include <sstream>

namespace engine {
namespace {

struct Question {
    std::string name; // of its file
    std::vector<std::int32_t> prompt;
};

/// One answer, with or without guesses.
struct Run {
    std::vector<std::int32_t> tokens;
    double perSecond = 0.0;
    std::size_t steps = 0; // passes over the model that gave tokens
    std::uint32_t drafted = 0, held = 0;
};

/// Every *.txt of @p folder as one user's message, by name.
std::vector<Question> questionsIn(const std::string& folder, const model::ChatTemplate& chat,
                                  const model::Tokenizer& tokenizer)
{
    std::vector<Question> questions;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".txt")
            continue;
        std::ostringstream text;
        text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
        const std::string message = text.str();
        const model::ChatTurn turn{.role = model::ChatRole::User, .text = message};
        questions.push_back(
            {entry.path().stem().string(), chat.encode(std::span(&turn, 1), tokenizer)});
    }
    std::ranges::sort(questions, {}, &Question::name);
    return questions;
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

class Comparison {
public:
    Comparison(const ModelAtHand& model, model::Model& network, const model::Tokenizer& tokenizer,
               std::uint32_t maxTokens)
        : m_model(model)
        , m_network(network)
        , m_tokenizer(tokenizer)
        , m_maxTokens(maxTokens)
    {
    }

    /// Makes both schedulers, so that what one learns of the machine serves all its answers.
    /// @p draft: null for none; @p draftLength as Scheduler::Options has it. Errors: OutOfMemory
    /// with the numbers where there is no room for the pages of both.
    model::Result<void> prepare(std::size_t longestPrompt, const DraftOption* draft,
                                std::uint32_t draftLength)
    {
        const auto pages =
            static_cast<std::uint32_t>((longestPrompt + m_maxTokens) / kernels::kPageTokens + 2);
        if (auto refusal = m_model.tooManyPages(pages, draft, 2))
            return std::unexpected(*std::move(refusal));
        for (const bool guesses : {false, true}) {
            auto scheduler = Scheduler::create(m_network, &m_tokenizer,
                                               {.pages = pages,
                                                .speculate = guesses,
                                                .keepPrefixes = false,
                                                .draft = draft ? draft->network.get() : nullptr,
                                                .draftPages = pages,
                                                .draftLength = draftLength});
            if (!scheduler)
                return std::unexpected(scheduler.error());
            (guesses ? m_guessing : m_plain) = *std::move(scheduler);
        }
        return {};
    }

    model::Result<Run> run(const Question& question, bool guesses)
    {
        Scheduler& scheduler = guesses ? *m_guessing : *m_plain;
        constexpr RequestId kOnly = 1;
        const auto added = scheduler.add({.id = kOnly,
                                          .request = {.prompt = question.prompt,
                                                      .sampling = {},
                                                      .maxTokens = m_maxTokens,
                                                      .stops = {},
                                                      .constraint = {}},
                                          .scope = {},
                                          .sharedTokens = 0,
                                          .stop = {}});
        if (!added)
            return std::unexpected(added.error());
        Run run;
        std::optional<model::Error> failure;
        Account account;
        while (!scheduler.idle()) {
            const std::size_t before = run.tokens.size();
            scheduler.step([&](const Event& event) {
                account = scheduler.account(kOnly).value_or(account);
                if (const auto* error = std::get_if<model::Error>(&event.what))
                    failure = *error;
                const auto* step = std::get_if<Step>(&event.what);
                if (step != nullptr && step->kind == Step::Kind::Token)
                    run.tokens.push_back(step->token);
            });
            run.steps += run.tokens.size() > before ? 1 : 0;
        }
        if (failure)
            return std::unexpected(*failure);
        const double seconds = static_cast<double>(account.decode.count()) / 1e6;
        run.drafted = account.draftedTokens;
        run.held = account.heldTokens;
        run.perSecond = seconds > 0 ? static_cast<double>(run.tokens.size() - 1) / seconds : 0.0;
        return run;
    }

private:
    const ModelAtHand& m_model;
    model::Model& m_network;
    const model::Tokenizer& m_tokenizer;
    std::uint32_t m_maxTokens;
    std::unique_ptr<Scheduler> m_plain, m_guessing;
};

/// One line for each question. The error is a sentence: guesses changed an answer, or it failed.
std::expected<void, std::string> compare(Comparison& comparison, const Question& question,
                                         std::uint64_t repeat, bool json)
{
    std::vector<double> ratios;
    Run guessed;
    for (std::uint64_t i = 0; i < repeat; ++i) {
        const auto plain = comparison.run(question, false);
        auto guessing = plain ? comparison.run(question, true) : plain;
        if (!guessing)
            return std::unexpected(guessing.error().detail);
        if (plain->tokens != guessing->tokens)
            return std::unexpected("guessing changed the answer to " + question.name);
        if (plain->perSecond > 0)
            ratios.push_back(guessing->perSecond / plain->perSecond);
        guessed = *std::move(guessing);
    }
    const double ratio = ratios.empty() ? 1.0 : median(ratios);
    const double perStep = static_cast<double>(guessed.tokens.size()) /
                           static_cast<double>(std::max<std::size_t>(guessed.steps, 1));
    const std::string line =
        json ? std::format("{{\"question\":\"{}\",\"tokens\":{},\"ratio\":{:.3f},"
                           "\"tokens_per_step\":{:.2f},\"tokens_per_second\":{:.2f},"
                           "\"drafted\":{},\"held\":{}}}\n",
                           question.name, guessed.tokens.size(), ratio, perStep, guessed.perSecond,
                           guessed.drafted, guessed.held)
             : std::format("{}: {} tokens, {:.2f} times as fast, {:.2f} tokens a step, {} drafted, "
                           "{} of them right\n",
                           question.name, guessed.tokens.size(), ratio, perStep, guessed.drafted,
                           guessed.held);
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
    return {};
}

} // namespace

int runGuesses(const Options& options)
{
    const auto maxTokens = options.number("max-tokens", 128, 2, 1U << 20);
    const auto repeat = options.number("repeat", 3, 1, 1000);
    const auto threads = options.number("threads", allowedCores(), 1, 1024);
    const auto draftLength = options.number("draft-length", 0, 0, 12);
    for (const auto* number : {&maxTokens, &repeat, &threads, &draftLength})
        if (!*number)
            return misused(number->error());
    if (!options.has("prompts"))
        return misused("guesses wants --prompts");
    const auto kv = wantedKv(options);
    if (!kv)
        return misused(kv.error());
    auto model = ModelAtHand::open(options);
    if (!model)
        return failed(model.error().detail);
    const model::GgufFile& file = model->file();
    const auto tokenizer = model::Tokenizer::load(file);
    if (!tokenizer)
        return failed(tokenizer.error().detail);
    const auto chat = model::ChatTemplate::choose(file, *tokenizer);
    if (!chat)
        return failed(chat.error().detail);
    const std::vector<Question> questions = questionsIn(options.text("prompts"), *chat, *tokenizer);
    if (questions.empty())
        return failed("the folder of prompts holds no .txt file, or can't be read");
    const auto network = model->load({.threads = static_cast<unsigned>(*threads)}, *kv);
    if (!network)
        return failed(network.error().detail);

    Comparison comparison(*model, **network, *tokenizer, static_cast<std::uint32_t>(*maxTokens));
    const auto longest = std::ranges::max(questions, {}, [](const Question& question) {
                             return question.prompt.size();
                         }).prompt.size();
    const auto draft = openDraft(options, file, static_cast<unsigned>(*threads),
                                 model->useBestThreads(options).counts);
    if (!draft)
        return failed(draft.error().detail);
    if (const auto ready =
            comparison.prepare(longest, draft->get(), static_cast<std::uint32_t>(*draftLength));
        !ready)
        return failed(ready.error().detail);
    for (const Question& question : questions)
        if (const auto done = compare(comparison, question, *repeat, options.has("json")); !done)
            return failed(done.error());
    return 0;
}

} // namespace engine
