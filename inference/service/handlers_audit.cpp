// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "audit/proof.h"
#include "inference/api/json.h"
#include "inference/service/audit_export.h"
#include "inference/service/storage_errors.h"

namespace service {

api::Result<api::AuditState> auditState(audit::Log& log, std::uint64_t from)
{
    audit::Result<std::string> note = log.checkpoint();
    if (!note)
        return std::unexpected(toApi(note.error()));
    api::AuditState state{.checkpoint = std::move(*note), .key = log.publicKey()};
    const auto checkpoint = audit::openCheckpoint(state.checkpoint, state.key);
    if (!checkpoint)
        return std::unexpected(toApi(checkpoint.error()));
    // A client that knows a longer log than this one gets no proof and so raises the alarm.
    if (from == 0 || from > checkpoint->size)
        return state;
    const auto proof = log.consistencyProof(from, checkpoint->size);
    if (!proof)
        return std::unexpected(toApi(proof.error()));
    state.consistency.assign(reinterpret_cast<const char*>(proof->data()), proof->size());
    return state;
}

audit::Log::Seal sealForAudit(storage::KeyStore& keys)
{
    return [&keys](std::span<const std::byte> plain) {
        return keys.sealToAudit(plain).value_or(std::vector<std::byte>());
    };
}

Response showCheckpoint(Services& services, Request& request)
{
    const auto from = number(queryValue(request.query, "from"), 0);
    if (!from)
        return errorResponse(from.error());
    if (const auto receipt = record(services, request, audit::Kind::AuditRead); !receipt)
        return errorResponse(receipt.error());
    const auto state = auditState(services.log, *from);
    if (!state)
        return errorResponse(state.error());
    return json(api::encode(*state));
}

Response exportAudit(Services& services, Request& request)
{
    const auto receipt = record(services, request, audit::Kind::AuditExport);
    if (!receipt)
        return errorResponse(receipt.error());
    const auto seed = request.caller->keys->withUnlocked(
        [&](const storage::Unlocked& unlocked) { return services.keys.auditReadSeed(unlocked); });
    if (!seed)
        return errorResponse(toApi(seed.error()));
    const audit::Log::Unseal unseal =
        [&](std::span<const std::byte> sealed) -> std::optional<std::vector<std::byte>> {
        auto plain = services.keys.openFromAudit(sealed, *seed);
        return plain ? std::optional(std::move(*plain)) : std::nullopt;
    };
    api::Result<std::string> bytes = exportInMemory(services.log, *receipt, unseal);
    if (!bytes)
        return errorResponse(bytes.error());
    return {.status = 200, .contentType = "application/octet-stream", .body = std::move(*bytes)};
}

} // namespace service
