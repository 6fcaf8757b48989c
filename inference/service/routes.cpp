// SPDX-License-Identifier: Apache-2.0
#include "inference/service/routes.h"

#include <array>
#include <charconv>
#include <optional>

namespace service {

namespace {

using storage::Role;

constexpr Roles kReaders{Role::Clinician, Role::Steward};
constexpr Roles kEveryRole{Role::Clinician, Role::Steward, Role::Admin, Role::Compliance};

constexpr std::array kRoutes{
    Route{RouteId::Service, Method::Get, "/cloister/v1/service", Access::Anybody, {}},
    Route{RouteId::Health, Method::Get, "/healthz", Access::Anybody, {}},
    Route{RouteId::Metrics, Method::Get, "/metrics", Access::Anybody, {}},

    Route{RouteId::SignIn,
          Method::Post,
          "/cloister/v1/sessions",
          Access::Anybody,
          {},
          false,
          Lane::Passphrase},
    Route{RouteId::Enrol,
          Method::Post,
          "/cloister/v1/sessions/enrol",
          Access::Anybody,
          {},
          false,
          Lane::Passphrase},
    Route{RouteId::Heartbeat, Method::Post, "/cloister/v1/sessions/{}/heartbeat", Access::Session,
          kEveryRole, false, Lane::Session},
    Route{RouteId::ChangePassphrase, Method::Post, "/cloister/v1/sessions/{}/passphrase",
          Access::Session, kEveryRole, false, Lane::Passphrase},
    Route{RouteId::EndSession, Method::Delete, "/cloister/v1/sessions/{}", Access::Session,
          kEveryRole, false, Lane::Session},

    Route{RouteId::SearchPatients, Method::Post, "/cloister/v1/patients/search", Access::Session,
          kReaders, true},
    Route{RouteId::OpenPatient, Method::Get, "/cloister/v1/patients/{}", Access::Session, kReaders,
          true},
    Route{RouteId::OpenDocument, Method::Get, "/cloister/v1/patients/{}/documents/{}",
          Access::Session, kReaders, true},
    Route{RouteId::OpenOriginal, Method::Get, "/cloister/v1/patients/{}/originals/{}",
          Access::Session, kReaders, true},
    Route{RouteId::Ask, Method::Post, "/cloister/v1/patients/{}/questions", Access::Session,
          kReaders, true, Lane::Stream},

    Route{RouteId::ListConversations, Method::Get, "/cloister/v1/conversations", Access::Session,
          kReaders},
    Route{RouteId::OpenConversation, Method::Get, "/cloister/v1/conversations/{}", Access::Session,
          kReaders},
    Route{RouteId::SearchConversations, Method::Post, "/cloister/v1/conversations/search",
          Access::Session, kReaders},

    Route{RouteId::Models, Method::Get, "/v1/models", Access::Session, kEveryRole},
    Route{RouteId::Chat, Method::Post, "/v1/chat/completions", Access::Session, kReaders, false,
          Lane::Stream},

    Route{RouteId::Init,
          Method::Post,
          "/cloister/v1/init",
          Access::Operator,
          {},
          false,
          Lane::Passphrase},
    Route{RouteId::Status, Method::Get, "/cloister/v1/admin/status", Access::Operator, {}},
    Route{RouteId::Import,
          Method::Post,
          "/cloister/v1/admin/import",
          Access::Operator,
          {},
          false,
          Lane::Import},
    Route{RouteId::Recover,
          Method::Post,
          "/cloister/v1/admin/recover",
          Access::Operator,
          {},
          false,
          Lane::Passphrase},
    Route{RouteId::AddUser, Method::Post, "/cloister/v1/users", Access::Session, {Role::Admin}},
    Route{RouteId::ListUsers,
          Method::Get,
          "/cloister/v1/users",
          Access::Session,
          {Role::Admin, Role::Steward, Role::Compliance}},
    // Who may admit whom, and holds the key for it, the key store knows.
    Route{RouteId::Admit,
          Method::Post,
          "/cloister/v1/users/{}/admit",
          Access::Session,
          {Role::Steward, Role::Compliance}},
    Route{RouteId::Checkpoint, Method::Get, "/cloister/v1/audit/checkpoint", Access::Session,
          kEveryRole},
    Route{RouteId::ExportAudit,
          Method::Get,
          "/cloister/v1/audit/export",
          Access::Session,
          {Role::Compliance}},
};

std::string_view nextSegment(std::string_view& path)
{
    path.remove_prefix(1); // the slash
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(segment.size());
    return segment;
}

/// What stands for each "{}"; nullopt when the path is not of this pattern.
std::optional<std::vector<std::string>> parametersOf(std::string_view pattern,
                                                     std::string_view path)
{
    std::vector<std::string> parameters;
    while (pattern.starts_with('/') && path.starts_with('/')) {
        const std::string_view wanted = nextSegment(pattern);
        const std::string_view given = nextSegment(path);
        if (wanted == "{}" && !given.empty())
            parameters.emplace_back(given);
        else if (wanted != given)
            return std::nullopt;
    }
    if (!pattern.empty() || !path.empty())
        return std::nullopt;
    return parameters;
}

std::string_view nameOf(Method method)
{
    switch (method) {
    case Method::Get:
        return "GET";
    case Method::Post:
        return "POST";
    case Method::Delete:
        return "DELETE";
    }
    return {};
}

} // namespace

std::span<const Route> routes()
{
    return kRoutes;
}

std::expected<Matched, NoRoute> match(std::string_view method, std::string_view path)
{
    NoRoute reason = NoRoute::NotFound;
    // A row without placeholders goes first: "conversations/search" is not a conversation's id.
    for (const bool exact : {true, false}) {
        for (const Route& route : kRoutes) {
            if (exact == route.pattern.contains("{}"))
                continue;
            auto parameters = parametersOf(route.pattern, path);
            if (!parameters)
                continue;
            if (nameOf(route.method) == method)
                return Matched{.route = &route, .parameters = std::move(*parameters)};
            reason = NoRoute::MethodNotAllowed;
        }
    }
    return std::unexpected(reason);
}

std::string_view queryValue(std::string_view query, std::string_view name)
{
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        const std::size_t equals = pair.find('=');
        if (pair.substr(0, equals) == name)
            return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
    return {};
}

api::Result<std::string> decodedValue(std::string_view query, std::string_view name)
{
    const std::string_view value = queryValue(query, name);
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '%') {
            plain += value[i];
            continue;
        }
        const std::string_view digits = value.substr(i + 1, 2);
        unsigned byte = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || read.ptr != digits.data() + 2)
            return std::unexpected(
                api::makeError(api::Errc::BadRequest, "a % stands before two hex digits"));
        plain += static_cast<char>(byte);
        i += 2;
    }
    return plain;
}

} // namespace service
