// SPDX-License-Identifier: Apache-2.0
#include "inference/service/admin_commands.h"

#include <charconv>

namespace service {

namespace {

std::optional<int> descriptorIn(std::string_view text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

/// "The passphrase is too short." of what the service says.
std::string asSentence(std::string text)
{
    if (text.empty())
        return "The service refused and did not say why.";
    if (text.front() >= 'a' && text.front() <= 'z')
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text.ends_with('.') || text.ends_with('?') ? text : text + ".";
}

} // namespace

const char* adminUsage()
{
    return "usage: cloister-admin [--socket PATH] [--passphrase-fd N] [--as USER] [--json] "
           "COMMAND\n"
           "\n"
           "  init --admin NAME --steward NAME --compliance NAME   hold the ceremony; prints the\n"
           "                                                       recovery shares, once\n"
           "  status                                               how the service is\n"
           "  import FILE...                                       hand in records (FHIR R4 "
           "bundles)\n"
           "  user add NAME ROLE            --as an admin          prints the one-time code\n"
           "  user list                     --as admin, steward or compliance\n"
           "  admit NAME                    --as a steward         open the records to a user\n"
           "                                --as compliance        open the audit to an officer\n"
           "  enrol NAME                                           set the first passphrase: "
           "code,\n"
           "                                                       then passphrase\n"
           "  passphrase                    --as oneself           change it: the old one, then "
           "the "
           "new\n"
           "  recover NAME                                         two recovery shares, then the\n"
           "                                                       new passphrase\n"
           "\n"
           "ROLE is clinician, steward, admin or compliance. Secrets are asked for on the "
           "terminal,\n"
           "or read one a line from descriptor N in the order in which they are needed.\n";
}

std::optional<AdminCall> parseAdminCall(const std::vector<std::string>& arguments)
{
    AdminCall call;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& word = arguments[i];
        if (word == "--json") {
            call.json = true;
            continue;
        }
        if (word == "--") { // what follows may begin with dashes
            call.words.insert(call.words.end(),
                              arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                              arguments.end());
            break;
        }
        if (!word.starts_with("--")) {
            call.words.push_back(word);
            continue;
        }
        if (i + 1 == arguments.size())
            return std::nullopt;
        const std::string& value = arguments[++i];
        if (word == "--socket")
            call.socket = value;
        else if (word == "--as")
            call.as = value;
        else if (word == "--admin")
            call.admin = value;
        else if (word == "--steward")
            call.steward = value;
        else if (word == "--compliance")
            call.compliance = value;
        else if (word == "--passphrase-fd" && descriptorIn(value))
            call.passphraseDescriptor = descriptorIn(value);
        else
            return std::nullopt;
    }
    if (call.words.empty())
        return std::nullopt;
    return call;
}

std::string sentenceFor(const api::Error& error)
{
    using api::Errc;
    switch (error.code) {
    case Errc::ConnectFailed:
        return "The service does not listen on this socket; is cloisterd running?";
    case Errc::UntrustedPeer:
        return "Whoever listens on this socket is not the service; nothing was sent.";
    case Errc::ConnectionLost:
        return "The service closed the connection before it had answered.";
    case Errc::Timeout:
        return "The service did not answer in time.";
    case Errc::WrongPassphrase:
        return "User or passphrase is wrong.";
    case Errc::Forbidden:
        return asSentence("not allowed: " + error.message);
    case Errc::NotAdmitted:
        return "This user is not admitted to the records yet.";
    case Errc::NotInitialised:
        return "The service is not initialised: run cloister-admin init.";
    case Errc::AuditUnavailable:
        return "The audit log cannot be written, so the service does nothing.";
    default:
        return asSentence(error.message);
    }
}

} // namespace service
