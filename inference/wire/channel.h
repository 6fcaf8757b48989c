// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/wire/codec.h"

#include <chrono>
#include <mutex>
#include <optional>

namespace wire {

/// Frames over one end of a stream socket. The descriptor belongs to the caller.
/// Threads: one may receive while others send; a frame is sent whole before the next.
class Channel {
public:
    /// @p patience: how long the other side may take to read one frame; nothing: for ever.
    explicit Channel(int socket, std::optional<std::chrono::milliseconds> patience = {})
        : m_socket(socket)
        , m_patience(patience)
    {
    }

    /// Blocks until the system has taken all bytes, at most for the channel's patience. Behind a
    /// frame that did not go out whole nothing can be sent any more.
    /// Errors: TooLarge; Closed, TimedOut, Io.
    Result<void> send(const ToEngine& message);
    Result<void> send(const FromEngine& message);

    /// Blocks until a whole message is there.
    /// Errors: Closed when the other side ended between two frames; BadFrame, also when it ended
    /// inside one; Io.
    Result<ToEngine> receiveToEngine();
    Result<FromEngine> receiveFromEngine();

private:
    Result<void> write(Result<std::string> frame);
    Result<void> writeWhole(std::string_view frame);
    Result<std::string> readFrame();

    int m_socket;
    std::optional<std::chrono::milliseconds> m_patience;
    std::mutex m_sending;
    std::optional<ChannelError> m_broken; // what cut a frame off; under m_sending
};

} // namespace wire
