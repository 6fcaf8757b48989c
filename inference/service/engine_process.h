// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/engine_client.h"
#include "inference/wire/channel.h"
#include "storage/process/thread_counts.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace service {

/// Closes what it holds.
class Descriptor {
public:
    /// -1: nothing.
    explicit Descriptor(int number = -1)
        : m_number(number)
    {
    }
    Descriptor(Descriptor&& other) noexcept
        : m_number(std::exchange(other.m_number, -1))
    {
    }
    Descriptor& operator=(Descriptor&& other) noexcept
    {
        std::swap(m_number, other.m_number);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    [[nodiscard]] int number() const { return m_number; }

private:
    int m_number;
};

/// The model's file, opened once: every worker maps, and the audit names, the same bytes, whatever
/// another file is given its name meanwhile.
class ModelFile {
public:
    /// The error is a sentence for the log.
    static std::expected<ModelFile, std::string> open(const std::filesystem::path& file);
    ModelFile(ModelFile&& other) noexcept;
    ModelFile(const ModelFile&) = delete;
    ModelFile& operator=(const ModelFile&) = delete;
    ModelFile& operator=(ModelFile&&) = delete;
    ~ModelFile();

    [[nodiscard]] int descriptor() const { return m_descriptor; }

    /// Changes whenever somebody writes into the file; no two files share one.
    struct Stamp {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t modifiedNs = 0;
        std::int64_t changedNs = 0; // of the inode: what no program can set back
        bool operator==(const Stamp&) const = default;
    };
    [[nodiscard]] Stamp stamp() const;
    /// In hexadecimal; empty when it can't be read or @p stop is requested.
    [[nodiscard]] std::string sha256(const std::stop_token& stop) const;

private:
    explicit ModelFile(int descriptor);
    int m_descriptor;
};

/// One running cloister-engine and our end of its channel.
/// Threads: start and wait on one thread, which must outlive the object: the system kills the
/// worker with it. channel() and kill() from any.
class EngineProcess {
public:
    /// A model, its pack, where there is one, and a file for a new one.
    struct Model {
        std::string_view role; // as the worker's arguments name it: answer, draft
        const ModelFile* file; // not null
        Descriptor pack;
        std::string sha256; // of the file, in hexadecimal; empty without a pack
        Descriptor output;
        std::string keyCheck = {}; // what was found of the answering model's keys; empty: nothing
    };

    /// Without @p threads, and where the options fix none, the worker finds out how many are best.
    /// The error is a sentence for the log.
    static std::expected<std::unique_ptr<EngineProcess>, std::string>
    start(const EngineClient::Options& options, std::span<const Model> models,
          const std::optional<process::ThreadCounts>& threads);
    virtual ~EngineProcess() = default;

    [[nodiscard]] virtual wire::Channel& channel() = 0;
    [[nodiscard]] virtual int pid() const = 0;
    virtual void kill() = 0;
    /// Waits for its end. How it ended and how much it wrote to stderr, for the log: "exit status
    /// 3, 1 line on stderr". The lines themselves go nowhere: they may hold what the worker was
    /// given.
    virtual std::string wait() = 0;
};

} // namespace service
