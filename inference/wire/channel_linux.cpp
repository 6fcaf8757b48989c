// SPDX-License-Identifier: Apache-2.0
#include "inference/wire/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wire {
namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<ChannelError> lost(int reason)
{
    const bool closed = reason == EPIPE || reason == ECONNRESET;
    return std::unexpected(
        ChannelError{closed ? ChannelErrc::Closed : ChannelErrc::Io, std::strerror(reason)});
}

/// Reads until @p bytes is full or the stream ends; how many it read, or the error.
Result<std::size_t> fill(int socket, std::span<std::byte> bytes)
{
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(socket, bytes.data() + done, bytes.size() - done);
        if (got == 0)
            break;
        if (got > 0)
            done += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            return lost(errno);
    }
    return done;
}

/// A frame says what the prompt or the answer said, and the worker's heap overwrites nothing.
void wipe(std::string& frame)
{
    ::explicit_bzero(frame.data(), frame.size());
}

/// Waits until something can be sent, or the connection has ended, or @p deadline has passed:
/// false.
bool hasRoom(int socket, Clock::time_point deadline)
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0)
        return false;
    pollfd room{socket, POLLOUT, 0};
    return ::poll(&room, 1, static_cast<int>(left.count())) != 0; // an interrupted one comes back
}

} // namespace

Result<void> Channel::write(Result<std::string> frame)
{
    if (!frame)
        return std::unexpected(frame.error());
    const std::lock_guard lock(m_sending);
    if (m_broken)
        return std::unexpected(*m_broken);
    const auto written = writeWhole(*frame);
    wipe(*frame);
    if (!written)
        m_broken = written.error();
    return written;
}

Result<void> Channel::writeWhole(std::string_view frame)
{
    const int flags = MSG_NOSIGNAL | (m_patience ? MSG_DONTWAIT : 0);
    const auto deadline = Clock::now() + m_patience.value_or(std::chrono::milliseconds(0));
    while (!frame.empty()) {
        const ssize_t written = ::send(m_socket, frame.data(), frame.size(), flags);
        if (written >= 0)
            frame.remove_prefix(static_cast<std::size_t>(written));
        else if (m_patience && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!hasRoom(m_socket, deadline))
                return std::unexpected(
                    ChannelError{ChannelErrc::TimedOut, "the other side does not read"});
        } else if (errno != EINTR)
            return lost(errno);
    }
    return {};
}

Result<std::string> Channel::readFrame()
{
    std::array<std::byte, kLengthBytes> head = {};
    const auto headRead = fill(m_socket, head);
    if (!headRead)
        return std::unexpected(headRead.error());
    if (*headRead == 0)
        return std::unexpected(ChannelError{ChannelErrc::Closed, "the other side is gone"});
    const auto length = *headRead == head.size()
                            ? decodeLength(head)
                            : Result<std::uint32_t>(std::unexpected(ChannelError{
                                  ChannelErrc::BadFrame, "the stream ends in a length"}));
    if (!length)
        return std::unexpected(length.error());
    std::string frame(*length, '\0');
    const auto frameRead = fill(m_socket, std::as_writable_bytes(std::span(frame)));
    if (!frameRead)
        return std::unexpected(frameRead.error());
    if (*frameRead != frame.size())
        return std::unexpected(ChannelError{ChannelErrc::BadFrame, "the stream ends in a frame"});
    return frame;
}

Result<void> Channel::send(const ToEngine& message)
{
    return write(encode(message));
}

Result<void> Channel::send(const FromEngine& message)
{
    return write(encode(message));
}

Result<ToEngine> Channel::receiveToEngine()
{
    auto frame = readFrame();
    if (!frame)
        return std::unexpected(frame.error());
    auto message = decodeToEngine(std::as_bytes(std::span(*frame)));
    wipe(*frame);
    return message;
}

Result<FromEngine> Channel::receiveFromEngine()
{
    auto frame = readFrame();
    if (!frame)
        return std::unexpected(frame.error());
    auto message = decodeFromEngine(std::as_bytes(std::span(*frame)));
    wipe(*frame);
    return message;
}

} // namespace wire
