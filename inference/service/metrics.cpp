// SPDX-License-Identifier: Apache-2.0
#include "inference/service/metrics.h"

#include <algorithm>
#include <format>
#include <iterator>

namespace service {

void Metrics::request(int status)
{
    ++m_requests.at(static_cast<std::size_t>(std::clamp(status / 100, 0, 5)));
}

void Metrics::question(bool failed)
{
    ++m_questions;
    if (failed)
        ++m_questionsFailed;
}

void Metrics::generated(std::uint32_t promptTokens, std::uint32_t generatedTokens, double seconds)
{
    m_promptTokens += promptTokens;
    m_generatedTokens += generatedTokens;
    m_answerMilliseconds += static_cast<std::uint64_t>(seconds * 1000);
}

std::string Metrics::text(const Gauges& gauges) const
{
    std::string out;
    const auto add = [&out](std::string_view name, std::string_view type, std::string_view help,
                            std::uint64_t value) {
        std::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name,
                       help, type, value);
    };
    out += "# HELP cloister_requests_total Requests answered, by class of status.\n"
           "# TYPE cloister_requests_total counter\n";
    for (std::size_t hundreds = 2; hundreds < m_requests.size(); ++hundreds)
        std::format_to(std::back_inserter(out), "cloister_requests_total{{status=\"{}xx\"}} {}\n",
                       hundreds, m_requests.at(hundreds).load());
    add("cloister_questions_total", "counter", "Questions accepted.", m_questions);
    add("cloister_questions_failed_total", "counter", "Accepted questions that ended in an error.",
        m_questionsFailed);
    add("cloister_prompt_tokens_total", "counter", "Tokens read by the model.", m_promptTokens);
    add("cloister_generated_tokens_total", "counter", "Tokens written by the model.",
        m_generatedTokens);
    add("cloister_answer_milliseconds_total", "counter", "Time from question to answer.",
        m_answerMilliseconds);
    add("cloister_sessions", "gauge", "Sessions signed in.", gauges.sessions);
    add("cloister_questions_running", "gauge", "Answers being written.", gauges.runningQuestions);
    add("cloister_audit_entries", "gauge", "Entries of the audit log.", gauges.auditEntries);
    add("cloister_inbox_waiting", "gauge", "Imports that wait for a key.", gauges.inboxWaiting);
    add("cloister_engine_ready", "gauge", "1 while the model answers.", gauges.engineReady ? 1 : 0);
    add("cloister_engine_restarts_total", "counter", "Times the worker was started again.",
        gauges.engineRestarts);
    add("cloister_engine_weight_bytes", "gauge", "Bytes read from memory for each token.",
        gauges.weightBytes);
    add("cloister_engine_decode_threads", "gauge", "Threads that generate tokens.",
        gauges.decodeThreads);
    add("cloister_engine_prefill_threads", "gauge", "Threads that read prompts.",
        gauges.prefillThreads);
    return out;
}

} // namespace service
