// SPDX-License-Identifier: Apache-2.0
#include "storage/process/harden.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace process {
namespace {

// linux/prctl.h, Linux 6.3 and 6.6; older C library headers lack them.
constexpr int kSetMdwe = 65;
constexpr unsigned long kMdweRefuseExecGain = 1;
constexpr unsigned long kMdweNoInherit = 2;

std::unexpected<Error> refused(const char* what)
{
    return std::unexpected(
        Error{Errc::NotHardened, std::string(what) + ": " + std::strerror(errno)});
}

} // namespace

Result<void> harden()
{
    ::umask(077);
    const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0)
        return refused("core dumps can't be switched off");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refused("the process can't be made undumpable");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refused("new privileges can't be given up");
    return {};
}

bool denyExecutableMemory()
{
    return ::prctl(kSetMdwe, kMdweRefuseExecGain | kMdweNoInherit, 0, 0, 0) == 0;
}

void ignoreBrokenPipes()
{
    std::signal(SIGPIPE, SIG_IGN);
}

} // namespace process
