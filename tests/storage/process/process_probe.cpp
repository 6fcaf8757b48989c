// SPDX-License-Identifier: Apache-2.0
// The child of the tests beside it: does what its first argument says and prints what it saw.
#include "storage/process/harden.h"
#include "storage/process/probe.h"
#include "storage/process/sandbox.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <seccomp.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace {

int printProbe(process::Result<void> entered, process::Sandbox sandbox)
{
    if (!entered) {
        std::fputs(entered.error().detail.c_str(), stderr);
        return 1;
    }
    const std::string line = process::toJson(process::probeForbidden(sandbox)) + "\n";
    return ::write(1, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1;
}

int printProtection()
{
    rlimit core = {};
    ::getrlimit(RLIMIT_CORE, &core);
    const mode_t mask = ::umask(077);
    std::printf("core %d dumpable %d nnp %d umask %o\n", core.rlim_max == 0 ? 0 : 1,
                ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
                static_cast<unsigned>(mask));
    return 0;
}

/// Can memory be made executable?
bool makesCode()
{
    void* memory =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && ::mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

int printEngineWork()
{
    if (!process::enterEngineSandbox())
        return 1;
    int sum = 0;
    std::thread([&sum] { sum = 42; }).join();
    std::printf("thread %d code %d\n", sum, makesCode() ? 1 : 0);
    return 0;
}

int printClient()
{
    if (!process::enterClientSandbox())
        return 1;
    const bool inet = ::socket(AF_INET, SOCK_STREAM, 0) >= 0;
    const bool netlink = ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
    const bool local = ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
    std::printf("inet %d netlink %d unix %d\n", inet, netlink, local);
    return 0;
}

int printDescriptors()
{
    int variables = 0;
    for (char** entry = environ; *entry != nullptr; ++entry)
        ++variables;
    std::printf("environment %d open", variables);
    for (int fd = 0; fd < 1024; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0)
            std::printf(" %d", fd);
    std::printf("\n");
    return 0;
}

/// Becomes another program on what looks like a kernel without system call filters.
int runWithoutFilters(char** program)
{
    auto* filter = ::seccomp_init(SCMP_ACT_ALLOW);
    const bool installed =
        ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) == 0 &&
        ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                           SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) == 0 &&
        ::seccomp_load(filter) == 0;
    ::seccomp_release(filter);
    if (installed)
        ::execv(program[0], program);
    return 99;
}

int copyDescriptors(const char* from, const char* to)
{
    char buffer[64];
    const ssize_t got = ::read(std::atoi(from), buffer, sizeof buffer);
    return got > 0 && ::write(std::atoi(to), buffer, static_cast<size_t>(got)) == got ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "engine")
        return printProbe(process::enterEngineSandbox(), process::Sandbox::Engine);
    if (what == "importer")
        return printProbe(process::enterImporterSandbox({}), process::Sandbox::Importer);
    if (what == "outside")
        return printProbe({}, process::Sandbox::Importer);
    if (what == "engine-work")
        return printEngineWork();
    if (what == "client")
        return printClient();
    if (what == "bare")
        return printProtection();
    if (what == "hardened")
        return process::harden() ? printProtection() : 1;
    if (what == "no-code")
        return process::denyExecutableMemory() ? (makesCode() ? 4 : 3) : 5;
    if (what == "code")
        return makesCode() ? 4 : 3;
    if (what == "descriptors")
        return printDescriptors();
    if (what == "without-filters" && argc > 2)
        return runWithoutFilters(argv + 2);
    if (what == "copy" && argc == 4)
        return copyDescriptors(argv[2], argv[3]);
    if (what == "sleep") {
        ::pause();
        return 0;
    }
    if (what == "complain") {
        std::fputs("something is wrong\n", stderr);
        return 7;
    }
    return 2;
}
