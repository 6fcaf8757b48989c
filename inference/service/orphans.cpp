// SPDX-License-Identifier: Apache-2.0
#include "inference/service/orphans.h"

#include "audit/log_format.h"
#include "inference/service/logging.h"
#include "inference/service/storage_errors.h"

namespace service {

using storage::AnswerState;

Orphans::Orphans(const audit::Log& log)
{
    for (const audit::Log::Orphan& orphan : log.orphans()) {
        if (orphan.kind == audit::Kind::QuestionIntent)
            m_open.emplace(orphan.actor, orphan.index);
    }
}

api::Result<void> Orphans::recordInterrupted(audit::Log& log)
{
    for (const audit::Log::Orphan& orphan : log.orphans()) {
        if (orphan.interrupted)
            continue;
        const auto recorded = log.append({.kind = audit::Kind::Interrupted,
                                          .outcome = audit::Outcome::Failed,
                                          .actor = orphan.actor,
                                          .closes = orphan.index});
        if (!recorded)
            return std::unexpected(toApi(recorded.error()));
    }
    return {};
}

void Orphans::reconcile(const Caller& caller, const audit::Receipt& signIn, audit::Log& log,
                        const RunningQuestions& running)
{
    const std::scoped_lock lock(m_mutex);
    if (!closePending(caller, signIn, running))
        return;
    const auto [begin, end] = m_open.equal_range(caller.user.name);
    for (auto open = begin; open != end;) {
        const auto turn = caller.keys->withVault(
            [&](storage::Vault& vault) { return vault.turnOfIntent(signIn, open->second); });
        if (!turn) {
            logWarning("reconciliation", turn.error().detail);
            return;
        }
        // No turn: the daemon died between intent and question, and Interrupted says all.
        const bool answered = *turn && (*turn)->state != AnswerState::Interrupted;
        if (answered &&
            !log.append({.kind = audit::Kind::Recovered,
                         .actor = caller.user.name,
                         .session = caller.session,
                         .plain = {{audit::kIntentField, std::to_string(open->second)}}}))
            return;
        open = m_open.erase(open);
    }
}

bool Orphans::closePending(const Caller& caller, const audit::Receipt& signIn,
                           const RunningQuestions& running)
{
    const storage::Result<void> closed =
        caller.keys->withVault([&](storage::Vault& vault) -> storage::Result<void> {
            auto pending = vault.pending(signIn);
            if (!pending)
                return std::unexpected(pending.error());
            for (storage::Turn& turn : *pending) {
                if (running.isRunning(turn.id))
                    continue; // of another session, or of one that was locked
                turn.state = AnswerState::Interrupted;
                if (const auto done = vault.answer(signIn, turn);
                    !done && done.error().code != storage::Errc::AlreadyExists)
                    return done;
            }
            return {};
        });
    if (!closed)
        logWarning("reconciliation", closed.error().detail);
    return closed.has_value();
}

} // namespace service
