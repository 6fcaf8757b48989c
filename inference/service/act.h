// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/services.h"
#include "storage/error.h"

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// One change of keys, users or the inbox as the audit log tells it: the intent (Pending) is on
/// disk before anything is done, and how it ended follows as an entry that closes the intent. The
/// end is recorded now or, when the log cannot be written, later: what happened has happened, and
/// its result (the recovery shares, a one-time code) must not be lost with the entry. An act that
/// never ends is closed as Interrupted at the next start.
class Act {
public:
    /// Records @p event as Pending. Errors: AuditUnavailable; then nothing may be done.
    static api::Result<Act> begin(Services& services, audit::Event event);

    [[nodiscard]] const audit::Receipt& receipt() const { return m_intent; }
    /// Tells the entry that follows more: ids and counts, nothing about a patient.
    void tell(std::string name, std::string value);

    /// The entry that follows names @p account: it was made by this act.
    void name(const std::optional<storage::User>& account);

    void succeeded() { close(audit::Outcome::Success, {}); }
    /// Records why, and returns what the client is told.
    [[nodiscard]] api::Error failed(const storage::Error& error);

private:
    Act(Services& services, audit::Event event, audit::Receipt intent);
    void close(audit::Outcome outcome, std::string reason);

    Services& m_services;
    audit::Event m_event;
    audit::Receipt m_intent;
};

/// Names the account that @p event is about. A name that was typed goes into the log only when it
/// is an account's: people type passphrases into the wrong field.
void nameAccount(audit::Event& event, const std::optional<storage::User>& account);

[[nodiscard]] std::optional<storage::User> accountNamed(const storage::KeyStore& keys,
                                                        std::string_view name);
[[nodiscard]] std::optional<storage::User> accountWithId(const storage::KeyStore& keys,
                                                         std::string_view id);

} // namespace service
