// SPDX-License-Identifier: Apache-2.0
#include "inference/service/handlers.h"

#include "inference/api/json.h"
#include "inference/service/present.h"
#include "inference/service/storage_errors.h"

#include <algorithm>

namespace service {

namespace {

/// Of the caller's own vault; a lock meanwhile is told as such.
template <typename F>
auto fromVault(const Request& request, F use)
    -> api::Result<typename std::invoke_result_t<F, storage::Vault&>::value_type>
{
    auto result = request.caller->keys->withVault(use);
    if (result)
        return std::move(*result);
    if (request.caller->keys->isWiped())
        return std::unexpected(api::makeError(api::Errc::Locked, "the session has ended"));
    return std::unexpected(toApi(result.error()));
}

} // namespace

Response listConversations(Services& services, Request& request)
{
    const std::string patient(queryValue(request.query, "patient"));
    const auto limit = number(queryValue(request.query, "limit"), 50);
    const auto offset = number(queryValue(request.query, "offset"), 0);
    if (patient.size() > api::kMaxQueryBytes || !limit || !offset)
        return errorResponse(
            api::makeError(api::Errc::BadRequest, "patient, limit or offset is wrong"));
    const auto receipt = record(services, request, audit::Kind::HistoryList,
                                patient.empty() ? Fields{} : Fields{{"patient", patient}});
    if (!receipt)
        return errorResponse(receipt.error());
    const auto found = fromVault(request, [&](storage::Vault& vault) {
        return vault.list(*receipt,
                          patient.empty() ? std::nullopt : std::optional<std::string_view>(patient),
                          std::min<std::uint64_t>(*limit, api::kMaxListLimit), *offset);
    });
    if (!found)
        return errorResponse(found.error());
    api::ConversationList list;
    for (const storage::Conversation& conversation : *found)
        list.conversations.push_back(present(conversation));
    return json(api::encode(list));
}

Response openConversation(Services& services, Request& request)
{
    const std::string& id = request.parameters.front();
    const auto receipt = record(services, request, audit::Kind::HistoryOpen, {},
                                {{"conversation", id.substr(0, 64)}});
    if (!receipt)
        return errorResponse(receipt.error());
    const auto conversation =
        fromVault(request, [&](storage::Vault& vault) { return vault.conversation(*receipt, id); });
    if (!conversation)
        return errorResponse(conversation.error());
    const auto turns =
        fromVault(request, [&](storage::Vault& vault) { return vault.turns(*receipt, id); });
    if (!turns)
        return errorResponse(turns.error());
    api::ConversationTurns answer{.conversation = present(*conversation)};
    for (const storage::Turn& turn : *turns)
        answer.turns.push_back(present(turn));
    return json(api::encode(answer));
}

Response searchConversations(Services& services, Request& request)
{
    const auto query = api::decode<api::ConversationQuery>(request.body);
    if (!query)
        return errorResponse(query.error());
    if (query->query.size() > api::kMaxQueryBytes)
        return errorResponse(api::makeError(api::Errc::BadRequest, "the query exceeds 1 KiB"));
    const auto receipt =
        record(services, request, audit::Kind::HistorySearch, {{"query", query->query}});
    if (!receipt)
        return errorResponse(receipt.error());
    const auto hits = fromVault(request, [&](storage::Vault& vault) {
        return vault.search(*receipt, query->query,
                            std::min<std::uint64_t>(query->limit, api::kMaxListLimit));
    });
    if (!hits)
        return errorResponse(hits.error());
    api::ConversationHits answer;
    for (const storage::VaultHit& hit : *hits)
        answer.hits.push_back({present(hit.conversation), hit.turn, hit.excerpt});
    return json(api::encode(answer));
}

} // namespace service
