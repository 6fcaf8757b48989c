// SPDX-License-Identifier: Apache-2.0
// cloisterd: the daemon. The only writer of vaults, records and audit log.
#include "inference/service/daemon.h"
#include "inference/service/logging.h"
#include "storage/process/harden.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

namespace {

constexpr const char* kUsage = "usage: cloisterd --state DIR [--socket PATH] [--model FILE "
                               "[--draft-model FILE]] [--synthetic] [--idle-seconds N] "
                               "[--kept-charts-hours N] [--kept-charts-mb N] "
                               "[--keys f16|bf16|int8] [--values f16|bf16|int8] "
                               "[--context TOKENS]\n";

int usage()
{
    std::fputs(kUsage, stderr);
    return 2;
}

/// Nothing when it is no number from @p least on.
std::optional<unsigned> number(std::string_view text, unsigned least)
{
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least)
        return std::nullopt;
    return value;
}

/// Whether it is an option of the engine's that makes sense.
bool takeOfEngine(std::string_view name, std::string_view value, service::Daemon::Options& options)
{
    if (name == "--context") {
        options.contextTokens = number(value, 1).value_or(0);
        return options.contextTokens != 0;
    }
    if (name != "--keys" && name != "--values")
        return false;
    (name == "--keys" ? options.keys : options.values) = value;
    return value == "f16" || value == "bf16" || value == "int8";
}

std::optional<service::Daemon::Options> parse(std::span<char*> arguments)
{
    service::Daemon::Options options;
    while (!arguments.empty()) {
        const std::string_view name = arguments[0];
        if (name == "--synthetic") {
            options.synthetic = true;
            arguments = arguments.subspan(1);
            continue;
        }
        if (arguments.size() < 2)
            return std::nullopt;
        const std::string_view value = arguments[1];
        if (name == "--state") {
            options.state = value;
        } else if (name == "--socket") {
            options.socket = value;
        } else if (name == "--model") {
            options.model = value;
        } else if (name == "--draft-model") {
            options.draftModel = value;
        } else if (name == "--idle-seconds") {
            const auto seconds = number(value, 1);
            if (!seconds)
                return std::nullopt;
            options.idle = std::chrono::seconds(*seconds);
        } else if (name == "--kept-charts-hours") {
            const auto hours = number(value, 0);
            if (!hours)
                return std::nullopt;
            options.keptChartsAge = std::chrono::hours(*hours);
        } else if (name == "--kept-charts-mb") {
            const auto megabytes = number(value, 1);
            if (!megabytes)
                return std::nullopt;
            options.keptChartsBytes = std::uint64_t{*megabytes} << 20;
        } else if (!takeOfEngine(name, value, options)) {
            return std::nullopt;
        }
        arguments = arguments.subspan(2);
    }
    if (options.state.empty() || (!options.draftModel.empty() && !options.model))
        return std::nullopt;
    return options;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::fputs(kUsage, stdout);
        return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    service::startLogging();
    if (const auto hardened = process::harden(); !hardened) {
        service::logError("cannot protect this process", hardened.error().detail);
        return EXIT_FAILURE;
    }
    auto options = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (!options)
        return usage();
    options->executableMemoryDenied = process::denyExecutableMemory();
    if (!options->executableMemoryDenied)
        service::logWarning("this kernel cannot deny executable memory (before 6.6)");
    process::ignoreBrokenPipes(); // of clients and workers

    const auto daemon = service::Daemon::start(std::move(*options));
    if (!daemon) {
        service::logError("cannot start", daemon.error().message);
        return EXIT_FAILURE;
    }
    std::printf("listening %s\n", (*daemon)->socketPath().c_str());
    std::fflush(stdout);
    (*daemon)->run();
    return EXIT_SUCCESS;
}
