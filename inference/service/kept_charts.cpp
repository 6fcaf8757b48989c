// SPDX-License-Identifier: Apache-2.0
#include "inference/service/kept_charts.h"

#include "inference/service/logging.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <span>
#include <string>
#include <utility>

namespace service {

namespace {

/// Of one user at a time; each holds a key in locked memory.
constexpr std::ptrdiff_t kMostCharts = 8;
constexpr std::chrono::hours kBetweenSweeps{1};

} // namespace

KeptCharts::KeptCharts(Options options, EngineClient& engine, const Clock& clock)
    : m_options(std::move(options))
    , m_engine(engine)
    , m_clock(clock)
    , m_thread([this](const std::stop_token& stop) { run(stop); })
{
}

void KeptCharts::opened(UserKeys& keys, std::string_view patient,
                        const EngineClient::Status& worker, const audit::Receipt& receipt,
                        const std::stop_token& stop)
{
    const Numbers numbers{.user = keys.engineUser(), .patient = keys.enginePatient(patient)};
    if (!begin(numbers, worker.restarts))
        return;
    auto prepared = prepare(keys, patient, worker.modelSha256, receipt);
    {
        const std::scoped_lock lock(m_mutex);
        const auto entry = m_open.find(numbers);
        if (entry == m_open.end())
            return; // the user has left meanwhile
        // Wiped: left() has been, or will find nothing here.
        if (!prepared || keys.isWiped()) {
            m_open.erase(entry);
            return;
        }
        entry->second.slot = std::move(prepared->slot);
    }
    if (!prepared->kept)
        return;
    if (!giveBack(numbers, *prepared->kept, keys, stop)) [[maybe_unused]]
        const auto removed =
            keys.withUnlocked([&](const storage::Unlocked& unlocked) -> storage::Result<void> {
                storage::KeptChartReader::remove(
                    m_options.vaults, unlocked.vaultKey,
                    {.user = unlocked.user.id, .patient = patient, .model = worker.modelSha256});
                return {};
            });
    if (keys.isWiped())
        m_engine.forget(numbers.user); // again: some of it may have come after the first time
}

/// Whether this worker has not been given the chart yet.
bool KeptCharts::begin(Numbers numbers, unsigned worker)
{
    const std::scoped_lock lock(m_mutex);
    const auto [entry, fresh] = m_open.try_emplace(numbers);
    entry->second.used = ++m_uses;
    if (!fresh && entry->second.worker == worker)
        return false;
    entry->second.worker = worker;
    dropOldest(numbers.user);
    return true;
}

/// m_mutex is held.
void KeptCharts::dropOldest(std::uint64_t user)
{
    const auto first = m_open.lower_bound({.user = user, .patient = 0});
    const auto end = m_open.upper_bound({.user = user, .patient = UINT64_MAX});
    if (std::distance(first, end) > kMostCharts)
        m_open.erase(std::min_element(first, end, [](const auto& a, const auto& b) {
            return a.second.used < b.second.used;
        }));
}

storage::Result<KeptCharts::Prepared> KeptCharts::prepare(UserKeys& keys, std::string_view patient,
                                                          const std::string& model,
                                                          const audit::Receipt& receipt)
{
    return keys.withUnlocked([&](const storage::Unlocked& unlocked) -> storage::Result<Prepared> {
        const storage::KeptChartOf of{.user = unlocked.user.id, .patient = patient, .model = model};
        auto slot = storage::KeptChartSlot::make(m_options.vaults, unlocked.vaultKey, of);
        if (!slot)
            return std::unexpected(slot.error());
        Prepared prepared{.slot = std::move(*slot), .kept = std::nullopt};
        const auto now = std::chrono::floor<std::chrono::seconds>(m_clock.wall());
        auto kept = storage::KeptChartReader::open(receipt, m_options.vaults, unlocked.vaultKey, of,
                                                   now - m_options.age);
        if (kept) {
            prepared.kept = std::move(*kept);
        } else if (kept.error().code != storage::Errc::NotFound) {
            logInfo("a kept chart is not used", kept.error().detail);
            storage::KeptChartReader::remove(m_options.vaults, unlocked.vaultKey, of);
        }
        return prepared;
    });
}

bool KeptCharts::giveBack(Numbers numbers, storage::KeptChartReader& kept, const UserKeys& keys,
                          const std::stop_token& stop)
{
    while (!stop.stop_requested() && !keys.isWiped()) {
        auto piece = kept.next();
        if (!piece) {
            logWarning("a kept chart is not used", piece.error().detail);
            return false;
        }
        if (piece->empty())
            return true;
        std::string bytes(reinterpret_cast<const char*>(piece->data()), piece->size());
        OPENSSL_cleanse(piece->data(), piece->size());
        const auto known = m_engine.restore(numbers.user, numbers.patient, std::move(bytes), stop);
        // The worker's trouble, no room for more, or none of its own.
        if (!known || *known == 0)
            return true;
    }
    return true;
}

void KeptCharts::left(std::uint64_t user)
{
    Job job{
        .user = user, .charts = {}, .end = std::chrono::steady_clock::now() + m_options.patience};
    {
        const std::scoped_lock lock(m_mutex);
        const auto first = m_open.lower_bound({.user = user, .patient = 0});
        const auto end = m_open.upper_bound({.user = user, .patient = UINT64_MAX});
        for (auto entry = first; entry != end; ++entry)
            if (entry->second.slot)
                job.charts.emplace_back(entry->first.patient, std::move(entry->second));
        m_open.erase(first, end);
        std::ranges::sort(job.charts, std::greater(),
                          [](const auto& chart) { return chart.second.used; });
        if (!job.charts.empty()) {
            m_jobs.push_back(std::move(job));
            m_changed.notify_all();
            return;
        }
    }
    m_engine.forget(user);
}

void KeptCharts::finish(std::chrono::milliseconds longest)
{
    std::unique_lock lock(m_mutex);
    m_changed.wait_for(lock, longest, [this] { return m_jobs.empty() && !m_working; });
}

void KeptCharts::run(const std::stop_token& stop)
{
    sweep();
    std::unique_lock lock(m_mutex);
    while (!stop.stop_requested()) {
        if (m_jobs.empty()) {
            m_changed.wait_for(lock, stop, kBetweenSweeps, [this] { return !m_jobs.empty(); });
        } else {
            Job job = std::move(m_jobs.front());
            m_jobs.erase(m_jobs.begin());
            m_working = true;
            lock.unlock();
            for (auto& [patient, chart] : job.charts) {
                if (std::chrono::steady_clock::now() < job.end && hasRoom())
                    keep(job, patient, *chart.slot, stop);
            }
            m_engine.forget(job.user);
            lock.lock();
        }
        lock.unlock();
        sweep();
        lock.lock();
        m_working = false;
        m_changed.notify_all();
    }
}

/// The audit log goes before: without room for it nobody is answered.
bool KeptCharts::hasRoom() const
{
    std::error_code error;
    const auto space = std::filesystem::space(m_options.vaults, error);
    return !error && space.available >= m_options.leave &&
           space.available - m_options.leave >= m_options.bytes / 2;
}

void KeptCharts::keep(const Job& job, std::uint64_t patient, storage::KeptChartSlot& slot,
                      const std::stop_token& stop)
{
    auto piece = m_engine.keep(job.user, patient, 0, stop);
    // Nothing was read, or by another model than the one that the slot names.
    if (!piece || piece->empty() || m_engine.status().modelSha256 != slot.model())
        return;
    std::uint64_t bytes = 0;
    std::uint32_t number = 0;
    using Part = storage::Result<std::span<const std::byte>>;
    const auto written =
        slot.write(std::chrono::floor<std::chrono::seconds>(m_clock.wall()), [&]() -> Part {
            if (number > 0) {
                OPENSSL_cleanse(piece->data(), piece->size());
                piece = m_engine.keep(job.user, patient, number, stop);
            }
            ++number;
            if (!piece)
                return std::unexpected(
                    storage::Error{storage::Errc::Io, "the engine does not give it"});
            bytes += piece->size();
            // Each piece is good without those behind it.
            if (bytes > m_options.bytes / 2 || std::chrono::steady_clock::now() > job.end) {
                OPENSSL_cleanse(piece->data(), piece->size());
                piece->clear();
            }
            return std::as_bytes(std::span(*piece));
        });
    if (!written)
        logWarning("a chart could not be kept", written.error().detail);
}

void KeptCharts::sweep() const
{
    const auto now = std::filesystem::file_time_type::clock::now();
    storage::sweepKeptCharts(m_options.vaults, now - m_options.age, m_options.bytes);
}

} // namespace service
