// SPDX-License-Identifier: Apache-2.0
#include "inference/service/server.h"

#include "inference/api/limits.h"
#include "inference/service/connection.h"
#include "inference/service/logging.h"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <typeinfo>

namespace service {

namespace {

namespace net = boost::asio;
using Local = net::local::stream_protocol;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::seconds kTick{1};
/// After a failed accept (no descriptors left) the loop must not spin.
constexpr std::chrono::milliseconds kAcceptPause{200};

/// A socket file that nobody listens on is what a killed daemon leaves.
api::Result<void> makeWay(net::io_context& io, const std::filesystem::path& path)
{
    ErrorCode error;
    Local::socket probe(io);
    probe.connect(Local::endpoint(path.native()), error);
    if (!error)
        return std::unexpected(
            api::makeError(api::Errc::Conflict, "another service listens on this socket"));
    std::error_code ignored;
    if (std::filesystem::is_socket(path, ignored))
        std::filesystem::remove(path, ignored);
    return {};
}

} // namespace

class Server::Impl {
public:
    explicit Impl(Services& services)
        : m_loop(services)
        , m_acceptor(m_loop.io)
        , m_signals(m_loop.io)
        , m_tickTimer(m_loop.io)
        , m_acceptTimer(m_loop.io)
    {
    }

    api::Result<void> listen(Options options)
    {
        if (options.socket.native().size() > api::kMaxSocketPathBytes)
            return std::unexpected(api::makeError(
                api::Errc::BadRequest,
                "the socket's path is longer than the 107 bytes that the system allows"));
        if (const api::Result<void> free = makeWay(m_loop.io, options.socket); !free)
            return free;
        m_path = std::move(options.socket);
        ErrorCode error;
        // Before anybody may know that the service is there: who sees it may stop it at once.
        if (options.handleSignals)
            m_signals.add(SIGTERM, error);
        if (options.handleSignals && !error)
            m_signals.add(SIGINT, error);
        if (error)
            return std::unexpected(
                api::makeError(api::Errc::Internal, "cannot wait for signals: " + error.message()));
        m_acceptor.open(Local(), error);
        if (!error)
            m_acceptor.bind(Local::endpoint(m_path.native()), error);
        if (!error)
            m_acceptor.listen(net::socket_base::max_listen_connections, error);
        std::error_code mode;
        if (!error)
            std::filesystem::permissions(m_path, static_cast<std::filesystem::perms>(options.mode),
                                         mode);
        if (error || mode)
            return std::unexpected(api::makeError(api::Errc::Internal,
                                                  "cannot listen on the socket: " +
                                                      (error ? error.message() : mode.message())));
        return {};
    }

    void run(std::function<void()> tick)
    {
        m_tick = std::move(tick);
        m_signals.async_wait([this](ErrorCode error, int) {
            if (!error)
                shutDown();
        });
        accept();
        tickLater();
        serve();
    }

    void stop()
    {
        net::post(m_loop.io, [this] { shutDown(); });
    }

private:
    void accept()
    {
        m_acceptor.async_accept([this](ErrorCode error, Local::socket socket) {
            if (m_stopping)
                return;
            if (error)
                return acceptLater();
            welcome(std::move(socket));
            accept();
        });
    }

    void acceptLater()
    {
        m_acceptTimer.expires_after(kAcceptPause);
        m_acceptTimer.async_wait([this](ErrorCode error) {
            if (!error && !m_stopping)
                accept();
        });
    }

    void welcome(Local::socket socket)
    {
        std::optional<api::Peer> peer = api::peerOf(socket.native_handle());
        if (!peer || !m_loop.limit.connected(peer->uid))
            return; // closes it
        std::make_shared<Connection>(m_loop, std::move(socket), std::move(*peer))->start();
    }

    void tickLater()
    {
        m_tickTimer.expires_after(kTick);
        m_tickTimer.async_wait([this](ErrorCode error) {
            if (error || m_stopping)
                return;
            if (!m_loop.ticking.exchange(true))
                net::post(m_loop.ticks, [this] { tick(); });
            tickLater();
        });
    }

    void tick()
    {
        try {
            m_tick();
        } catch (const std::exception& exception) {
            logError("the second's work ended by an exception", typeid(exception).name());
        }
        m_loop.ticking = false;
    }

    /// A handler that throws has lost its connection, which closes it; the others go on.
    void serve()
    {
        while (true) {
            try {
                m_loop.io.run();
                return;
            } catch (const std::exception& exception) {
                logError("a connection ended by an exception", typeid(exception).name());
            }
        }
    }

    /// Nobody new is let in; running answers are stopped, stored and audited, then the loop ends.
    void shutDown()
    {
        if (std::exchange(m_stopping, true))
            return;
        logInfo("stopping");
        ErrorCode ignored;
        m_acceptor.close(ignored);
        m_signals.cancel(ignored);
        m_tickTimer.cancel();
        m_acceptTimer.cancel();
        m_loop.services.questions.stopAll();
        // The lanes are waited for on a thread of their own: their last answers go through the
        // loop.
        m_lastWork = std::jthread([this] {
            for (net::thread_pool* pool : {&m_loop.questions, &m_loop.work, &m_loop.sessions,
                                           &m_loop.ticks, &m_loop.imports, &m_loop.passphrases})
                pool->join();
            for (const Sessions::Ended& ended : m_loop.services.sessions.endAll())
                sessionEnded(m_loop.services, ended);
            net::post(m_loop.io, [this] { m_loop.io.stop(); });
        });
        std::error_code none;
        std::filesystem::remove(m_path, none);
    }

    Loop m_loop;
    Local::acceptor m_acceptor;
    net::signal_set m_signals;
    net::steady_timer m_tickTimer;
    net::steady_timer m_acceptTimer;
    std::filesystem::path m_path;
    std::function<void()> m_tick;
    bool m_stopping = false;
    std::jthread m_lastWork;
};

api::Result<std::unique_ptr<Server>> Server::listen(Options options, Services& services)
{
    auto impl = std::make_unique<Impl>(services);
    if (const api::Result<void> listening = impl->listen(std::move(options)); !listening)
        return std::unexpected(listening.error());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

Server::~Server() = default;

void Server::run(std::function<void()> tick)
{
    m_impl->run(std::move(tick));
}

void Server::stop()
{
    m_impl->stop();
}

} // namespace service
