// SPDX-License-Identifier: Apache-2.0
#include "inference/service/connection.h"

#include "inference/api/limits.h"

#include <algorithm>

namespace service {

namespace {

namespace net = boost::asio;

constexpr std::size_t kPieceBytes = 64UL << 10;

} // namespace

/// Closes, but lets a client that is still sending read its answer first: one that writes to a
/// closed socket gets EPIPE and looks no further. What was announced is read and thrown away; the
/// length that a chunked or broken request has, only its sender knows, so that is read to its end.
void Connection::discardRest()
{
    std::uint64_t rest = api::kMaxDiscardedBytes;
    if (m_parser->is_done())
        rest = 0;
    else if (m_parser->is_header_done() && !m_parser->chunked())
        rest = std::min(rest, m_parser->content_length().value_or(0));
    rest -= std::min<std::uint64_t>(rest, m_buffer.size());
    if (rest == 0)
        return close();
    // The end of the answer, for a client that reads up to it.
    Error ignored;
    m_stream.socket().shutdown(net::local::stream_protocol::socket::shutdown_send, ignored);
    m_buffer.clear();
    m_stream.expires_after(api::kDiscardTimeout); // for all that follows together
    discardMore(rest);
}

void Connection::discardMore(std::uint64_t rest)
{
    m_stream.async_read_some(m_buffer.prepare(kPieceBytes),
                             [self = shared_from_this(), rest](Error error, std::size_t count) {
                                 if (error || count >= rest)
                                     return self->close();
                                 self->discardMore(rest - count);
                             });
}

} // namespace service
