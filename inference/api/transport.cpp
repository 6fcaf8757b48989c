// SPDX-License-Identifier: Apache-2.0
#include "inference/api/transport.h"

#include "inference/api/limits.h"
#include "inference/api/peer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>

namespace api {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = net::local::stream_protocol;
using SpanBody = http::span_body<const char>;

/// Exports of the audit log are the largest answers.
constexpr std::uint64_t kMaxAnswerBytes = 1ULL << 30;

/// Asynchronous operations, because only those have timeouts, each awaited at once.
class Exchange {
public:
    explicit Exchange(std::chrono::seconds timeout)
        : m_stream(m_io)
        , m_timeout(timeout)
    {
    }

    Result<void> connect(const std::filesystem::path& path, std::optional<std::uint32_t> daemonUid)
    {
        if (path.native().size() > kMaxSocketPathBytes)
            return std::unexpected(
                makeError(Errc::ConnectFailed, "the socket's path is longer than 107 bytes"));
        const ServiceAccounts accounts = serviceAccounts(path);
        const beast::error_code error = await([&](auto done) {
            m_stream.async_connect(Local::endpoint(path.native()), std::move(done));
        });
        if (error)
            return std::unexpected(
                makeError(Errc::ConnectFailed, "no service listens on the socket"));
        const std::optional<Peer> peer = peerOf(m_stream.socket().native_handle());
        const bool right =
            peer && (daemonUid ? peer->uid == *daemonUid : mayBeService(peer->uid, accounts));
        if (!right)
            return std::unexpected(makeError(
                Errc::UntrustedPeer, "the process behind the socket runs as an unexpected user"));
        return {};
    }

    /// Sends the request and reads the answer's header into @p parser. A service that refuses a
    /// request may answer and hang up before it has read the body, so a failed write is not final.
    template <typename Parser>
    Result<void> send(const HttpRequest& request, Parser& parser)
    {
        http::request<SpanBody> message(http::string_to_verb(request.method), request.target, 11);
        message.set(http::field::host, "cloister");
        if (!request.token.empty())
            message.set(http::field::authorization, "Bearer " + request.token);
        if (!request.body.empty())
            message.set(http::field::content_type, request.contentType);
        message.body() = SpanBody::value_type(reinterpret_cast<const char*>(request.body.data()),
                                              request.body.size());
        message.prepare_payload();
        await([&](auto done) { http::async_write(m_stream, message, std::move(done)); });
        return check(await([&](auto done) {
            http::async_read_header(m_stream, m_buffer, parser, std::move(done));
        }));
    }

    template <typename Parser>
    Result<void> readRest(Parser& parser)
    {
        return check(await(
            [&](auto done) { http::async_read(m_stream, m_buffer, parser, std::move(done)); }));
    }

    /// Reads what has arrived of a streamed body.
    template <typename Parser>
    beast::error_code readSome(Parser& parser)
    {
        return await(
            [&](auto done) { http::async_read_some(m_stream, m_buffer, parser, std::move(done)); });
    }

    Result<void> check(beast::error_code error) const
    {
        if (!error)
            return {};
        if (m_cancelled)
            return std::unexpected(makeError(Errc::Cancelled, "stopped by the caller"));
        if (error == beast::error::timeout)
            return std::unexpected(makeError(Errc::Timeout, "the service did not answer in time"));
        const bool malformed =
            error.category() == http::make_error_code(http::error::bad_method).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message;
        return std::unexpected(
            malformed ? makeError(Errc::BadResponse, "the service's answer is not HTTP")
                      : makeError(Errc::ConnectionLost, "the service closed the connection"));
    }

    /// Threads: may be called from any.
    void cancel()
    {
        net::post(m_io, [this] {
            m_cancelled = true;
            m_stream.close();
        });
    }

private:
    template <typename Start>
    beast::error_code await(Start start)
    {
        beast::error_code result;
        m_stream.expires_after(m_timeout);
        start([&result](beast::error_code error, auto&&...) { result = error; });
        m_io.restart();
        m_io.run();
        m_stream.expires_never();
        return m_cancelled ? beast::error_code(net::error::operation_aborted) : result;
    }

    net::io_context m_io;
    beast::basic_stream<Local> m_stream;
    beast::flat_buffer m_buffer;
    std::chrono::seconds m_timeout;
    bool m_cancelled = false;
};

} // namespace

Transport::Transport(std::filesystem::path socket, std::optional<std::uint32_t> daemonUid,
                     std::chrono::seconds timeout)
    : m_socket(std::move(socket))
    , m_daemonUid(daemonUid)
    , m_timeout(timeout)
{
}

Result<HttpResponse> Transport::call(const HttpRequest& request) const
{
    Exchange exchange(m_timeout);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswerBytes);
    Result<void> step = exchange.connect(m_socket, m_daemonUid);
    if (step)
        step = exchange.send(request, parser);
    if (step)
        step = exchange.readRest(parser);
    if (!step)
        return std::unexpected(step.error());
    return HttpResponse{.status = static_cast<int>(parser.get().result_int()),
                        .body = std::move(parser.get().body())};
}

Result<HttpResponse> Transport::stream(const HttpRequest& request,
                                       const std::function<bool(std::string_view)>& sink,
                                       const std::stop_token& stop) const
{
    Exchange exchange(m_timeout);
    const std::stop_callback onStop(stop, [&exchange] { exchange.cancel(); });
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    Result<void> step = exchange.connect(m_socket, m_daemonUid);
    if (step)
        step = exchange.send(request, parser);
    if (!step)
        return std::unexpected(step.error());

    HttpResponse response{.status = static_cast<int>(parser.get().result_int()), .body = {}};
    std::array<char, 16384> chunk;
    while (!parser.is_done()) {
        parser.get().body().data = chunk.data();
        parser.get().body().size = chunk.size();
        const beast::error_code error = exchange.readSome(parser);
        // need_buffer: the chunk is full, more of the body waits.
        if (const Result<void> read = exchange.check(error);
            !read && error != http::error::need_buffer)
            return std::unexpected(read.error());
        const std::string_view bytes(chunk.data(), chunk.size() - parser.get().body().size);
        if (response.status != 200) {
            response.body.append(bytes);
            if (response.body.size() > kMaxBodyBytes)
                return std::unexpected(makeError(Errc::BadResponse, "the error is too long"));
        } else if (!sink(bytes)) {
            return std::unexpected(makeError(Errc::BadResponse, "the stream breaks the format"));
        }
    }
    return response;
}

} // namespace api
