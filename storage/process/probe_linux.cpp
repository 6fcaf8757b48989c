// SPDX-License-Identifier: Apache-2.0
#include "storage/process/probe.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace process {
namespace {

/// No process has this number: the kernel's limit is 2^22.
constexpr pid_t kNobody = 0x3fffffff;

bool denied(long result)
{
    return result < 0 && errno == EPERM;
}

/// For calls that make a descriptor.
bool deniedToOpen(long result)
{
    const bool no = denied(result);
    if (result >= 0)
        ::close(static_cast<int>(result));
    return no;
}

bool deniedToFork(long child)
{
    if (child == 0)
        ::_exit(0);
    const bool no = denied(child);
    if (child > 0)
        ::waitpid(static_cast<pid_t>(child), nullptr, 0);
    return no;
}

/// Undone at once where it succeeds: a worker must stay undumpable.
bool deniedToBecomeDumpable()
{
    const bool no = denied(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    if (!no)
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return no;
}

bool deniedExecutableMemory()
{
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return errno == EPERM;
    ::munmap(memory, 4096);
    return false;
}

void probeFiles(std::vector<ProbeResult>& results)
{
    const auto add = [&results](std::string_view action, bool no) {
        results.push_back({action, no});
    };
    add("open", deniedToOpen(::syscall(SYS_open, "/dev/null", O_RDONLY)));
    add("openat", deniedToOpen(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)));
    add("creat", deniedToOpen(::syscall(SYS_creat, "", 0600)));
    add("chmod", denied(::syscall(SYS_chmod, "", 0600)));
    add("unlink", denied(::syscall(SYS_unlink, "")));
    add("mkdir", denied(::syscall(SYS_mkdir, "", 0700)));
    add("rename", denied(::syscall(SYS_rename, "", "")));
    add("symlink", denied(::syscall(SYS_symlink, "target", "")));
    add("link", denied(::syscall(SYS_link, "", "")));
    add("truncate", denied(::syscall(SYS_truncate, "", 0)));
    add("chdir", denied(::syscall(SYS_chdir, "")));
    add("stat", denied(::syscall(SYS_stat, "", nullptr)));
    add("memfd_create", deniedToOpen(::syscall(SYS_memfd_create, "probe", 0)));
    add("inotify_init1", deniedToOpen(::syscall(SYS_inotify_init1, 0)));
}

void probeNetwork(std::vector<ProbeResult>& results)
{
    const auto add = [&results](std::string_view action, bool no) {
        results.push_back({action, no});
    };
    add("socket_inet", deniedToOpen(::socket(AF_INET, SOCK_STREAM, 0)));
    add("socket_unix", deniedToOpen(::socket(AF_UNIX, SOCK_STREAM, 0)));
    add("socket_netlink", deniedToOpen(::socket(AF_NETLINK, SOCK_RAW, 0)));
    add("connect",
        denied(::connect(-1, nullptr, 0))); // NOLINT(clang-analyzer-unix.StdCLibraryFunctions)
    add("bind", denied(::bind(-1, nullptr, 0)));
    add("accept", denied(::accept(-1, nullptr, nullptr)));
    sockaddr address = {};
    add("sendto", denied(::sendto(-1, nullptr, 0, 0, &address, sizeof address)));
    add("recvmsg", denied(::recvmsg(-1, nullptr, 0)));
}

void probeProcesses(std::vector<ProbeResult>& results)
{
    const auto add = [&results](std::string_view action, bool no) {
        results.push_back({action, no});
    };
    add("execve", denied(::syscall(SYS_execve, "", nullptr, nullptr)));
    add("fork", deniedToFork(::syscall(SYS_fork)));
    add("ptrace",
        denied(::syscall(SYS_ptrace, 3 /* PTRACE_PEEKUSER */, kNobody, nullptr, nullptr)));
    add("process_vm_readv",
        denied(::syscall(SYS_process_vm_readv, kNobody, nullptr, 0, nullptr, 0, 0)));
    add("kill", denied(::kill(kNobody, 0)));
    add("pidfd_open", deniedToOpen(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    add("setuid", denied(::syscall(SYS_setuid, ::getuid())));
    add("prctl_dumpable", deniedToBecomeDumpable());
}

void probeKernel(std::vector<ProbeResult>& results)
{
    const auto add = [&results](std::string_view action, bool no) {
        results.push_back({action, no});
    };
    constexpr unsigned kUserModeOnly = 1; // of userfaultfd: allowed to everybody
    constexpr unsigned kTooLarge = 1U << 20;
    add("io_uring_setup", deniedToOpen(::syscall(SYS_io_uring_setup, 0, nullptr)));
    add("bpf", denied(::syscall(SYS_bpf, 1 /* look up */, nullptr, kTooLarge)));
    add("perf_event_open", denied(::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, ~0UL)));
    add("userfaultfd", deniedToOpen(::syscall(SYS_userfaultfd, kUserModeOnly)));
    add("mount",
        denied(::syscall(SYS_mount, nullptr, nullptr, reinterpret_cast<void*>(1), 0, nullptr)));
    add("unshare", denied(::syscall(SYS_unshare, 1)));
    add("setns", denied(::syscall(SYS_setns, -1, 0)));
    add("keyctl", denied(::syscall(SYS_keyctl, -1, 0, 0, 0, 0)));
}

/// A thread's clone without the flags that would go with it: outside, the kernel says EINVAL.
bool deniedThread()
{
    return denied(::syscall(SYS_clone, CLONE_THREAD, nullptr, nullptr, nullptr, 0));
}

} // namespace

std::vector<ProbeResult> probeForbidden(Sandbox sandbox)
{
    std::vector<ProbeResult> results;
    probeFiles(results);
    probeNetwork(results);
    probeProcesses(results);
    probeKernel(results);
    if (sandbox == Sandbox::Importer) {
        results.push_back({"mmap_exec", deniedExecutableMemory()});
        results.push_back({"thread", deniedThread()});
    }
    return results;
}

std::string toJson(const std::vector<ProbeResult>& results)
{
    std::string json = "{";
    for (const ProbeResult& result : results) {
        if (json.size() > 1)
            json += ',';
        json += '"';
        json += result.action;
        json += result.denied ? "\":\"denied\"" : "\":\"allowed\"";
    }
    return json + "}";
}

} // namespace process
