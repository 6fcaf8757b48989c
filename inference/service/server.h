// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"
#include "inference/service/services.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace service {

/// Listens on the Unix socket and carries requests to the routes. One thread reads and writes all
/// connections; the work is done on the threads of lanes, so a slow client delays nobody and a
/// hostile one is dropped.
class Server {
public:
    struct Options {
        std::filesystem::path socket;
        /// Everybody on the machine may connect: identity is the peer's uid and the sign-in.
        unsigned mode = 0666;
        /// SIGTERM and SIGINT end run(); they are caught from listen() on.
        bool handleSignals = false;
    };

    /// Binds and listens. Errors: BadRequest for a path of more than 107 bytes, Conflict when
    /// another process listens there, Internal.
    static api::Result<std::unique_ptr<Server>> listen(Options options, Services& services);
    ~Server();

    /// Serves until stop() or a signal. Then running answers are stopped and stored before it
    /// returns. Every second @p tick is called on a thread of its own; the
    /// leases of sessions end there, whatever the others are busy with.
    void run(std::function<void()> tick);
    /// Threads: any.
    void stop();

private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace service
