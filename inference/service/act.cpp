// SPDX-License-Identifier: Apache-2.0
#include "inference/service/act.h"

#include "inference/service/storage_errors.h"

#include <algorithm>
#include <utility>

namespace service {

namespace {

template <typename Member>
std::optional<storage::User> find(const storage::KeyStore& keys, std::string_view wanted,
                                  Member member)
{
    const std::vector<storage::User> users = keys.users();
    const auto found = std::ranges::find(users, wanted, member);
    return found == users.end() ? std::nullopt : std::optional(*found);
}

} // namespace

Act::Act(Services& services, audit::Event event, audit::Receipt intent)
    : m_services(services)
    , m_event(std::move(event))
    , m_intent(intent)
{
    m_event.closes = intent.index();
    m_event.committed.clear(); // stands in the intent
}

api::Result<Act> Act::begin(Services& services, audit::Event event)
{
    if (services.late.isFull())
        return std::unexpected(
            toApi(audit::Error{audit::Errc::Io, "too many events wait for the log"}));
    event.outcome = audit::Outcome::Pending;
    const audit::Result<audit::Receipt> intent = services.log.append(event);
    if (!intent)
        return std::unexpected(toApi(intent.error()));
    return Act(services, std::move(event), *intent);
}

void Act::tell(std::string name, std::string value)
{
    m_event.plain.insert_or_assign(std::move(name), std::move(value));
}

void Act::name(const std::optional<storage::User>& account)
{
    nameAccount(m_event, account);
}

api::Error Act::failed(const storage::Error& error)
{
    api::Error told = toApi(error);
    close(audit::Outcome::Failed, reasonOf(error, told));
    return told;
}

void Act::close(audit::Outcome outcome, std::string reason)
{
    m_event.outcome = outcome;
    m_event.reason = std::move(reason);
    m_services.late.add(m_event);
}

void nameAccount(audit::Event& event, const std::optional<storage::User>& account)
{
    if (!account)
        return;
    event.plain.insert_or_assign("user_id", account->id);
    event.plain.insert_or_assign("user_name", account->name);
}

std::optional<storage::User> accountNamed(const storage::KeyStore& keys, std::string_view name)
{
    return find(keys, name, &storage::User::name);
}

std::optional<storage::User> accountWithId(const storage::KeyStore& keys, std::string_view id)
{
    return find(keys, id, &storage::User::id);
}

} // namespace service
