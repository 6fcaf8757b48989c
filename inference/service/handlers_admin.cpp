// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/service/present.h"
#include "inference/service/random.h"
#include "inference/service/storage_errors.h"
#include "storage/import/codec.h"
#include "storage/import/importer.h"

#include <algorithm>
#include <array>

namespace service {

namespace {

storage::NewAccount accountOf(const api::Account& account)
{
    return {.name = account.name, .passphrase = account.passphrase};
}

/// The importer found something wrong with the document, or with itself.
api::Error refusalOf(const imports::Error& error)
{
    if (error.code == imports::Errc::Sandbox)
        return api::makeError(api::Errc::Internal, "the importer could not be confined");
    api::Error refusal = api::makeError(api::Errc::ImportRefused, error.detail);
    refusal.name = imports::nameOf(error.code);
    return refusal;
}

/// Records the import, seals original and normalised form, puts them into the inbox.
api::Result<std::string> keep(Services& services, const Request& request,
                              const imports::ImportedDocument& document,
                              std::span<const std::byte> original)
{
    const std::string normalised = imports::encodeDocument(document);
    const auto sealed = services.keys.sealToInbox(packImport(normalised, original));
    if (!sealed)
        return std::unexpected(toApi(sealed.error()));
    const auto receipt = record(services, request, audit::Kind::Import, {},
                                {{"document", document.chart.patient.source.document},
                                 {"bytes", std::to_string(original.size())}});
    if (!receipt)
        return std::unexpected(receipt.error());
    storage::Result<std::string> ticket = services.inbox.put(*sealed, *receipt);
    if (!ticket)
        return std::unexpected(toApi(ticket.error()));
    return std::move(*ticket);
}

Response refuseImport(Services& services, const Request& request, const api::Error& refusal)
{
    audit::Event event = eventOf(request, audit::Kind::Import);
    event.outcome = audit::Outcome::Refused;
    event.reason = refusal.name;
    event.plain = {{"document", hex(sha256(request.body))}};
    if (const auto recorded = services.log.append(event); !recorded)
        return errorResponse(toApi(recorded.error()));
    return errorResponse(refusal);
}

std::optional<storage::User> userOf(const storage::KeyStore& keys, std::string_view name)
{
    const std::vector<storage::User> users = keys.users();
    const auto found = std::ranges::find(users, name, &storage::User::name);
    return found == users.end() ? std::nullopt : std::optional(*found);
}

} // namespace

Response initialise(Services& services, Request& request)
{
    api::Result<api::InitRequest> people = api::decode<api::InitRequest>(request.body);
    if (!people)
        return errorResponse(people.error());
    if (services.keys.initialised())
        return errorResponse(api::makeError(api::Errc::Conflict, "the ceremony was held before"));
    const auto receipt = record(services, request, audit::Kind::Init);
    if (!receipt)
        return errorResponse(receipt.error());
    storage::Ceremony ceremony{accountOf(people->admin), accountOf(people->steward),
                               accountOf(people->compliance)};
    storage::Result<std::vector<std::string>> shares = services.keys.init(ceremony, *receipt);
    for (std::string* secret : {&people->admin.passphrase, &people->steward.passphrase,
                                &people->compliance.passphrase, &ceremony.admin.passphrase,
                                &ceremony.steward.passphrase, &ceremony.compliance.passphrase})
        wipe(*secret);
    if (!shares)
        return errorResponse(toApi(shares.error()));
    services.log.setSeal(sealForAudit(services.keys));
    Response response = json(api::encode(api::InitAnswer{*shares}), 201);
    std::ranges::for_each(*shares, wipe);
    return response;
}

Response showStatus(Services& services, Request& request)
{
    const auto receipt = record(services, request, audit::Kind::Status);
    api::ServiceStatus status{.initialised = services.keys.initialised(),
                              .users = services.keys.users().size(),
                              .merged = services.merger.merged(),
                              .model = modelStatus(services.engine),
                              .auditEntries = services.log.size(),
                              .auditWritable = receipt.has_value(),
                              .protection =
                                  services.keys.deviceSecretSealed() ? "sealed" : "reduced",
                              .mdwe = services.setting.executableMemoryDenied};
    const auto waiting = services.inbox.waiting();
    const auto refused = services.inbox.refusals();
    if (!waiting || !refused)
        return errorResponse(toApi(waiting ? refused.error() : waiting.error()));
    status.waiting = waiting->size();
    for (const storage::Inbox::Refusal& refusal : *refused)
        status.refused.push_back({refusal.ticket, refusal.reason, refusal.when});
    if (receipt && services.records.held()) {
        if (const auto count = services.records.with(
                [&](records::RecordStore& store) { return store.count(*receipt, ""); }))
            status.patients = *count;
    }
    return json(api::encode(status));
}

Response import(Services& services, Request& request)
{
    if (!services.keys.initialised())
        return errorResponse(
            api::makeError(api::Errc::NotInitialised, "run cloister-admin init first"));
    const auto original = std::as_bytes(std::span(request.body));
    const auto document = imports::importConfined(services.setting.importer, original);
    if (!document)
        return refuseImport(services, request, refusalOf(document.error()));
    api::Result<std::string> ticket = keep(services, request, *document, original);
    if (!ticket)
        return errorResponse(ticket.error());
    services.merger.wake();
    api::ImportReceipt receipt{.ticket = std::move(*ticket)};
    receipt.resources.assign(document->resources.begin(), document->resources.end());
    for (const imports::Warning& warning : document->warnings)
        receipt.warnings.push_back(std::to_string(warning.count) + " " + warning.code + ": " +
                                   warning.detail);
    return json(api::encode(receipt), 202);
}

Response recover(Services& services, Request& request)
{
    api::Result<api::RecoverRequest> asked = api::decode<api::RecoverRequest>(request.body);
    if (!asked)
        return errorResponse(asked.error());
    const auto receipt = record(services, request, audit::Kind::Recovery);
    if (!receipt)
        return errorResponse(receipt.error());
    const storage::Result<void> recovered =
        services.keys.recover(asked->shares, asked->user, asked->passphrase, *receipt);
    std::ranges::for_each(asked->shares, wipe);
    wipe(asked->passphrase);
    if (!recovered)
        return errorResponse(toApi(recovered.error()));
    return noContent();
}

Response addUser(Services& services, Request& request)
{
    const auto asked = api::decode<api::NewUserRequest>(request.body);
    if (!asked)
        return errorResponse(asked.error());
    const std::optional<storage::Role> role = roleNamed(asked->role);
    if (!role)
        return errorResponse(api::makeError(api::Errc::BadRequest,
                                            "the role is clinician, steward, admin or compliance"));
    const auto receipt =
        record(services, request, audit::Kind::UserAdd, {}, {{"role", asked->role}});
    if (!receipt)
        return errorResponse(receipt.error());
    storage::Result<std::string> code = services.keys.addUser(asked->name, *role, *receipt);
    if (!code)
        return errorResponse(toApi(code.error()));
    const std::optional<storage::User> user = userOf(services.keys, asked->name);
    Response response = json(api::encode(api::NewUser{user ? user->id : "", *code}), 201);
    wipe(*code);
    return response;
}

Response listUsers(Services& services, Request& request)
{
    if (const auto receipt = record(services, request, audit::Kind::UserList); !receipt)
        return errorResponse(receipt.error());
    api::UserList list;
    for (const storage::User& user : services.keys.users())
        list.users.push_back(present(user));
    return json(api::encode(list));
}

Response admit(Services& services, Request& request)
{
    const std::string& user = request.parameters.front();
    const auto receipt =
        record(services, request, audit::Kind::Admit, {}, {{"user_id", user.substr(0, 64)}});
    if (!receipt)
        return errorResponse(receipt.error());
    const auto admitted = request.caller->keys->withUnlocked([&](const storage::Unlocked& steward) {
        return services.keys.admit(steward, user, *receipt);
    });
    if (!admitted)
        return errorResponse(toApi(admitted.error()));
    return noContent();
}

} // namespace service
