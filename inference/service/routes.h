// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"
#include "storage/key_store.h"

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace service {

enum class Method : std::uint8_t { Get, Post, Delete };

enum class RouteId : std::uint8_t {
    Service,
    Health,
    Metrics,
    SignIn,
    Enrol,
    Heartbeat,
    ChangePassphrase,
    EndSession,
    SearchPatients,
    OpenPatient,
    OpenDocument,
    OpenOriginal,
    Ask,
    ListConversations,
    OpenConversation,
    SearchConversations,
    Models,
    Chat,
    Init,
    Status,
    Import,
    Recover,
    AddUser,
    ListUsers,
    Admit,
    Checkpoint,
    ExportAudit,
};

/// Who may use a route. Nobody is meant when nothing is said.
enum class Access : std::uint8_t {
    Anybody,  // may connect to the socket
    Operator, // peer is root, the daemon's own user, or in group cloister-admin
    Session,  // signed in, with one of the route's roles
};

/// Which threads do the work. Argon2 and imports have one each, so that neither can starve reading;
/// so have heartbeats and locks, so that nothing that reads can hold up a lock.
enum class Lane : std::uint8_t { Work, Session, Passphrase, Import, Stream };

class Roles {
public:
    constexpr Roles() = default;
    constexpr Roles(std::initializer_list<storage::Role> roles)
    {
        for (const storage::Role role : roles)
            m_bits = static_cast<std::uint8_t>(m_bits | bitOf(role));
    }
    [[nodiscard]] constexpr bool contains(storage::Role role) const
    {
        return (m_bits & bitOf(role)) != 0;
    }

private:
    static constexpr std::uint8_t bitOf(storage::Role role)
    {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
    }
    std::uint8_t m_bits = 0;
};

struct Route {
    RouteId id;
    Method method;
    std::string_view pattern; // "{}" stands for one segment of the path
    Access access = Access::Session;
    Roles roles;
    bool records = false; // the caller must be admitted to the records
    Lane lane = Lane::Work;
};

/// Everything the socket answers. A request that matches no row is refused.
[[nodiscard]] std::span<const Route> routes();

enum class NoRoute : std::uint8_t { NotFound, MethodNotAllowed };

struct Matched {
    const Route* route;
    std::vector<std::string> parameters; // what stood for each "{}"
};

/// @p path without its query.
[[nodiscard]] std::expected<Matched, NoRoute> match(std::string_view method, std::string_view path);

/// The value of @p name in "a=1&b=2"; empty when it is not there. Values are identifiers and
/// numbers; nothing is decoded.
[[nodiscard]] std::string_view queryValue(std::string_view query, std::string_view name);
/// As queryValue, with "%5B" read as "[". Errors: BadRequest where a "%" has no two digits.
[[nodiscard]] api::Result<std::string> decodedValue(std::string_view query, std::string_view name);

} // namespace service
