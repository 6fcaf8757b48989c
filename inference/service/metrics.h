// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace service {

/// Counters since the start, for GET /metrics. Nothing in them is about a patient. Threads: any.
class Metrics {
public:
    void request(int status);
    /// One that was accepted; what is refused before counts as a request only.
    void question(bool failed);
    void generated(std::uint32_t promptTokens, std::uint32_t generatedTokens, double seconds);

    struct Gauges {
        std::uint64_t sessions = 0, runningQuestions = 0, auditEntries = 0, inboxWaiting = 0;
        std::uint64_t engineRestarts = 0, weightBytes = 0;
        std::uint64_t decodeThreads = 0, prefillThreads = 0;
        bool engineReady = false;
    };
    /// Prometheus text format, version 0.0.4.
    [[nodiscard]] std::string text(const Gauges& gauges) const;

private:
    std::array<std::atomic<std::uint64_t>, 6> m_requests{}; // by hundreds of the status
    std::atomic<std::uint64_t> m_questions{0};
    std::atomic<std::uint64_t> m_questionsFailed{0};
    std::atomic<std::uint64_t> m_promptTokens{0};
    std::atomic<std::uint64_t> m_generatedTokens{0};
    std::atomic<std::uint64_t> m_answerMilliseconds{0};
};

} // namespace service
