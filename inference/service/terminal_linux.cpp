// SPDX-License-Identifier: Apache-2.0
#include "inference/service/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace service {

namespace {

constexpr std::size_t kLongestLine = 1024;

void say(int terminal, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t count = write(terminal, text.data(), text.size());
        if (count <= 0)
            return;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

} // namespace

std::optional<std::string> readLine(int descriptor)
{
    std::string line;
    char byte = 0;
    while (true) {
        const ssize_t count = read(descriptor, &byte, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return line.empty() ? std::nullopt : std::optional(line);
        if (byte == '\n')
            return line;
        if (line.size() == kLongestLine)
            return std::nullopt;
        line += byte;
    }
}

std::optional<std::string> askHidden(std::string_view prompt)
{
    const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return std::nullopt;
    termios before{};
    if (tcgetattr(terminal, &before) != 0) {
        close(terminal);
        return std::nullopt;
    }
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal, TCSAFLUSH, &hidden);
    say(terminal, prompt);
    std::optional<std::string> line = readLine(terminal);
    say(terminal, "\n");
    tcsetattr(terminal, TCSAFLUSH, &before);
    close(terminal);
    return line;
}

} // namespace service
