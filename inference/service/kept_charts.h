// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "inference/service/clock.h"
#include "inference/service/engine_client.h"
#include "inference/service/user_keys.h"
#include "storage/kept_chart.h"

#include <chrono>
#include <compare>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

namespace service {

/// Keeps what the engine has read of a user's charts over the end of the session, so that who comes
/// back after a break need not wait until all is read again: sealed in the user's vault folder when
/// the last session ends, given back before the first question about the same patient.
/// Only a help: whatever is missing, damaged, too old or of another model is read anew.
///
/// Threads: any; keeping is done on a thread of its own.
class KeptCharts {
public:
    struct Options {
        std::filesystem::path vaults;
        std::chrono::seconds age = std::chrono::hours(24);        // older ones are removed
        std::uint64_t bytes = std::uint64_t{1} << 30;             // of one user's; one chart: half
        std::chrono::seconds patience = std::chrono::seconds(20); // after a user has left
        std::uint64_t leave = std::uint64_t{2} << 30; // free on the disk: for records and audit
    };

    /// @p engine and @p clock outlive the object.
    KeptCharts(Options options, EngineClient& engine, const Clock& clock);

    /// Before a question about @p patient, by the session of @p keys, goes to @p worker, which is
    /// ready: gives it what was kept of the chart, once, and remembers to keep it again. Blocks
    /// for as long as that takes. @p receipt is the question's.
    void opened(UserKeys& keys, std::string_view patient, const EngineClient::Status& worker,
                const audit::Receipt& receipt, const std::stop_token& stop);

    /// After the last session of the user that the engine knows as @p user, whose keys are wiped:
    /// keeps the charts, then has the engine forget the user; at once where there is nothing to
    /// keep. What is not begun when Options::patience is over, counted from this call, is not kept.
    /// Returns at once.
    void left(std::uint64_t user);

    /// Waits until all is kept, at most @p longest: before the engine goes.
    void finish(std::chrono::milliseconds longest);

private:
    /// What the engine knows user and patient by.
    struct Numbers {
        std::uint64_t user = 0;
        std::uint64_t patient = 0;
        auto operator<=>(const Numbers&) const = default;
    };
    struct Entry {
        std::optional<storage::KeptChartSlot> slot;
        unsigned worker = 0; // how many there were before the one that was given it
        std::uint64_t used = 0;
    };
    struct Job {
        std::uint64_t user = 0;
        std::vector<std::pair<std::uint64_t, Entry>> charts; // by patient, used last first
        std::chrono::steady_clock::time_point end;           // of keeping
    };
    struct Prepared {
        storage::KeptChartSlot slot;
        std::optional<storage::KeptChartReader> kept;
    };

    bool begin(Numbers numbers, unsigned worker);
    void dropOldest(std::uint64_t user);
    storage::Result<Prepared> prepare(UserKeys& keys, std::string_view patient,
                                      const std::string& model, const audit::Receipt& receipt);
    /// False when it is of no use.
    bool giveBack(Numbers numbers, storage::KeptChartReader& kept, const UserKeys& keys,
                  const std::stop_token& stop);
    void run(const std::stop_token& stop);
    void keep(const Job& job, std::uint64_t patient, storage::KeptChartSlot& slot,
              const std::stop_token& stop);
    [[nodiscard]] bool hasRoom() const;
    void sweep() const;

    const Options m_options;
    EngineClient& m_engine;
    const Clock& m_clock;
    std::mutex m_mutex; // guards what follows
    std::condition_variable_any m_changed;
    std::map<Numbers, Entry> m_open;
    std::vector<Job> m_jobs;
    bool m_working = false;
    std::uint64_t m_uses = 0;
    std::jthread m_thread; // last: it uses all of the above
};

} // namespace service
