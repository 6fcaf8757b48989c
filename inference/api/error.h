// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// The codes of docs/formats/api.md, and what only a client can notice (from ConnectFailed on).
enum class Errc : std::uint8_t {
    BadRequest,
    UnsupportedParameter,
    ContextTooLong,
    Unauthorized,
    WrongPassphrase,
    Locked,
    Forbidden,
    NotAdmitted,
    NotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    ImportRefused, // on the wire: the importer's own code, see Error::code
    TooManyRequests,
    HeadersTooLarge,
    Internal,
    AuditUnavailable,
    NotInitialised,
    EngineUnavailable,
    Busy,
    EngineFailed,
    ConnectFailed,  // client only: nobody listens on the socket
    UntrustedPeer,  // client only: the process behind the socket runs as somebody else
    ConnectionLost, // client only: the daemon went away before the answer ended
    Timeout,        // client only
    BadResponse,    // client only: the answer breaks the format
    Cancelled,      // client only: stopped by the caller
};

/// What a context that is too small counted, in tokens.
struct Counts {
    std::uint32_t prompt = 0;
    std::uint32_t answer = 0;
    std::uint32_t context = 0;
};

struct Error {
    Errc code = Errc::Internal;
    std::string name;    // the code as it stands on the wire: "not_admitted", "several_patients"
    std::string message; // English, for logs and the command line; never patient text
    std::optional<Counts> counts;
};

template <typename T>
using Result = std::expected<T, Error>;

/// "not_admitted"; ImportRefused gives "import_refused".
[[nodiscard]] std::string_view codeName(Errc code);
/// 403; 0 for the codes that only a client can notice.
[[nodiscard]] int httpStatus(Errc code);
/// The code that @p name stands for on the wire. An unknown name with status 422 is ImportRefused,
/// any other unknown name Internal.
[[nodiscard]] Errc codeFrom(std::string_view name, int status);

[[nodiscard]] Error makeError(Errc code, std::string message);

} // namespace api
