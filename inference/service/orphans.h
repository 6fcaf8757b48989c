// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/service/running_questions.h"
#include "inference/service/sessions.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace service {

/// Questions that the daemon's last end left open: their intents are recorded as interrupted at
/// start-up, and their turns put right at the owner's next sign-in. Threads: any.
class Orphans {
public:
    /// Records each open intent as Interrupted. Errors: AuditUnavailable.
    static api::Result<void> recordInterrupted(audit::Log& log);

    explicit Orphans(const audit::Log& log);

    /// Closes what @p caller's vault still holds as pending, and records the turns that were
    /// answered after all. @p signIn is the receipt of the sign-in. A failure leaves the rest for
    /// the next sign-in.
    void reconcile(const Caller& caller, const audit::Receipt& signIn, audit::Log& log,
                   const RunningQuestions& running);

private:
    bool closePending(const Caller& caller, const audit::Receipt& signIn,
                      const RunningQuestions& running);

    std::mutex m_mutex;
    std::multimap<std::string, std::uint64_t> m_open; // actor -> intent
};

} // namespace service
