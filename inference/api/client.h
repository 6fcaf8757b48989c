// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"
#include "inference/api/types.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// Speaks to cloisterd over its Unix socket. Every call opens a connection of its own, checks that
/// the process behind it runs as the expected user, and blocks until the answer has ended.
///
/// Errors: those of the route in docs/formats/api.md, and ConnectFailed, UntrustedPeer,
/// ConnectionLost, Timeout, BadResponse, Cancelled.
/// Threads: may be called from several threads at once; setToken() excepted.
class Client {
public:
    struct Options {
        std::filesystem::path socket = "/run/cloister/cloister.sock";
        /// Expected user of the daemon. Without it: as mayBeService() in peer.h.
        std::optional<std::uint32_t> daemonUid;
        std::chrono::seconds timeout{60}; // for one answer; a stream may last longer
    };

    explicit Client(Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The session token that calls carry. signIn() sets it by itself; lock() and signOut() clear
    /// it.
    void setToken(std::string token);
    [[nodiscard]] bool signedIn() const;

    // Before signing in.
    Result<ServiceInfo> service();
    Result<SignIn> signIn(const SignInRequest& request);
    Result<void> enrol(const EnrolRequest& request);

    // With a session.
    Result<ModelStatus> heartbeat(std::string_view session, bool input);
    Result<void> changePassphrase(std::string_view session, const PassphraseChange& change);
    Result<void> lock(std::string_view session);
    Result<void> signOut(std::string_view session);
    Result<PatientList> searchPatients(std::string_view query, std::size_t limit,
                                       std::size_t offset);
    Result<Chart> patient(std::string_view id);
    Result<DocumentText> document(std::string_view patient, std::uint64_t index);
    /// The document that @p source names, wherever it is listed by now; @p index: where it was.
    /// Errors: NotFound where it has been replaced or withdrawn; its original() is kept.
    Result<DocumentText> document(std::string_view patient, std::uint64_t index,
                                  const Source& source);
    Result<OriginalText> original(std::string_view patient, std::string_view sha256,
                                  std::uint64_t begin, std::uint64_t end);
    Result<std::vector<Conversation>> conversations(std::string_view patient, std::size_t limit,
                                                    std::size_t offset);
    Result<ConversationTurns> conversation(std::string_view id);
    Result<std::vector<ConversationHit>> searchConversations(std::string_view query,
                                                             std::size_t limit);

    /// What a question's stream calls, on the calling thread, as the events arrive. Any may be
    /// empty.
    struct Events {
        std::function<void(const Accepted&)> accepted;
        std::function<void(const EvidenceFound&)> evidence;
        std::function<void(const Progress&)> progress;
        std::function<void(const std::string& text)> token;
        std::function<void(const Claim&)> claim;
    };

    /// Asks and returns the final answer once it is stored and audited. @p stop closes the
    /// connection: the daemon then keeps what was written so far as a cancelled answer, and the
    /// call returns Cancelled.
    Result<Done> ask(std::string_view patient, const QuestionRequest& request, const Events& events,
                     const std::stop_token& stop);

    // IT and compliance.
    Result<std::vector<std::string>>
    init(const InitRequest& request); // recovery shares, shown once
    Result<ServiceStatus> status();
    Result<ImportReceipt> import(std::span<const std::byte> document);
    Result<void> recover(const RecoverRequest& request);
    Result<NewUser> addUser(std::string_view name, std::string_view role);
    Result<std::vector<UserInfo>> users();
    Result<void> admit(std::string_view userId);
    Result<AuditState> checkpoint(std::uint64_t from);
    Result<std::string> auditExport(); // the export file's bytes

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace api
