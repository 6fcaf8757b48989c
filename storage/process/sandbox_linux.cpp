// SPDX-License-Identifier: Apache-2.0
#include "storage/process/sandbox.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <span>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
// For programs that enter a sandbox: the leak check at exit starts a tracer, which is denied.
extern "C" const char* __asan_default_options()
{
    return "detect_leaks=0";
}
#endif

namespace process {
namespace {

std::unexpected<Error> failed(const char* what, int reason)
{
    return std::unexpected(
        Error{Errc::NotSandboxed, std::string(what) + ": " + std::strerror(reason)});
}

/// Collects rules; the first failure sticks, so that callers check once.
class Filter {
public:
    explicit Filter(std::uint32_t otherwise)
        : m_context(::seccomp_init(otherwise), &::seccomp_release)
    {
        note(m_context ? 0 : -ENOMEM);
    }

    void allow(std::span<const int> calls)
    {
        for (const int call : calls)
            note(::seccomp_rule_add(m_context.get(), SCMP_ACT_ALLOW, call, 0));
    }
    template <typename... Comparison>
    void allowIf(int call, Comparison... comparison)
    {
        note(::seccomp_rule_add(m_context.get(), SCMP_ACT_ALLOW, call, sizeof...(comparison),
                                comparison...));
    }
    template <typename... Comparison>
    void deny(int error, int call, Comparison... comparison)
    {
        note(::seccomp_rule_add(m_context.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call,
                                sizeof...(comparison), comparison...));
    }

    Result<void> load()
    {
        if (m_error == 0)
            note(::seccomp_attr_set(m_context.get(), SCMP_FLTATR_CTL_TSYNC, 1));
        if (m_error == 0)
            note(::seccomp_load(m_context.get()));
        if (m_error != 0)
            return failed("the system call filter was refused", m_error);
        return {};
    }

private:
    void note(int result)
    {
        if (result < 0 && m_error == 0)
            m_error = -result;
    }

    std::unique_ptr<void, decltype(&::seccomp_release)> m_context;
    int m_error = 0;
};

Result<void> limit(__rlimit_resource resource, rlim_t value, const char* what)
{
    const rlimit both = {.rlim_cur = value, .rlim_max = value};
    if (::setrlimit(resource, &both) != 0)
        return failed(what, errno);
    return {};
}

/// What both workers need: inherited descriptors, memory, clocks, signals of their own, the end.
void allowBasics(Filter& filter)
{
    constexpr std::array kCalls = {SCMP_SYS(read),           SCMP_SYS(write),
                                   SCMP_SYS(readv),          SCMP_SYS(writev),
                                   SCMP_SYS(pread64),        SCMP_SYS(lseek),
                                   SCMP_SYS(poll),           SCMP_SYS(ppoll),
                                   SCMP_SYS(fstat),          SCMP_SYS(close),
                                   SCMP_SYS(munmap),         SCMP_SYS(mremap),
                                   SCMP_SYS(madvise),        SCMP_SYS(brk),
                                   SCMP_SYS(futex),          SCMP_SYS(clock_gettime),
                                   SCMP_SYS(clock_getres),   SCMP_SYS(clock_nanosleep),
                                   SCMP_SYS(nanosleep),      SCMP_SYS(gettimeofday),
                                   SCMP_SYS(time),           SCMP_SYS(getrandom),
                                   SCMP_SYS(getpid),         SCMP_SYS(gettid),
                                   SCMP_SYS(getcpu),         SCMP_SYS(sysinfo),
                                   SCMP_SYS(getrusage),      SCMP_SYS(rt_sigaction),
                                   SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
                                   SCMP_SYS(sigaltstack),    SCMP_SYS(restart_syscall),
                                   SCMP_SYS(rseq),           SCMP_SYS(exit),
                                   SCMP_SYS(exit_group)};
    filter.allow(kCalls);
    // abort() raises a signal, in this process only.
    filter.allowIf(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
    // Limits may be read, not set, and only one's own.
    filter.allowIf(SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    filter.deny(ENOSYS, SCMP_SYS(clone3));
#if defined(__SANITIZE_ADDRESS__)
    // UBSan asks the kernel through a pipe whether memory can be read.
    constexpr std::array kSanitizer = {SCMP_SYS(pipe), SCMP_SYS(pipe2)};
    filter.allow(kSanitizer);
#endif
}

void allowEngine(Filter& filter)
{
    constexpr std::array kCalls = {
        SCMP_SYS(mmap),        SCMP_SYS(mprotect),          SCMP_SYS(set_robust_list),
        SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity),
        SCMP_SYS(membarrier)};
    filter.allow(kCalls);
    constexpr scmp_datum_t kThread =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    filter.allowIf(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread));
    filter.allowIf(SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    // To the peer of an inherited socket, never to an address.
    filter.allowIf(SCMP_SYS(sendto), SCMP_A4(SCMP_CMP_EQ, 0));
    // asm/prctl.h: oneDNN asks for the tile registers of AMX where the processor has them.
    constexpr scmp_datum_t kGetXcompSupported = 0x1021;
    constexpr scmp_datum_t kRequestXcompPermission = 0x1023;
    for (scmp_datum_t request = kGetXcompSupported; request <= kRequestXcompPermission; ++request)
        filter.allowIf(SCMP_SYS(arch_prctl), SCMP_A0(SCMP_CMP_EQ, request));
}

} // namespace

Result<void> enterEngineSandbox()
{
    Filter filter(SCMP_ACT_ERRNO(EPERM));
    allowBasics(filter);
    allowEngine(filter);
    return filter.load();
}

Result<void> enterImporterSandbox(const ImporterLimits& limits)
{
    if (const auto done = limit(RLIMIT_CPU, static_cast<rlim_t>(limits.processorTime.count()),
                                "processor time can't be limited");
        !done)
        return done;
#if !defined(__SANITIZE_ADDRESS__)
    if (const auto done = limit(RLIMIT_AS, limits.addressSpaceBytes, "memory can't be limited");
        !done)
        return done;
#endif
    Filter filter(SCMP_ACT_ERRNO(EPERM));
    allowBasics(filter);
    filter.allowIf(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.allowIf(SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return filter.load();
}

Result<void> enterClientSandbox()
{
    Filter filter(SCMP_ACT_ALLOW);
    filter.deny(EPERM, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_UNIX));
    filter.deny(EPERM, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_LT, AF_UNIX));
    constexpr std::array kDenied = {SCMP_SYS(io_uring_setup),
                                    SCMP_SYS(io_uring_enter),
                                    SCMP_SYS(io_uring_register),
                                    SCMP_SYS(ptrace),
                                    SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev),
                                    SCMP_SYS(bpf),
                                    SCMP_SYS(perf_event_open),
                                    SCMP_SYS(userfaultfd),
                                    SCMP_SYS(kexec_load),
                                    SCMP_SYS(init_module),
                                    SCMP_SYS(mount),
                                    SCMP_SYS(setns),
                                    SCMP_SYS(unshare),
                                    SCMP_SYS(keyctl),
                                    SCMP_SYS(add_key),
                                    SCMP_SYS(request_key)};
    for (const int call : kDenied)
        filter.deny(EPERM, call);
    return filter.load();
}

} // namespace process
