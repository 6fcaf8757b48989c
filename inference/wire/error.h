// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace wire {

enum class ChannelErrc {
    BadFrame, // the other side does not speak this protocol: drop the connection
    TooLarge, // the message exceeds kMaxFrameBytes; nothing was sent
    Closed,   // the other side is gone
    TimedOut, // the other side does not read; a frame may be cut off: drop the connection
    Io,       // the system refused
};

struct ChannelError {
    ChannelErrc code;
    std::string detail; // for the log; field names and numbers, never text of a turn
};

template <typename T>
using Result = std::expected<T, ChannelError>;

} // namespace wire
