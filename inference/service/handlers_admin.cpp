// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/service/act.h"
#include "inference/service/present.h"
#include "inference/service/storage_errors.h"
#include "inference/service/wipe.h"
#include "storage/digest.h"
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

/// Seals original and normalised form and puts them into the inbox.
api::Result<std::string> keep(Services& services, const Request& request,
                              const imports::ImportedDocument& document,
                              std::span<const std::byte> original)
{
    const std::string normalised = imports::encodeDocument(document);
    const auto sealed = services.keys.sealToInbox(packImport(normalised, original));
    if (!sealed)
        return std::unexpected(toApi(sealed.error()));
    audit::Event event = eventOf(request, audit::Kind::Import);
    event.plain = {{"document", document.chart.patient.source.document},
                   {"bytes", std::to_string(original.size())}};
    api::Result<Act> act = Act::begin(services, std::move(event));
    if (!act)
        return std::unexpected(act.error());
    storage::Result<std::string> ticket = services.inbox.put(*sealed, act->receipt());
    if (!ticket)
        return std::unexpected(act->failed(ticket.error()));
    act->tell("ticket", *ticket);
    act->succeeded();
    return std::move(*ticket);
}

Response refuseImport(Services& services, const Request& request, const api::Error& refusal)
{
    audit::Event event = eventOf(request, audit::Kind::Import);
    event.plain = {{"document", storage::hexOf(storage::sha256(request.body))}};
    return refuse(services, std::move(event), refusal);
}

/// The ceremony's three people, by what they are.
void tellPeople(Act& act, const storage::KeyStore& keys)
{
    for (const storage::User& user : keys.users()) {
        const std::string role(nameOf(user.role));
        act.tell(role + "_id", user.id);
        act.tell(role + "_name", user.name);
    }
}

} // namespace

Response initialise(Services& services, Request& request)
{
    api::Result<api::InitRequest> people = api::decode<api::InitRequest>(request.body);
    if (!people)
        return errorResponse(people.error());
    if (services.keys.initialised())
        return refuse(services, eventOf(request, audit::Kind::Init),
                      api::makeError(api::Errc::Conflict, "the ceremony was held before"));
    api::Result<Act> act = Act::begin(services, eventOf(request, audit::Kind::Init));
    if (!act)
        return errorResponse(act.error());
    storage::Ceremony ceremony{accountOf(people->admin), accountOf(people->steward),
                               accountOf(people->compliance)};
    storage::Result<std::vector<std::string>> shares = services.keys.init(ceremony, act->receipt());
    for (std::string* secret : {&people->admin.passphrase, &people->steward.passphrase,
                                &people->compliance.passphrase, &ceremony.admin.passphrase,
                                &ceremony.steward.passphrase, &ceremony.compliance.passphrase})
        wipe(*secret);
    if (!shares)
        return errorResponse(act->failed(shares.error()));
    services.log.setSeal(sealForAudit(services.keys));
    tellPeople(*act, services.keys);
    act->succeeded();
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
                              .auditLost = services.late.lost(),
                              .protection =
                                  services.keys.deviceSecretSealed() ? "sealed" : "reduced",
                              .lockedOut = services.keys.lockedOut(),
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
    audit::Event event = eventOf(request, audit::Kind::Recovery);
    nameAccount(event, accountNamed(services.keys, asked->user));
    api::Result<Act> act = Act::begin(services, std::move(event));
    const storage::Result<void> recovered =
        act ? services.keys.recover(asked->shares, asked->user, asked->passphrase, act->receipt())
            : storage::Result<void>();
    std::ranges::for_each(asked->shares, wipe);
    wipe(asked->passphrase);
    if (!act)
        return errorResponse(act.error());
    if (!recovered)
        return errorResponse(act->failed(recovered.error()));
    act->succeeded();
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
    audit::Event event = eventOf(request, audit::Kind::UserAdd);
    event.plain = {{"role", asked->role}};
    event.committed = {{"user_name", asked->name}}; // not an account's name yet: typed text
    nameAccount(event, accountNamed(services.keys, asked->name));
    api::Result<Act> act = Act::begin(services, std::move(event));
    if (!act)
        return errorResponse(act.error());
    storage::Result<std::string> code = services.keys.addUser(asked->name, *role, act->receipt());
    if (!code)
        return errorResponse(act->failed(code.error()));
    const std::optional<storage::User> user = accountNamed(services.keys, asked->name);
    act->name(user);
    act->succeeded();
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
    audit::Event event = eventOf(request, audit::Kind::Admit);
    nameAccount(event, accountWithId(services.keys, user));
    api::Result<Act> act = Act::begin(services, std::move(event));
    if (!act)
        return errorResponse(act.error());
    const auto admitted = request.caller->keys->withUnlocked([&](const storage::Unlocked& steward) {
        return services.keys.admit(steward, user, act->receipt());
    });
    if (!admitted)
        return errorResponse(act->failed(admitted.error()));
    act->succeeded();
    return noContent();
}

} // namespace service
