// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace api {

struct HttpRequest {
    std::string method; // "GET", "POST", "DELETE"
    std::string target;
    std::string token; // empty: no Authorization field
    std::string_view contentType = "application/json";
    std::span<const std::byte> body;
};

struct HttpResponse {
    int status = 0;
    std::string body; // of a stream: only that of an error
};

/// One HTTP/1.1 exchange over a Unix socket. The header hides Boost.Beast.
/// Errors: ConnectFailed, UntrustedPeer, ConnectionLost, Timeout, BadResponse, Cancelled.
class Transport {
public:
    /// Gives up after @p timeout without an answer (of a stream: without any byte).
    Transport(std::filesystem::path socket, std::optional<std::uint32_t> daemonUid,
              std::chrono::seconds timeout);

    Result<HttpResponse> call(const HttpRequest& request) const;

    /// As call(), but the bytes of a 200 answer go to @p sink as they arrive; sink returns false to
    /// give up (BadResponse).
    Result<HttpResponse> stream(const HttpRequest& request,
                                const std::function<bool(std::string_view)>& sink,
                                const std::stop_token& stop) const;

private:
    std::filesystem::path m_socket;
    std::optional<std::uint32_t> m_daemonUid;
    std::chrono::seconds m_timeout;
};

} // namespace api
