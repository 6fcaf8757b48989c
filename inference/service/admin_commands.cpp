// SPDX-License-Identifier: Apache-2.0
#include "inference/service/admin_commands.h"

#include "inference/api/json.h"
#include "inference/api/limits.h"
#include "inference/service/wipe.h"

#include <algorithm>
#include <format>
#include <fstream>
#include <sstream>

namespace service {

namespace {

AdminResult refused(const api::Error& error, bool json)
{
    return {.status = 1,
            .out = json ? api::encodeError(error) + "\n" : "",
            .error = sentenceFor(error) + "\n"};
}

AdminResult wronglyCalled(std::string sentence = {})
{
    return {.status = 2, .error = sentence.empty() ? adminUsage() : std::move(sentence) + "\n"};
}

AdminResult noSecret(std::string_view what)
{
    return {.status = 2, .error = "No " + std::string(what) + " was given.\n"};
}

/// What api::ModelStatus::draft means.
std::string draftLine(const std::string& draft)
{
    if (draft == "loading" || draft == "ready")
        return draft;
    const std::string why = draft == "other_vocabulary" ? "its vocabulary is not that of the model"
                            : draft == "does_not_fit"
                                ? "it does not fit into the memory beside the model"
                                : "the file can't be read, is damaged or of another kind";
    return "NOT USED: " + why + "; answers are the same without it, and come later";
}

/// A session for one command. Ends it when the command has ended.
class Visit {
public:
    Visit(api::Client& client, std::string session)
        : m_client(client)
        , m_session(std::move(session))
    {
    }
    ~Visit()
    {
        // The lease would end it, too; a failure here changes nothing for the command.
        if (const auto ended = m_client.signOut(m_session); !ended)
            return;
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    api::Client& m_client;
    std::string m_session;
};

class Commands {
public:
    Commands(const AdminCall& call, const AskSecret& ask)
        : m_call(call)
        , m_ask(ask)
        , m_client({.socket = call.socket})
    {
    }

    AdminResult run()
    {
        const std::vector<std::string>& words = m_call.words;
        const std::string& verb = words.front();
        if (verb == "init" && words.size() == 1)
            return init();
        if (verb == "status" && words.size() == 1)
            return status();
        if (verb == "import" && words.size() > 1)
            return import();
        if (verb == "user" && words.size() == 4 && words[1] == "add")
            return signedIn([&] { return addUser(words[2], words[3]); });
        if (verb == "user" && words.size() == 2 && words[1] == "list")
            return signedIn([&] { return listUsers(); });
        if (verb == "admit" && words.size() == 2)
            return signedIn([&] { return admit(words[1]); });
        if (verb == "passphrase" && words.size() == 1)
            return changePassphrase();
        if (verb == "enrol" && words.size() == 2)
            return enrol(words[1]);
        if (verb == "recover" && words.size() == 2)
            return recover(words[1]);
        return wronglyCalled();
    }

private:
    template <typename Body>
    AdminResult signedIn(Body body)
    {
        if (m_call.as.empty())
            return wronglyCalled("Say with --as USER who runs this command.");
        std::optional<std::string> passphrase = m_ask("passphrase of " + m_call.as);
        if (!passphrase)
            return noSecret("passphrase");
        api::SignInRequest who{
            .user = m_call.as, .passphrase = *passphrase, .knownCheckpoint = std::nullopt};
        const api::Result<api::SignIn> session = m_client.signIn(who);
        wipe(who.passphrase);
        wipe(*passphrase);
        if (!session)
            return refused(session.error(), m_call.json);
        const Visit visit(m_client, session->session);
        return body();
    }

    AdminResult init()
    {
        if (m_call.admin.empty() || m_call.steward.empty() || m_call.compliance.empty())
            return wronglyCalled("init needs --admin NAME, --steward NAME and --compliance NAME.");
        api::InitRequest people{.admin = {m_call.admin, {}},
                                .steward = {m_call.steward, {}},
                                .compliance = {m_call.compliance, {}}};
        for (api::Account* account : {&people.admin, &people.steward, &people.compliance}) {
            std::optional<std::string> passphrase = m_ask("passphrase of " + account->name);
            if (!passphrase)
                return noSecret("passphrase");
            account->passphrase = std::move(*passphrase);
        }
        api::Result<std::vector<std::string>> shares = m_client.init(people);
        for (api::Account* account : {&people.admin, &people.steward, &people.compliance})
            wipe(account->passphrase);
        if (!shares)
            return refused(shares.error(), m_call.json);
        if (m_call.json)
            return {.out = api::encode(api::InitAnswer{*shares}) + "\n"};
        AdminResult result;
        for (const std::string& share : *shares)
            result.out += share + "\n";
        result.error = "These are the recovery shares; any two recover. They are kept nowhere: "
                       "print them and store each in another place.\n";
        return result;
    }

    AdminResult status()
    {
        const api::Result<api::ServiceStatus> status = m_client.status();
        if (!status)
            return refused(status.error(), m_call.json);
        if (m_call.json)
            return {.out = api::encode(*status) + "\n"};
        AdminResult result;
        result.out = std::format(
            "initialised   {}\nusers         {}\nmodel         {}\n"
            "inbox         {} waiting, {} merged since the start, {} refused\n"
            "audit         {} entries, {}{}\ndevice secret {}\n"
            "executable memory {}\n",
            status->initialised ? "yes" : "no", status->users,
            status->model.name.empty() ? status->model.state
                                       : status->model.name + " (" + status->model.state + ")",
            status->waiting, status->merged, status->refused.size(), status->auditEntries,
            status->auditWritable ? "writable" : "NOT WRITABLE: nothing is released",
            status->auditLost == 0 ? ""
                                   : std::format(", {} EVENTS LOST since the start; the service's "
                                                 "log says which",
                                                 status->auditLost),
            status->protection == "sealed" ? "sealed by the machine"
                                           : "a plain file (reduced protection)",
            status->mdwe ? "denied" : "not denied (kernel before 6.6)");
        if (status->model.draft != "none")
            result.out += std::format("draft model   {}\n", draftLine(status->model.draft));
        if (status->lockedOut != 0)
            result.out +=
                std::format("locked out    {}: the device secret is not the one that "
                            "passphrases were set with. Bring that one back, or "
                            "let each user come in by recovery shares\n",
                            status->lockedOut == 1 ? std::string("1 user")
                                                   : std::format("{} users", status->lockedOut));
        for (const api::Refusal& refusal : status->refused)
            result.out += std::format("refused       {} {} {}\n", refusal.ticket, refusal.reason,
                                      refusal.when);
        return result;
    }

    AdminResult import()
    {
        AdminResult result;
        for (std::size_t i = 1; i < m_call.words.size(); ++i) {
            const AdminResult one = importOne(m_call.words[i]);
            result.out += one.out;
            result.error += one.error;
            result.status = std::max(result.status, one.status);
        }
        return result;
    }

    /// The file's name stays here: the service sees bytes only.
    AdminResult importOne(const std::string& path)
    {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream contents;
        if (!file || !(contents << file.rdbuf()))
            return {.status = 1, .error = path + ": cannot be read, or empty.\n"};
        const std::string bytes = std::move(contents).str();
        if (bytes.size() > api::kMaxImportBytes)
            return {.status = 1, .error = path + ": larger than 256 MiB.\n"};
        const auto receipt = m_client.import(std::as_bytes(std::span(bytes)));
        if (!receipt) {
            AdminResult one = refused(receipt.error(), m_call.json);
            one.error.insert(0, path + ": ");
            return one;
        }
        if (m_call.json)
            return {.out = api::encode(*receipt) + "\n"};
        std::uint64_t resources = 0;
        for (const auto& [type, count] : receipt->resources)
            resources += count;
        AdminResult one{.out = std::format("{}: taken as {}, {} resources\n", path, receipt->ticket,
                                           resources)};
        for (const std::string& warning : receipt->warnings)
            one.out += "  warning: " + warning + "\n";
        return one;
    }

    AdminResult addUser(const std::string& name, const std::string& role)
    {
        const api::Result<api::NewUser> added = m_client.addUser(name, role);
        if (!added)
            return refused(added.error(), m_call.json);
        if (m_call.json)
            return {.out = api::encode(*added) + "\n"};
        return {.out = "one-time code of " + name + ": " + added->code + "\n"};
    }

    AdminResult listUsers()
    {
        const api::Result<std::vector<api::UserInfo>> users = m_client.users();
        if (!users)
            return refused(users.error(), m_call.json);
        if (m_call.json)
            return {.out = api::encode(api::UserList{*users}) + "\n"};
        AdminResult result;
        for (const api::UserInfo& user : *users)
            result.out += std::format("{:<24} {:<10} {} {}\n", user.name, user.role,
                                      user.enrolled ? "enrolled" : "not enrolled",
                                      user.admitted ? "admitted" : "not admitted");
        return result;
    }

    AdminResult admit(const std::string& name)
    {
        const api::Result<std::vector<api::UserInfo>> users = m_client.users();
        if (!users)
            return refused(users.error(), m_call.json);
        const auto user = std::ranges::find(*users, name, &api::UserInfo::name);
        if (user == users->end())
            return {.status = 1, .error = "There is no user of this name.\n"};
        if (const api::Result<void> admitted = m_client.admit(user->id); !admitted)
            return refused(admitted.error(), m_call.json);
        return {.out = m_call.json
                           ? "{}\n"
                           : name + (user->role == "compliance" ? " is admitted to the audit\n"
                                                                : " is admitted to the records\n")};
    }

    AdminResult changePassphrase()
    {
        if (m_call.as.empty())
            return wronglyCalled("Say with --as USER whose passphrase it is.");
        std::optional<std::string> old = m_ask("passphrase of " + m_call.as);
        std::optional<std::string> fresh =
            old ? m_ask("new passphrase of " + m_call.as) : std::nullopt;
        if (!fresh)
            return noSecret("passphrase");
        api::SignInRequest who{
            .user = m_call.as, .passphrase = *old, .knownCheckpoint = std::nullopt};
        const api::Result<api::SignIn> session = m_client.signIn(who);
        wipe(who.passphrase);
        api::PassphraseChange change{.passphrase = std::move(*old),
                                     .newPassphrase = std::move(*fresh)};
        api::Result<void> changed = std::unexpected(api::Error());
        if (session) {
            const Visit visit(m_client, session->session);
            changed = m_client.changePassphrase(session->session, change);
        }
        wipe(change.passphrase);
        wipe(change.newPassphrase);
        if (!session || !changed)
            return refused(session ? changed.error() : session.error(), m_call.json);
        return {.out = m_call.json ? "{}\n" : m_call.as + " has a new passphrase\n"};
    }

    AdminResult enrol(const std::string& name)
    {
        std::optional<std::string> code = m_ask("one-time code");
        if (!code)
            return noSecret("one-time code");
        std::optional<std::string> passphrase = m_ask("new passphrase of " + name);
        if (!passphrase)
            return noSecret("passphrase");
        const api::Result<void> enrolled = m_client.enrol({name, *code, *passphrase});
        wipe(*code);
        wipe(*passphrase);
        if (!enrolled)
            return refused(enrolled.error(), m_call.json);
        return {.out = m_call.json ? "{}\n" : name + " is enrolled\n"};
    }

    AdminResult recover(const std::string& name)
    {
        api::RecoverRequest request{.user = name};
        for (const char* which : {"first recovery share", "second recovery share"}) {
            std::optional<std::string> share = m_ask(which);
            if (!share)
                return noSecret(which);
            request.shares.push_back(std::move(*share));
        }
        std::optional<std::string> passphrase = m_ask("new passphrase of " + name);
        if (!passphrase)
            return noSecret("passphrase");
        request.passphrase = std::move(*passphrase);
        const api::Result<void> recovered = m_client.recover(request);
        std::ranges::for_each(request.shares, wipe);
        wipe(request.passphrase);
        if (!recovered)
            return refused(recovered.error(), m_call.json);
        return {.out = m_call.json ? "{}\n" : name + " has a new passphrase\n"};
    }

    const AdminCall& m_call;
    const AskSecret& m_ask;
    api::Client m_client;
};

} // namespace

AdminResult runAdminCall(const AdminCall& call, const AskSecret& ask)
{
    return Commands(call, ask).run();
}

} // namespace service
