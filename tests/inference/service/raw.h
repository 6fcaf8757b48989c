// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

/// What a client of this project would not send.
namespace raw {

/// A connection that sends what it likes.
class Connection {
public:
    explicit Connection(const std::filesystem::path& path)
        : m_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{.sun_family = AF_UNIX};
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        m_connected =
            ::connect(m_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        const timeval patience{.tv_sec = 60, .tv_usec = 0};
        ::setsockopt(m_socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Connection() { close(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// How much of it the service took.
    std::size_t send(std::string_view bytes) const
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count =
                ::send(m_socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0)
                break;
            sent += static_cast<std::size_t>(count);
        }
        return sent;
    }

    /// Until the service closes, or until @p stopAt has come.
    std::string receive(std::string_view stopAt = {})
    {
        std::string all;
        char buffer[4096];
        while (stopAt.empty() || !all.contains(stopAt)) {
            const ssize_t count = ::recv(m_socket, buffer, sizeof buffer, 0);
            m_ended = count == 0 || (count < 0 && errno == ECONNRESET);
            if (count <= 0)
                break;
            all.append(buffer, static_cast<std::size_t>(count));
        }
        return all;
    }

    [[nodiscard]] bool connected() const { return m_connected; }
    /// receive() met the end that the service had set.
    [[nodiscard]] bool ended() const { return m_ended; }
    /// The service has neither answered nor closed.
    [[nodiscard]] bool waits() const
    {
        char byte = 0;
        return ::recv(m_socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }
    void close()
    {
        if (m_socket >= 0)
            ::close(std::exchange(m_socket, -1));
    }

private:
    int m_socket;
    bool m_connected = false;
    bool m_ended = false;
};

inline int statusOf(const std::string& response)
{
    return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

inline std::string post(std::string_view path, const std::string& token, std::string_view body)
{
    std::string request = "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n";
    if (!token.empty())
        request += "Authorization: Bearer " + token + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return request.append(body);
}

} // namespace raw
