// SPDX-License-Identifier: Apache-2.0
// cloister-engine NAME=VALUE...: the worker. Its arguments (worker_arguments.h) are numbers of
// inherited descriptors, of threads and of bytes; nothing else tells it anything.
// cloister-engine --probe-sandbox[=outside]: tries what the sandbox forbids and prints what
// happened.
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

int refuse(wire::Channel& channel, const model::Error& error)
{
    wire::Failed failure;
    failure.code = wire::Errc::ModelUnusable;
    failure.detail = error.detail;
    [[maybe_unused]] const auto sent = channel.send(failure);
    return ended(Exit::Unusable, error.detail);
}

/// Keys and values of everybody's questions, and what is kept for the next ones: room for one
/// question that fills the context, or kKeysAndValues, whichever is more, but never more than half
/// of the memory that the models leave. Taken from the system as it is needed. As many pages for
/// the @p draft model, if there is one.
std::uint32_t pagesFor(const model::Model& network, const model::Model* draft,
                       std::uint64_t memoryLeft)
{
    constexpr std::uint64_t kKeysAndValues = std::uint64_t{1} << 30;
    std::uint64_t page = model::KvPool::bytesPerPage(network.kvLayers());
    if (draft != nullptr)
        page += model::KvPool::bytesPerPage(draft->kvLayers());
    const std::uint64_t ofContext = network.config().contextLength / kernels::kPageTokens + 1;
    const std::uint64_t wanted = std::max(ofContext, kKeysAndValues / page);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(memoryLeft / 2 / page, 1, wanted));
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

model::Result<std::unique_ptr<engine::Scheduler>> makeScheduler(engine::WorkerModels& models,
                                                                const model::Tokenizer* tokenizer)
{
    model::Model& network = models.answer().network();
    const auto make = [&] {
        model::Model* const draft = models.draft() ? &models.draft()->network() : nullptr;
        const std::uint32_t pages = pagesFor(network, draft, models.memoryLeft());
        return engine::Scheduler::create(network, tokenizer,
                                         {.pages = pages, .draft = draft, .draftPages = pages});
    };
    auto scheduler = make();
    if (!scheduler && models.draft() != nullptr) {
        models.leaveDraft(scheduler.error());
        scheduler = make();
    }
    return scheduler;
}

wire::Ready readyOf(const engine::WorkerModels& models, const engine::Scheduler& scheduler,
                    const engine::ProbedThreads& threads)
{
    const engine::LoadedModel& model = models.answer();
    wire::Ready ready = engine::describe(model.file(), model.network().config());
    // The service fits its evidence to this.
    ready.contextTokens = std::min<std::uint32_t>(ready.contextTokens,
                                                  scheduler.pool().pages() * kernels::kPageTokens);
    ready.fromPack = model.packs().mapped;
    ready.draftModel = models.draftModel();
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
        return refuse(channel, models.error());
    const model::GgufFile& file = models->answer().file();
    auto words = engine::loadTokenizer(file);
    const auto loaded =
        models->load({.threads = arguments.threads, .processors = arguments.processors});
    if (!loaded)
        return refuse(channel, loaded.error());
    const auto tokenizer = words.get();
    const engine::ProbedThreads threads = useBestThreads(*models, arguments);
    std::optional<model::ChatTemplate> chat;
    if (tokenizer)
        if (const auto chosen = model::ChatTemplate::choose(file, *tokenizer))
            chat = *chosen;
    const model::Model& network = models->answer().network();
    const auto scheduler = makeScheduler(*models, tokenizer ? &*tokenizer : nullptr);
    if (!scheduler)
        return refuse(channel, scheduler.error());
    const wire::Ready ready = readyOf(*models, **scheduler, threads);
    if (!channel.send(ready))
        return Exit::Done;
    engine::Worker worker({.channel = channel,
                           .scheduler = **scheduler,
                           .contextTokens = ready.contextTokens,
                           .tokenizer = tokenizer ? &*tokenizer : nullptr,
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
