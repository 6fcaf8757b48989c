// SPDX-License-Identifier: Apache-2.0
// Loaded into the client, it tries to make sockets that leave the machine: when it is loaded,
// before the client has entered its sandbox, and again whenever the client connects to something.
// Says on standard error what came of it: what tst_client_program looks at.

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

void probe(const char* when)
{
    for (const auto& [family, name] : {std::pair(AF_INET, "internet"), std::pair(AF_INET6, "v6"),
                                       std::pair(AF_NETLINK, "netlink")}) {
        const int socket = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const char* outcome = socket >= 0 ? "allowed" : errno == EPERM ? "denied" : "failed";
        if (socket >= 0)
            ::close(socket);
        const std::string line = std::string(when) + ' ' + name + ' ' + outcome + '\n';
        if (::write(STDERR_FILENO, line.data(), line.size()) < 0)
            ::abort(); // nobody would hear of it
    }
}

[[gnu::constructor]] void loaded()
{
    probe("loaded");
}

} // namespace

extern "C" [[gnu::visibility("default")]] int connect(int socket, const sockaddr* address,
                                                      socklen_t length)
{
    probe("connecting");
    using Connect = int (*)(int, const sockaddr*, socklen_t);
    return reinterpret_cast<Connect>(::dlsym(RTLD_NEXT, "connect"))(socket, address, length);
}
