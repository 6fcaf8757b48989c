// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/engine_client.h"
#include "inference/wire/channel.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

namespace service {

/// One running cloister-engine and our end of its channel.
/// Threads: start and wait on one thread, which must outlive the object: the system kills the
/// worker with it. channel() and kill() from any.
class EngineProcess {
public:
    /// The error is a sentence for the log.
    static std::expected<std::unique_ptr<EngineProcess>, std::string>
    start(const EngineClient::Options& options);
    virtual ~EngineProcess() = default;

    [[nodiscard]] virtual wire::Channel& channel() = 0;
    [[nodiscard]] virtual int pid() const = 0;
    virtual void kill() = 0;
    /// Waits for its end. How it ended and how much it wrote to stderr, for the log: "exit status
    /// 3, 1 line on stderr". The lines themselves go nowhere: they may hold what the worker was
    /// given.
    virtual std::string wait() = 0;
};

/// SHA-256 of a file in hexadecimal, or empty when it can't be read or @p stop is requested.
std::string sha256OfFile(const std::filesystem::path& file, const std::stop_token& stop);

} // namespace service
