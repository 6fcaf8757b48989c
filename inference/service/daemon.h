// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace service {

/// The parts of cloisterd, made in the order of dependency and taken down in the other.
class Daemon {
public:
    struct Options {
        std::filesystem::path state;
        std::filesystem::path socket;               // empty: cloister.sock in the state folder
        std::optional<std::filesystem::path> model; // none: look-ups only
        std::filesystem::path draftModel;           // to guess for it; empty: none
        std::chrono::seconds idle{0};               // 0: the default
        /// What the engine has read of a chart is kept for so long after the session, and so much
        /// of one user's. 0: not at all.
        std::chrono::hours keptChartsAge{24};
        std::uint64_t keptChartsBytes = std::uint64_t{1} << 30;
        /// How the engine keeps keys and values, and how many tokens a question may take:
        /// EngineClient::Options.
        std::string keys;
        std::string values;
        unsigned contextTokens = 0;
        bool synthetic = false;
        bool executableMemoryDenied = false;
    };

    /// Opens keys, audit log, inbox; starts the worker; listens. Errors: what failed, one sentence.
    static api::Result<std::unique_ptr<Daemon>> start(Options options);
    ~Daemon();

    [[nodiscard]] std::string socketPath() const;
    /// Serves until SIGTERM or SIGINT; then stops gracefully.
    void run();

private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> m_parts;
};

} // namespace service
