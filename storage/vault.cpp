// SPDX-License-Identifier: Apache-2.0
#include "storage/vault.h"

#include "storage/file.h"
#include "storage/ids.h"
#include "storage/vault_month.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace storage {
namespace {

constexpr std::size_t kTitleBytes = 120;

/// The first question on one line, cut between characters.
std::string titleOf(std::string_view question)
{
    std::string title;
    for (const char c : question) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space)
            title.push_back(c);
        else if (!title.empty() && title.back() != ' ')
            title.push_back(' ');
    }
    while (!title.empty() && title.back() == ' ')
        title.pop_back();
    if (title.size() <= kTitleBytes)
        return title;
    std::size_t end = kTitleBytes;
    while (end > 0 && (static_cast<unsigned char>(title[end]) & 0xC0U) == 0x80U)
        --end;
    return title.substr(0, end).append("…");
}

class MonthSlot : public AnswerSlot {
public:
    explicit MonthSlot(VaultMonth month)
        : m_month(std::move(month))
    {
    }
    Result<void> answer(const audit::Receipt&, const Turn& turn) override
    {
        return m_month.answer(turn);
    }

private:
    VaultMonth m_month;
};

} // namespace

struct Vault::State {
    State(std::filesystem::path from, KeyStore& store, std::string_view id, Secret key)
        : folder(std::move(from))
        , keys(store)
        , userId(id)
        , vaultKey(std::move(key))
    {
    }

    std::filesystem::path folder; // of this user
    KeyStore& keys;
    std::string userId;
    Secret vaultKey;
    std::map<std::string, VaultMonth> open;

    [[nodiscard]] std::filesystem::path file(const std::string& month) const
    {
        return folder / (month + ".db");
    }

    /// Months of which there is a file, newest first.
    [[nodiscard]] Result<std::set<std::string, std::greater<>>> months() const
    {
        std::set<std::string, std::greater<>> found;
        std::error_code error;
        std::filesystem::directory_iterator entry(folder, error);
        // Not the range's ++, which throws.
        for (const std::filesystem::directory_iterator end; !error && entry != end;
             entry.increment(error)) {
            if (entry->path().extension() == ".db")
                found.insert(entry->path().stem().string());
        }
        if (error)
            return std::unexpected(Error{Errc::Io, "the months cannot be listed"});
        return found;
    }

    Result<VaultMonth> fresh(const std::string& month, Database::Mode mode)
    {
        const auto key = mode == Database::Mode::Create
                             ? keys.monthKey(userId, vaultKey, month)
                             : keys.findMonthKey(userId, vaultKey, month);
        if (!key)
            return std::unexpected(key.error());
        return VaultMonth::open(file(month), *key, mode);
    }

    Result<VaultMonth*> at(const std::string& month, Database::Mode mode)
    {
        const auto found = open.find(month);
        if (found != open.end())
            return &found->second;
        auto opened = fresh(month, mode);
        if (!opened)
            return std::unexpected(opened.error());
        return &open.emplace(month, std::move(*opened)).first->second;
    }

    /// The existing month in which @p conversation began. Errors: NotFound.
    Result<VaultMonth*> monthOfConversation(std::string_view conversation)
    {
        const auto began = timeOfUuid(conversation);
        if (!began)
            return std::unexpected(Error{Errc::NotFound, "no such conversation"});
        return at(monthOf(*began), Database::Mode::MustExist);
    }

    /// Calls @p visit(VaultMonth&) -> Result<bool> on each month, newest first, until it says
    /// false. A month whose key was destroyed is no longer there.
    template <typename Visit>
    Result<void> eachMonth(Visit visit)
    {
        const auto all = months();
        if (!all)
            return std::unexpected(all.error());
        for (const std::string& name : *all) {
            const auto month = at(name, Database::Mode::MustExist);
            if (!month && month.error().code == Errc::NotFound)
                continue;
            if (!month)
                return std::unexpected(month.error());
            const auto more = visit(**month);
            if (!more)
                return std::unexpected(more.error());
            if (!*more)
                break;
        }
        return {};
    }
};

Vault::Vault(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::open(const std::filesystem::path& folder, KeyStore& keys,
                                           std::string_view userId, const Secret& vaultKey)
{
    auto mine = folder / userId;
    if (const auto made = ensureFolder(mine); !made)
        return std::unexpected(made.error());
    auto key = vaultKey.clone();
    if (!key)
        return std::unexpected(key.error());
    return std::unique_ptr<Vault>(
        new Vault(std::make_unique<State>(std::move(mine), keys, userId, std::move(*key))));
}

Result<Turn> Vault::ask(const audit::Receipt& receipt, std::string_view conversation,
                        std::string_view patient, std::string_view question)
{
    const auto now = Clock::now();
    auto id = uuidV7(now);
    if (!id)
        return std::unexpected(id.error());
    Turn turn;
    turn.id = std::move(*id);
    turn.conversation = conversation;
    turn.asked = utcText(now);
    turn.question = question;
    turn.intent = receipt.index();

    std::optional<Conversation> begins;
    if (conversation.empty()) {
        auto made = uuidV7(now);
        if (!made)
            return std::unexpected(made.error());
        turn.conversation = std::move(*made);
        begins = Conversation{turn.conversation, std::string(patient), titleOf(question),
                              turn.asked,        turn.asked,           0};
    }
    const auto month = begins ? m_state->at(monthOf(now), Database::Mode::Create)
                              : m_state->monthOfConversation(conversation);
    if (!month)
        return std::unexpected(month.error());
    if (const auto asked = (*month)->ask(turn, patient, begins); !asked)
        return std::unexpected(asked.error());
    return turn;
}

Result<void> Vault::answer(const audit::Receipt&, const Turn& turn)
{
    const auto month = m_state->monthOfConversation(turn.conversation);
    if (!month)
        return std::unexpected(month.error());
    return (*month)->answer(turn);
}

Result<std::unique_ptr<AnswerSlot>> Vault::slot(const Turn& turn)
{
    const auto began = timeOfUuid(turn.conversation);
    if (!began)
        return std::unexpected(Error{Errc::NotFound, "no such conversation"});
    auto month = m_state->fresh(monthOf(*began), Database::Mode::MustExist);
    if (!month)
        return std::unexpected(month.error());
    return std::make_unique<MonthSlot>(std::move(*month));
}

Result<std::vector<Conversation>> Vault::list(const audit::Receipt&,
                                              std::optional<std::string_view> patient,
                                              std::size_t limit, std::size_t offset)
{
    std::vector<Conversation> found;
    std::size_t skip = offset;
    const auto done = m_state->eachMonth([&](VaultMonth& month) -> Result<bool> {
        auto part = month.list(patient);
        if (!part)
            return std::unexpected(part.error());
        for (Conversation& conversation : *part) {
            if (skip > 0)
                --skip;
            else if (found.size() < limit)
                found.push_back(std::move(conversation));
        }
        return found.size() < limit;
    });
    if (!done)
        return std::unexpected(done.error());
    return found;
}

Result<Conversation> Vault::conversation(const audit::Receipt&, std::string_view id)
{
    const auto month = m_state->monthOfConversation(id);
    if (!month)
        return std::unexpected(month.error());
    auto all = (*month)->list(std::nullopt);
    if (!all)
        return std::unexpected(all.error());
    const auto found = std::ranges::find(*all, id, &Conversation::id);
    if (found == all->end())
        return std::unexpected(Error{Errc::NotFound, "no such conversation"});
    return std::move(*found);
}

Result<std::vector<Turn>> Vault::turns(const audit::Receipt&, std::string_view conversation)
{
    const auto month = m_state->monthOfConversation(conversation);
    if (!month)
        return std::unexpected(month.error());
    return (*month)->turns(conversation);
}

Result<std::vector<VaultHit>> Vault::search(const audit::Receipt&, std::string_view query,
                                            std::size_t limit)
{
    std::vector<VaultHit> hits;
    const auto done = m_state->eachMonth([&](VaultMonth& month) -> Result<bool> {
        auto part = month.search(query, limit - hits.size());
        if (!part)
            return std::unexpected(part.error());
        std::ranges::move(*part, std::back_inserter(hits));
        return hits.size() < limit;
    });
    if (!done)
        return std::unexpected(done.error());
    return hits;
}

Result<std::vector<Turn>> Vault::pending(const audit::Receipt&)
{
    std::vector<Turn> turns;
    const auto done = m_state->eachMonth([&](VaultMonth& month) -> Result<bool> {
        auto part = month.pending();
        if (!part)
            return std::unexpected(part.error());
        std::ranges::move(*part, std::back_inserter(turns));
        return true;
    });
    if (!done)
        return std::unexpected(done.error());
    return turns;
}

Result<std::optional<Turn>> Vault::turnOfIntent(const audit::Receipt&, std::uint64_t intent)
{
    std::optional<Turn> found;
    const auto done = m_state->eachMonth([&](VaultMonth& month) -> Result<bool> {
        auto part = month.turnOfIntent(intent);
        if (!part)
            return std::unexpected(part.error());
        found = std::move(*part);
        return !found.has_value();
    });
    if (!done)
        return std::unexpected(done.error());
    return found;
}

} // namespace storage
