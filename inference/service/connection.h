// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/loop.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace service {

/// One client's connection: request after request, or one stream. Lives on the loop's thread; the
/// sink that a stream's worker holds posts to it.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    Connection(Loop& loop, Socket socket, api::Peer peer);
    ~Connection();
    void start();

private:
    using Error = boost::beast::error_code;
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    class Sink;

    void readHeader();
    void headerRead(Error error);
    /// The route and its caller, or the error to answer with.
    api::Result<Request> admitRequest();
    void readBody();
    void bodyRead(Error error);
    void dispatch();
    void runOnLane(boost::asio::thread_pool& pool);
    void startStream();

    void respond(Response response, bool keepOpen);
    void fail(const api::Error& error);

    // After a refusal: what the client still sends (connection_discard.cpp).
    void discardRest();
    void discardMore(std::uint64_t rest);

    // A stream, once it has begun.
    void watchForEnd();
    void sendEvent(std::string_view bytes);
    void finishStream();
    void writeNext();
    void written(Error error);
    void keepAlive();
    void clientGone();
    void close();

    Loop& m_loop;
    boost::beast::basic_stream<boost::asio::local::stream_protocol> m_stream;
    boost::beast::flat_buffer m_buffer;
    api::Peer m_peer;
    std::optional<Parser> m_parser;
    std::optional<Request> m_request;
    std::optional<boost::beast::http::response<boost::beast::http::string_body>> m_response;
    bool m_importing = false;

    std::stop_source m_stop;
    bool m_streaming = false;      // a worker writes to this connection
    bool m_streamFinished = false; // and has written its last
    bool m_headerSent = false;
    std::deque<std::string> m_outbox; // the front is being written
    std::size_t m_outboxBytes = 0;
    boost::asio::steady_timer m_keepAlive;
    char m_unexpected = 0;
};

} // namespace service
