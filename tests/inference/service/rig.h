// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/entry.h"
#include "audit/files.h"
#include "inference/service/handlers.h"
#include "inference/service/server.h"
#include "tests/flow/ward.h"

#include <QTemporaryDir>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

/// The daemon's parts with real storage and audit log, a scripted engine and clocks that a test
/// turns. Argon2 runs with little memory.
namespace rig {

/// What a test has turned a clock on by. Threads: any.
class Turned {
public:
    void operator+=(std::chrono::seconds more) { m_seconds += more.count(); }
    [[nodiscard]] std::chrono::seconds by() const { return std::chrono::seconds(m_seconds); }

private:
    std::atomic<std::chrono::seconds::rep> m_seconds{0};
};

/// Writes what it is told to, one piece after the other.
class ScriptedEngine : public service::EngineClient {
public:
    [[nodiscard]] Status status() const override;
    std::expected<wire::Finished, wire::Failed>
    generate(wire::Generate request, const Callbacks& callbacks, std::stop_token stop) override;
    std::expected<std::uint32_t, wire::Failed> count(std::vector<wire::Turn> turns,
                                                     std::stop_token stop) override;
    void forget(std::uint64_t user) override { forgotten = user; }
    /// Keeps nothing.
    std::expected<std::string, wire::Failed> keep(std::uint64_t, std::uint64_t, std::uint32_t,
                                                  std::stop_token) override
    {
        return std::string();
    }
    std::expected<std::uint32_t, wire::Failed> restore(std::uint64_t, std::uint64_t, std::string,
                                                       std::stop_token) override
    {
        return 0;
    }

    // Set before a question is asked.
    std::vector<std::string> pieces{"Nothing", " of", " note."};
    std::vector<wire::TokenOdds> odds;     // of each piece
    std::chrono::milliseconds pause{0};    // before each piece
    bool endless = false;                  // goes on until it is stopped
    bool fallsSilent = false;              // says nothing after the pieces, until it is stopped
    std::optional<wire::Failed> failsWith; // after the pieces
    State state = State::Ready;
    std::uint32_t contextTokens = 4096;
    std::function<void()> onCount;   // when the tokens of a prompt are counted
    std::function<void()> onWriting; // when the first piece is out

    std::atomic<bool> writing{false};        // the first piece is out
    std::atomic<bool> finished{false};       // generate() has returned
    std::atomic<std::uint64_t> forgotten{0}; // the user that was forgotten last
    [[nodiscard]] wire::Generate lastRequest() const;
    [[nodiscard]] std::uint64_t cancelledAt() const
    {
        return m_cancelledAt;
    } // steady, ns; 0: never

private:
    mutable std::mutex m_mutex;
    wire::Generate m_last;
    std::atomic<std::uint64_t> m_cancelledAt{0};
};

/// The machine's disk, until it is told to fail.
class BreakableDisk : public audit::Files {
public:
    std::atomic<bool> broken{false};
    std::atomic<std::uint64_t> reads{0};

    Outcome<Handle> open(const std::filesystem::path& file, Mode mode) override;
    void close(Handle handle) override;
    Outcome<std::size_t> read(Handle handle, std::uint64_t at, std::span<std::byte> into) override;
    Outcome<std::size_t> write(Handle handle, std::uint64_t at, audit::Bytes bytes) override;
    Outcome<std::uint64_t> size(Handle handle) override;
    Outcome<void> resize(Handle handle, std::uint64_t size) override;
    Outcome<void> sync(Handle handle) override;
    Outcome<bool> isShared(Handle handle) override;
    Outcome<void> lock(Handle handle) override;
    Outcome<void> rename(const std::filesystem::path& from,
                         const std::filesystem::path& to) override;
    Outcome<void> syncFolder(const std::filesystem::path& folder) override;
    Outcome<void> makeFolder(const std::filesystem::path& folder) override;
    Outcome<std::vector<std::string>> list(const std::filesystem::path& folder) override;
};

class Rig {
public:
    /// Initialised; four people, of whom "dr.dahl" (clinician) and "steward" are admitted and
    /// "dr.new" is not; one patient.
    Rig()
        : Rig(Start::Ready)
    {
    }
    enum class Start { Ready, Empty }; // Empty: before the ceremony, nobody and nothing
    explicit Rig(Start start);
    ~Rig();

    static constexpr const char* kPassphrase = "a long enough passphrase";

    /// As the socket would: route, authorise, handle. Lane::Stream answers are collected.
    service::Response call(std::string_view method, std::string_view target,
                           std::string_view token = {}, std::string body = {});
    service::Response signInResponse(const std::string& user, const std::string& passphrase);
    /// The token of a new session.
    std::string signIn(const std::string& user);
    service::Caller caller(const std::string& token);

    /// What the log holds of @p kind, oldest first.
    [[nodiscard]] std::vector<audit::Entry> recorded(audit::Kind kind) const;

    [[nodiscard]] std::filesystem::path folder() const { return m_folder.path().toStdString(); }
    [[nodiscard]] api::Peer peer() const;

    flow::MadeUpPatient made = flow::makeUpPatient();
    std::string patient;             // id of the record
    std::vector<std::string> shares; // of the recovery key

    ScriptedEngine engine;
    BreakableDisk disk;
    /// Turns both clocks. The steady one stands still otherwise, so that no lease ends and no
    /// bucket fills because the machine is slow.
    Turned later;
    service::Clock clock;
    std::unique_ptr<storage::KeyStore> keys;
    std::unique_ptr<audit::Log> log;
    std::unique_ptr<storage::Inbox> inbox;
    std::optional<service::SharedRecords> records;
    std::optional<service::LateEvents> late;
    std::optional<service::Sessions> sessions;
    std::optional<service::SignInThrottle> throttle;
    std::optional<service::RunningQuestions> questions;
    std::optional<service::Merger> merger;
    std::optional<service::Orphans> orphans;
    service::Metrics metrics;
    service::Setting setting;
    std::optional<service::Desk> desk;
    std::optional<service::Services> services;

    /// What the daemon does every second.
    void tick();

    /// As if the daemon had been killed and started again.
    void restart();

private:
    void openLog();
    void makePeople();
    void compose();
    void importPatient();

    QTemporaryDir m_folder;
};

/// A server on a socket in the rig's folder, on a thread of its own.
class Served {
public:
    explicit Served(Rig& rig);
    ~Served();
    [[nodiscard]] std::filesystem::path socket() const { return m_socket; }
    [[nodiscard]] std::unique_ptr<api::Client> client() const;
    /// A client signed in as dr.dahl, and its session's id.
    [[nodiscard]] std::pair<std::unique_ptr<api::Client>, std::string> clinician() const;

private:
    std::filesystem::path m_socket;
    std::unique_ptr<service::Server> m_server;
    std::thread m_thread;
};

} // namespace rig
