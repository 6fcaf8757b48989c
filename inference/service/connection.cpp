// SPDX-License-Identifier: Apache-2.0
#include "inference/service/connection.h"

#include "inference/api/json.h"
#include "inference/api/limits.h"
#include "inference/api/sse.h"
#include "inference/service/wipe.h"

namespace service {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

api::Error headerError(beast::error_code error)
{
    if (error == http::error::header_limit)
        return api::makeError(api::Errc::HeadersTooLarge, "the header exceeds 8 KiB");
    return api::makeError(api::Errc::BadRequest, "the request is not HTTP/1.1");
}

bool isParseError(beast::error_code error)
{
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

std::string_view bearerToken(std::string_view field)
{
    constexpr std::string_view kScheme = "Bearer ";
    return field.starts_with(kScheme) ? field.substr(kScheme.size()) : std::string_view();
}

std::size_t bodyLimit(const Route& route)
{
    return route.id == RouteId::Import ? api::kMaxImportBytes : api::kMaxBodyBytes;
}

} // namespace

Connection::Connection(Loop& loop, Socket socket, api::Peer peer)
    : m_loop(loop)
    , m_stream(std::move(socket))
    , m_peer(std::move(peer))
    , m_keepAlive(loop.io)
{
}

Connection::~Connection()
{
    if (m_importing)
        m_loop.importing = false;
    m_loop.limit.disconnected(m_peer.uid);
}

void Connection::start()
{
    readHeader();
}

void Connection::readHeader()
{
    // What the last request brought goes now, not when the next one comes: freed is wiped
    // (docs/decisions/0013). Bytes of a next request that came along stay.
    m_buffer.shrink_to_fit();
    m_parser.emplace();
    m_parser->header_limit(api::kMaxHeaderBytes);
    m_parser->body_limit(boost::none); // set once the route is known
    m_stream.expires_after(api::kRequestTimeout);
    http::async_read_header(
        m_stream, m_buffer, *m_parser,
        [self = shared_from_this()](Error error, std::size_t) { self->headerRead(error); });
}

void Connection::headerRead(Error error)
{
    if (isParseError(error))
        return fail(headerError(error));
    if (error)
        return close(); // ended, timed out, or cut off
    api::Result<Request> request = admitRequest();
    if (!request)
        return fail(request.error());
    m_request = std::move(*request);
    readBody();
}

api::Result<Request> Connection::admitRequest()
{
    const auto& header = m_parser->get();
    if (!m_loop.limit.request(m_peer.uid))
        return std::unexpected(
            api::makeError(api::Errc::TooManyRequests, "more than 50 requests a second"));
    const std::string_view target(header.target().data(), header.target().size());
    const std::size_t question = target.find('?');
    std::expected<Matched, NoRoute> matched =
        match(std::string_view(header.method_string().data(), header.method_string().size()),
              target.substr(0, question));
    if (!matched && matched.error() == NoRoute::MethodNotAllowed)
        return std::unexpected(api::makeError(api::Errc::MethodNotAllowed, "not with this method"));
    if (!matched)
        return std::unexpected(api::makeError(api::Errc::NotFound, "there is no such route"));

    const auto authorization = header[http::field::authorization];
    api::Result<std::optional<Caller>> caller =
        authorise(m_loop.services, *matched->route,
                  bearerToken({authorization.data(), authorization.size()}), m_peer);
    if (!caller)
        return std::unexpected(caller.error());
    if (matched->route->lane == Lane::Import) {
        if (m_loop.importing)
            return std::unexpected(
                api::makeError(api::Errc::Busy, "another import is being received"));
        m_loop.importing = m_importing = true;
    }
    return Request{
        .route = matched->route,
        .parameters = std::move(matched->parameters),
        .query = std::string(question == std::string_view::npos ? "" : target.substr(question + 1)),
        .body = {},
        .peer = m_peer,
        .caller = std::move(*caller)};
}

void Connection::readBody()
{
    const std::size_t limit = bodyLimit(*m_request->route);
    const auto length = m_parser->content_length();
    if (length && *length > limit)
        return fail(api::makeError(api::Errc::TooLarge, "the body is too large"));
    m_parser->body_limit(limit);
    http::async_read(
        m_stream, m_buffer, *m_parser,
        [self = shared_from_this()](Error error, std::size_t) { self->bodyRead(error); });
}

void Connection::bodyRead(Error error)
{
    if (error == http::error::body_limit)
        return fail(api::makeError(api::Errc::TooLarge, "the body is too large"));
    if (isParseError(error))
        return fail(headerError(error));
    if (error)
        return close();
    m_stream.expires_never();
    m_request->body = std::move(m_parser->get().body());
    if (m_request->route->lane != Lane::Import && !api::jsonDepthAllowed(m_request->body))
        return fail(api::makeError(api::Errc::BadRequest, "the JSON is nested too deeply"));
    dispatch();
}

void Connection::dispatch()
{
    switch (m_request->route->lane) {
    case Lane::Work:
        return runOnLane(m_loop.work);
    case Lane::Session:
        return runOnLane(m_loop.sessions);
    case Lane::Import:
        return runOnLane(m_loop.imports);
    case Lane::Stream:
        return startStream();
    case Lane::Passphrase:
        if (m_loop.passphrasesWaiting >= Loop::kMostPassphrases) {
            wipe(m_request->body);
            return fail(api::makeError(api::Errc::Busy, "too many people are signing in"));
        }
        ++m_loop.passphrasesWaiting;
        return runOnLane(m_loop.passphrases);
    }
}

void Connection::runOnLane(net::thread_pool& pool)
{
    net::post(pool, [self = shared_from_this()]() mutable {
        Loop& loop = self->m_loop;
        Response response = handle(loop.services, *self->m_request);
        if (self->m_request->route->lane == Lane::Passphrase)
            --loop.passphrasesWaiting;
        // The connection goes back to the loop's thread whole: it must not be destroyed here.
        net::post(loop.io, [self = std::move(self), response = std::move(response)]() mutable {
            const bool keepOpen = self->m_parser->get().keep_alive();
            self->respond(std::move(response), keepOpen);
        });
    });
}

void Connection::respond(Response response, bool keepOpen)
{
    if (m_importing)
        m_loop.importing = m_importing = false;
    m_request.reset();
    m_response.emplace(static_cast<http::status>(response.status), 11);
    m_response->set(http::field::cache_control, "no-store");
    if (!response.body.empty())
        m_response->set(http::field::content_type, beast::string_view(response.contentType.data(),
                                                                      response.contentType.size()));
    m_response->body() = std::move(response.body);
    m_response->keep_alive(keepOpen);
    m_response->prepare_payload();
    m_stream.expires_after(api::kRequestTimeout);
    http::async_write(m_stream, *m_response,
                      [self = shared_from_this(), keepOpen](Error error, std::size_t) {
                          wipe(self->m_response->body());
                          if (error)
                              return self->close();
                          if (!keepOpen)
                              return self->discardRest();
                          self->readHeader();
                      });
}

void Connection::fail(const api::Error& error)
{
    m_loop.services.metrics.request(api::httpStatus(error.code));
    // What is left of the request is not read, so the connection cannot go on.
    respond(errorResponse(error), false);
}

void Connection::close()
{
    m_keepAlive.cancel();
    Error ignored;
    m_stream.socket().shutdown(net::local::stream_protocol::socket::shutdown_both, ignored);
    m_stream.close();
}

} // namespace service
