// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"
#include "inference/api/peer.h"
#include "inference/service/routes.h"
#include "inference/service/sessions.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// A request whose header was checked: it matches a route and its sender may use it.
struct Request {
    const Route* route = nullptr;
    std::vector<std::string> parameters;
    std::string query;
    std::string body;
    api::Peer peer;
    std::optional<Caller> caller; // set where the route needs a session
};

struct Response {
    int status = 200;
    std::string_view contentType = "application/json";
    std::string body;
};

[[nodiscard]] Response errorResponse(const api::Error& error);

/// Where a streamed answer goes. Threads: any; nothing blocks.
class EventSink {
public:
    virtual ~EventSink() = default;
    /// Bytes of a text/event-stream; the first call sends the header.
    virtual void send(std::string bytes) = 0;
    /// Instead of send(): an ordinary answer. Ends the exchange.
    virtual void respond(Response response) = 0;
    /// Ends the stream.
    virtual void finish() = 0;
};

} // namespace service
