// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/wire/codec.h"

#include <mutex>

namespace wire {

/// Frames over one end of a stream socket. The descriptor belongs to the caller.
/// Threads: one may receive while others send; a frame is sent whole before the next.
class Channel {
public:
    explicit Channel(int socket)
        : m_socket(socket)
    {
    }

    /// Blocks until the system has taken all bytes.
    /// Errors: TooLarge; Closed, Io.
    Result<void> send(const ToEngine& message);
    Result<void> send(const FromEngine& message);

    /// Blocks until a whole message is there.
    /// Errors: Closed when the other side ended between two frames; BadFrame, also when it ended
    /// inside one; Io.
    Result<ToEngine> receiveToEngine();
    Result<FromEngine> receiveFromEngine();

private:
    Result<void> write(const Result<std::string>& frame);
    Result<std::string> readFrame();

    int m_socket;
    std::mutex m_sending;
};

} // namespace wire
