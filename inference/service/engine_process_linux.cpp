// SPDX-License-Identifier: Apache-2.0
#include "inference/service/engine_process.h"

#include "storage/digest.h"
#include "storage/process/child.h"
#include "storage/process/cores.h"
#include "storage/process/memory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <format>
#include <openssl/evp.h>
#include <span>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace service {
namespace {

// The worker's numbers of what it inherits: the socket, then what it gets of models.
constexpr int kSocketInWorker = 3;
constexpr int kFirstOfModels = 4;

/// Reads to the end and keeps nothing but the number of lines.
std::uint64_t countLines(int pipe)
{
    std::array<char, 4096> buffer = {};
    std::uint64_t lines = 0;
    while (true) {
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return lines;
        lines += static_cast<std::uint64_t>(std::count(buffer.begin(), buffer.begin() + got, '\n'));
    }
}

class Running : public EngineProcess {
public:
    Running(Descriptor socket, process::Child child, std::chrono::milliseconds patience)
        : m_socket(std::move(socket))
        , m_channel(m_socket.number(), patience)
        , m_child(std::move(child))
        , m_errorReader([this] { m_errorLines = countLines(m_child.errorOutput()); })
    {
    }
    ~Running() override
    {
        Running::kill(); // by name: a destructor dispatches to nothing below it
        Running::wait();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    wire::Channel& channel() override { return m_channel; }
    [[nodiscard]] int pid() const override { return m_child.pid(); }
    void kill() override { m_child.kill(SIGKILL); }

    std::string wait() override
    {
        const process::ExitStatus status = m_child.wait();
        if (m_errorReader.joinable())
            m_errorReader.join();
        return std::format("{} {}, {} lines on stderr",
                           status.signal != 0 ? "signal" : "exit status",
                           status.signal != 0 ? status.signal : status.code, m_errorLines);
    }

private:
    Descriptor m_socket;
    wire::Channel m_channel;
    process::Child m_child;
    std::uint64_t m_errorLines = 0; // read after the reader has ended
    std::thread m_errorReader;
};

std::unexpected<std::string> failed(const char* what)
{
    return std::unexpected(std::format("{}: {}", what, std::strerror(errno)));
}

/// Of so many threads as the administrator wants, or one on each physical core, of which
/// @p counts take part.
std::vector<std::string> argumentsOf(const EngineClient::Options& options,
                                     const std::optional<process::ThreadCounts>& counts)
{
    const std::vector<unsigned> processors = process::processorsToBind();
    const std::size_t threads = options.threads != 0 ? options.threads : processors.size();
    const process::MemoryLeft left = process::memoryLeft();
    std::vector<std::string> arguments = {
        std::format("socket={}", kSocketInWorker), std::format("threads={}", threads),
        std::format("memory={}", left.bytes), std::format("memory-limit={}", left.limit)};
    if (counts || options.threads != 0) {
        const auto most = static_cast<unsigned>(threads);
        const process::ThreadCounts given = counts.value_or(process::ThreadCounts{most, most});
        for (const auto& [name, count] :
             {std::pair("decode", given.decode), std::pair("prefill", given.prefill)})
            arguments.push_back(std::format("{}-threads={}", name, std::clamp(count, 1U, most)));
    }
    // More threads than cores can't have one each.
    if (threads <= processors.size()) {
        std::string list;
        for (const unsigned processor : std::span(processors).first(threads))
            list += std::format("{}{}", list.empty() ? "" : ",", processor);
        arguments.push_back("processors=" + list);
    }
    if (options.contextTokens != 0)
        arguments.push_back(std::format("context={}", options.contextTokens));
    if (!options.keys.empty())
        arguments.push_back("keys=" + options.keys);
    if (!options.values.empty())
        arguments.push_back("values=" + options.values);
    return arguments;
}

/// Puts the descriptors of @p models behind @p descriptors, and words that name them.
void giveModels(std::span<const EngineProcess::Model> models, std::vector<std::string>& arguments,
                std::vector<std::pair<int, int>>& descriptors)
{
    int next = kFirstOfModels;
    const auto give = [&](int descriptor, const EngineProcess::Model& model, const char* what) {
        descriptors.emplace_back(descriptor, next);
        arguments.push_back(std::format("{}{}={}", model.role, what, next++));
    };
    for (const EngineProcess::Model& model : models) {
        if (!model.keyCheck.empty())
            arguments.push_back("key-check=" + model.keyCheck);
        give(model.file->descriptor(), model, "");
        if (model.pack.number() >= 0) {
            give(model.pack.number(), model, "-pack");
            arguments.push_back(std::format("{}-hash={}", model.role, model.sha256));
        }
        if (model.output.number() >= 0)
            give(model.output.number(), model, "-pack-output");
    }
}

} // namespace

Descriptor::~Descriptor()
{
    if (m_number >= 0)
        ::close(m_number);
}

std::expected<std::unique_ptr<EngineProcess>, std::string>
EngineProcess::start(const EngineClient::Options& options, std::span<const Model> models,
                     const std::optional<process::ThreadCounts>& threads)
{
    std::array<int, 2> ends = {};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return failed("no socket for the worker");
    Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    std::vector<std::pair<int, int>> descriptors = {{theirs.number(), kSocketInWorker}};
    std::vector<std::string> arguments = argumentsOf(options, threads);
    giveModels(models, arguments, descriptors);
    auto child = process::Child::start({.program = options.program,
                                        .arguments = std::move(arguments),
                                        .descriptors = std::move(descriptors)});
    if (!child)
        return std::unexpected(child.error().detail);
    return std::make_unique<Running>(std::move(ours), *std::move(child), options.patience);
}

ModelFile::ModelFile(int descriptor)
    : m_descriptor(descriptor)
{
}

ModelFile::ModelFile(ModelFile&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1))
{
}

ModelFile::~ModelFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

std::expected<ModelFile, std::string> ModelFile::open(const std::filesystem::path& file)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return failed("the model file can't be opened");
    return ModelFile(descriptor);
}

ModelFile::Stamp ModelFile::stamp() const
{
    struct stat file = {};
    if (::fstat(m_descriptor, &file) != 0)
        return {};
    const auto nanoseconds = [](const timespec& time) {
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    return {file.st_dev, file.st_ino, file.st_size, nanoseconds(file.st_mtim),
            nanoseconds(file.st_ctim)};
}

std::string ModelFile::sha256(const std::stop_token& stop) const
{
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        return {};
    std::vector<unsigned char> buffer(1U << 20);
    off_t at = 0;
    while (!stop.stop_requested()) {
        const ssize_t got = ::pread(m_descriptor, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 ||
            EVP_DigestUpdate(context.get(), buffer.data(), static_cast<size_t>(got)) != 1)
            return {};
        at += got;
        if (got > 0)
            continue;
        std::array<unsigned char, 32> digest = {};
        if (EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
            return {};
        return storage::hexOf(std::as_bytes(std::span(digest)));
    }
    return {};
}

} // namespace service
