// SPDX-License-Identifier: Apache-2.0
// cloister-engine NAME=VALUE...: the worker. Its arguments (worker_arguments.h) are numbers of
// inherited descriptors, of threads and of bytes; nothing else tells it anything.
// cloister-engine --probe-sandbox[=outside]: tries what the sandbox forbids and prints what
// happened.
#include "inference/engine/key_verdict.h"
#include "inference/engine/kv_room.h"
#include "inference/engine/ready.h"
#include "inference/engine/thread_probe.h"
#include "inference/engine/worker.h"
#include "inference/engine/worker_arguments.h"
#include "inference/engine/worker_models.h"
#include "inference/kernels/onednn_matmul.h"
#include "inference/kernels/tier.h"
#include "storage/process/harden.h"
#include "storage/process/probe.h"
#include "storage/process/sandbox.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <format>
#include <string_view>
#include <vector>

namespace {

/// Exit statuses, for the daemon's log.
enum Exit : int {
    Done = 0,
    Broken = 1, // a frame that makes no sense, or an exception
    Usage = 2,
    Unprotected = 3, // no hardening, or no sandbox
    Unusable = 4,    // the model was refused; the daemon was told why
};

int ended(Exit status, const std::string& why)
{
    std::fprintf(stderr, "cloister-engine: %s.\n", why.c_str());
    return status;
}

int probe(bool inside)
{
    if (inside)
        if (const auto entered = process::enterEngineSandbox(); !entered)
            return ended(Exit::Unprotected, entered.error().detail);
    std::puts(process::toJson(process::probeForbidden(process::Sandbox::Engine)).c_str());
    return Exit::Done;
}

/// @p contextLength: of the model, as far as it is known.
int refuse(wire::Channel& channel, const model::Error& error,
           const engine::WorkerArguments& arguments, std::uint32_t contextLength = 0)
{
    wire::Failed failure;
    failure.code = wire::Errc::ModelUnusable;
    failure.detail = error.detail;
    if (error.neededBytes != 0) {
        failure.neededBytes = error.neededBytes;
        failure.memoryBytes = arguments.memory;
        failure.memoryLimit = arguments.memoryLimit;
    }
    if (error.code == model::Errc::ContextTooLong)
        failure.contextTokens = contextLength;
    [[maybe_unused]] const auto sent = channel.send(failure);
    return ended(Exit::Unusable, error.detail);
}

/// All that decides the bits of keys and values beside the model and what the bytes say of their
/// own layout.
std::string arithmeticOf(const model::Model& network)
{
    return std::format("{} {} onednn {}", CLOISTER_VERSION, network.arithmetic(),
                       kernels::onednnVersion());
}

/// What the daemon knows from an earlier worker is not measured again. The answering model's counts
/// do for the one that drafts too: they take turns.
engine::ProbedThreads useBestThreads(const engine::WorkerModels& models,
                                     const engine::WorkerArguments& arguments)
{
    engine::ProbedThreads best = {
        .counts = {.decode = arguments.decodeThreads, .prefill = arguments.prefillThreads}};
    if (arguments.decodeThreads == 0)
        best = engine::probeThreads(models.answer().network());
    models.answer().network().useThreads(best.counts);
    if (models.draft() != nullptr)
        models.draft()->network().useThreads(best.counts);
    return best;
}

/// Keeps keys as int8 in the layers where @p arguments ask for it and the model bears it: as an
/// earlier worker found, or else as this one does; float16 where it can't find out, which the next
/// worker may. Tells it in @p ready.
void chooseKeys(const engine::WorkerArguments& arguments, const engine::LoadedModel& model,
                const model::Tokenizer* tokenizer, wire::Ready& ready)
{
    model::Model& network = model.network();
    ready.layers = network.config().layers;
    if (arguments.keys != kernels::KeyFormat::Int8 || tokenizer == nullptr)
        return;
    const engine::KeyMarks marks = engine::keyMarksOf(model.file(), network);
    auto verdict = engine::verdictIn(arguments.keyCheck, marks, ready.layers);
    if (!verdict) {
        auto found = engine::checkKeys(network, *tokenizer);
        if (!found)
            return;
        verdict = *std::move(found);
    }
    network.keepInt8Keys(verdict->layers);
    ready.int8KeyLayers = static_cast<std::uint32_t>(verdict->allowed());
    ready.keyCheck = engine::lineOf(*verdict, marks);
}

model::Model::Options optionsOf(const engine::WorkerArguments& arguments)
{
    const bool int8 = arguments.keys == kernels::KeyFormat::Int8; // in some layers: chooseKeys()
    return {.threads = arguments.threads,
            .keys = int8 ? kernels::KeyFormat::Half : arguments.keys,
            .values = arguments.values,
            .processors = arguments.processors};
}

model::Result<std::unique_ptr<engine::Scheduler>>
makeScheduler(engine::WorkerModels& models, const model::Tokenizer* tokenizer,
              const engine::WorkerArguments& arguments)
{
    model::Model& network = models.answer().network();
    const auto make = [&]() -> model::Result<std::unique_ptr<engine::Scheduler>> {
        model::Model* const draft = models.draft() ? &models.draft()->network() : nullptr;
        engine::KvRoom room = {.page = model::KvPool::bytesPerPage(network.kvLayers()),
                               .contextLength = network.config().contextLength,
                               .context = arguments.context};
        if (draft != nullptr)
            room.page += model::KvPool::bytesPerPage(draft->kvLayers());
        const auto pages =
            engine::pagesIn(room, models.needed(),
                            {.memory = arguments.memory, .memoryLimit = arguments.memoryLimit});
        if (!pages)
            return std::unexpected(pages.error());
        return engine::Scheduler::create(network, tokenizer,
                                         {.pages = *pages, .draft = draft, .draftPages = *pages});
    };
    auto scheduler = make();
    if (!scheduler && models.draft() != nullptr) {
        models.leaveDraft(scheduler.error());
        scheduler = make();
    }
    return scheduler;
}

/// What is known before there are pages.
wire::Ready readyOf(const engine::LoadedModel& model, const engine::ProbedThreads& threads)
{
    wire::Ready ready = engine::describe(model.file(), model.network().config());
    ready.fromPack = model.packs().mapped;
    ready.decodeThreads = threads.counts.decode;
    ready.prefillThreads = threads.counts.prefill;
    ready.threadsMeasured = threads.measured;
    return ready;
}

int serve(const engine::WorkerArguments& arguments)
{
    wire::Channel channel(arguments.socket);
    auto models = engine::WorkerModels::open(arguments);
    if (!models)
        return refuse(channel, models.error(), arguments);
    const model::GgufFile& file = models->answer().file();
    auto words = engine::loadTokenizer(file);
    if (const auto loaded = models->load(optionsOf(arguments)); !loaded)
        return refuse(channel, loaded.error(), arguments);
    const auto tokenizer = words.get();
    const engine::ProbedThreads threads = useBestThreads(*models, arguments);
    std::optional<model::ChatTemplate> chat;
    if (tokenizer)
        if (const auto chosen = model::ChatTemplate::choose(file, *tokenizer))
            chat = *chosen;
    const model::Model& network = models->answer().network();
    const model::Tokenizer* const known = tokenizer ? &*tokenizer : nullptr;
    wire::Ready ready = readyOf(models->answer(), threads);
    chooseKeys(arguments, models->answer(), known, ready);
    const auto scheduler = makeScheduler(*models, known, arguments);
    if (!scheduler)
        return refuse(channel, scheduler.error(), arguments, network.config().contextLength);
    // The service fits its evidence to this.
    ready.contextTokens =
        std::min<std::uint32_t>(arguments.context == 0 ? ready.contextTokens : arguments.context,
                                (*scheduler)->pool().pages() * kernels::kPageTokens);
    ready.draftModel = models->draftModel();
    if (!channel.send(ready))
        return Exit::Done;
    engine::Worker worker({.channel = channel,
                           .scheduler = **scheduler,
                           .contextTokens = ready.contextTokens,
                           .tokenizer = known,
                           .chat = chat ? &*chat : nullptr,
                           .arithmetic = arithmeticOf(network)});
    return worker.run() == engine::Worker::End::Closed
               ? Exit::Done
               : ended(Exit::Broken, "a frame from the daemon makes no sense");
}

int run(int argc, char** argv)
{
    if (const auto hardened = process::harden(); !hardened)
        return ended(Exit::Unprotected, hardened.error().detail);
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (argc == 2 && first == "--help") {
        std::puts("usage: cloister-engine NAME=VALUE...\n"
                  "Inherited descriptors and numbers: it is started by cloisterd, never by hand.");
        return std::fflush(stdout) == 0 ? Exit::Done : Exit::Broken;
    }
    if (argc == 2 && first == "--probe-sandbox")
        return probe(true);
    if (argc == 2 && first == "--probe-sandbox=outside")
        return probe(false);

    const std::vector<std::string_view> words(argv + 1, argv + std::max(argc, 1));
    const auto arguments = engine::WorkerArguments::parse(words);
    if (!arguments)
        return ended(Exit::Usage, "it is started by cloisterd, with a socket and a model");
    // Where it is used, oneDNN looks at the system's files and at the environment once; later it
    // can't. What it does not know here our own kernels do.
    if (kernels::hasTileProducts()) {
        const auto warm = kernels::warmUpOnednn();
        if (!warm && warm.error().code != kernels::Errc::Unsupported)
            return ended(Exit::Broken, warm.error().detail);
    }
    if (const auto entered = process::enterEngineSandbox(); !entered)
        return ended(Exit::Unprotected, entered.error().detail);
    return serve(*arguments);
}

} // namespace

int main(int argc, char** argv)
{
    int status = Exit::Broken;
    try {
        status = run(argc, argv);
    } catch (const std::exception& exception) {
        ended(Exit::Broken, exception.what());
    }
    // Not by return: destructors of static objects may do what the sandbox denies.
    std::fflush(stdout);
    std::_Exit(status);
}
