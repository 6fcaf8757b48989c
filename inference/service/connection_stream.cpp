// SPDX-License-Identifier: Apache-2.0
#include "inference/service/connection.h"

#include "inference/api/limits.h"
#include "inference/api/sse.h"
#include "inference/service/wipe.h"

#include <format>

namespace service {

namespace {

namespace net = boost::asio;

constexpr std::chrono::seconds kKeepAliveEvery{10};
/// A client that lets more than this pile up does not read; it counts as gone.
constexpr std::size_t kMaxOutboxBytes = 8UL << 20;

constexpr std::string_view kStreamHeader = "HTTP/1.1 200 OK\r\n"
                                           "Content-Type: text/event-stream\r\n"
                                           "Cache-Control: no-store\r\n"
                                           "Connection: close\r\n"
                                           "Transfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string chunk(std::string_view bytes)
{
    return std::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

} // namespace

/// What the worker holds. Each call goes to the loop's thread, in order.
class Connection::Sink : public EventSink {
public:
    explicit Sink(std::shared_ptr<Connection> connection)
        : m_loop(connection->m_loop)
        , m_connection(std::move(connection))
    {
    }

    ~Sink() override
    {
        // The last reference goes on the loop's thread, too.
        net::post(m_loop.io, [connection = std::move(m_connection)] {});
    }

    void send(std::string bytes) override
    {
        net::post(m_loop.io, [connection = m_connection, bytes = std::move(bytes)] {
            connection->sendEvent(bytes);
        });
    }

    void respond(Response response) override
    {
        net::post(m_loop.io, [connection = m_connection, response = std::move(response)]() mutable {
            if (!connection->m_streaming || connection->m_streamFinished)
                return;
            connection->m_streamFinished = true;
            connection->m_keepAlive.cancel();
            connection->m_loop.services.metrics.request(response.status);
            connection->Connection::respond(std::move(response), false);
        });
    }

    void finish() override
    {
        net::post(m_loop.io, [connection = m_connection] { connection->finishStream(); });
    }

private:
    Loop& m_loop;
    std::shared_ptr<Connection> m_connection;
};

void Connection::startStream()
{
    // Here, not on the question's thread: a question that waits for one would hang without a word.
    auto entry =
        letIn(m_loop.services, *m_request, std::make_shared<Sink>(shared_from_this()), m_stop);
    if (!entry) {
        wipe(m_request->body);
        return fail(entry.error());
    }
    m_streaming = true;
    watchForEnd();
    keepAlive();
    auto request = std::make_shared<Request>(std::move(*m_request));
    net::post(m_loop.questions, [&services = m_loop.services, request, entry = std::move(*entry)] {
        stream(services, *request, entry);
    });
}

void Connection::watchForEnd()
{
    // Nothing may come from the client any more: the end, or a byte too many, ends the stream.
    m_stream.socket().async_read_some(
        net::buffer(&m_unexpected, 1),
        [self = shared_from_this()](Error, std::size_t) { self->clientGone(); });
}

void Connection::sendEvent(std::string_view bytes)
{
    if (m_streamFinished)
        return;
    if (m_outboxBytes > kMaxOutboxBytes)
        return clientGone();
    std::string framed = chunk(bytes);
    if (!m_headerSent) {
        m_headerSent = true;
        m_loop.services.metrics.request(200);
        framed.insert(0, kStreamHeader);
    }
    m_outboxBytes += framed.size();
    m_outbox.push_back(std::move(framed));
    if (m_outbox.size() == 1)
        writeNext();
}

void Connection::finishStream()
{
    if (m_streamFinished)
        return;
    m_streamFinished = true;
    m_keepAlive.cancel();
    if (!m_headerSent)
        return close(); // the client is gone, or the worker had nothing to say
    m_outbox.emplace_back(kLastChunk);
    if (m_outbox.size() == 1)
        writeNext();
}

void Connection::writeNext()
{
    m_stream.expires_after(api::kRequestTimeout);
    net::async_write(
        m_stream, net::buffer(m_outbox.front()),
        [self = shared_from_this()](Error error, std::size_t) { self->written(error); });
}

void Connection::written(Error error)
{
    m_stream.expires_never();
    if (error)
        return clientGone();
    m_outboxBytes -= std::min(m_outboxBytes, m_outbox.front().size());
    m_outbox.pop_front();
    if (!m_outbox.empty())
        return writeNext();
    if (m_streamFinished)
        close();
}

void Connection::keepAlive()
{
    m_keepAlive.expires_after(kKeepAliveEvery);
    m_keepAlive.async_wait([self = shared_from_this()](Error error) {
        if (error || self->m_streamFinished)
            return;
        if (self->m_headerSent)
            self->sendEvent(api::kKeepAlive);
        self->keepAlive();
    });
}

void Connection::clientGone()
{
    if (!m_streamFinished) {
        m_streamFinished = true;
        m_stop.request_stop();
        m_keepAlive.cancel();
        close();
    } else if (!m_outbox.empty()) {
        close(); // gone before it had read the end
    }
}

} // namespace service
