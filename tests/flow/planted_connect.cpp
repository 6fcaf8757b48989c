// SPDX-License-Identifier: Apache-2.0
// Loaded into a process, it opens one internet connection: what tst_egress must notice.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

[[gnu::constructor]] void connectToSomebody()
{
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9); // discard; nobody listens
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    ::close(socket);
}

} // namespace
