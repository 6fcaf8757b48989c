// SPDX-License-Identifier: Apache-2.0
#include "storage/process/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace process {
namespace {

std::unexpected<Error> notStarted(const std::string& what, int reason)
{
    return std::unexpected(Error{Errc::NotStarted, what + ": " + std::strerror(reason)});
}

/// All that the child needs between fork and exec, made before the fork: in there, with other
/// threads gone in the middle of what they did, nothing may allocate.
struct Plan {
    const char* program;
    std::vector<char*> arguments;
    std::vector<std::pair<int, int>> descriptors; // sources lie above all targets
    int report;                                   // takes errno when exec fails; closed by exec
    pid_t parent;
};

/// Runs in the child. Async-signal-safe calls only.
[[noreturn]] void become(const Plan& plan)
{
    const auto fail = [&plan] {
        const int reason = errno;
        [[maybe_unused]] const auto written = ::write(plan.report, &reason, sizeof reason);
        ::_exit(127);
    };
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        fail();
    if (::getppid() != plan.parent)
        ::_exit(127); // the parent died before the line above

    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);

    if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        fail();
    for (const auto& [source, target] : plan.descriptors)
        if (::dup2(source, target) < 0)
            fail();

    char* const environment[] = {nullptr};
    ::execve(plan.program, plan.arguments.data(), environment);
    fail();
    ::_exit(127);
}

/// Closes its descriptors when it goes.
struct Descriptors {
    std::vector<int> open;
    ~Descriptors()
    {
        for (const int fd : open)
            ::close(fd);
    }
    int keep(int fd)
    {
        if (fd >= 0)
            open.push_back(fd);
        return fd;
    }
};

/// Copies every source above the highest target, so that no dup2 in the child overwrites one.
bool liftAbove(int floor, Plan& plan, Descriptors& kept)
{
    for (auto& [source, target] : plan.descriptors) {
        source = kept.keep(::fcntl(source, F_DUPFD_CLOEXEC, floor));
        if (source < 0)
            return false;
    }
    plan.report = kept.keep(::fcntl(plan.report, F_DUPFD_CLOEXEC, floor));
    return plan.report >= 0;
}

ExitStatus statusOf(int raw)
{
    return WIFSIGNALED(raw) ? ExitStatus{.code = 0, .signal = WTERMSIG(raw)}
                            : ExitStatus{.code = WEXITSTATUS(raw), .signal = 0};
}

/// What kept the child from becoming its program; 0 once it has, which closes the other end.
int reported(int descriptor)
{
    int reason = 0;
    ssize_t got = 0;
    do
        got = ::read(descriptor, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == sizeof reason ? reason : 0;
}

} // namespace

Result<Child> Child::start(const ChildOptions& options)
{
    const std::string program = options.program.string();
    const std::string what = "cannot start " + options.program.filename().string();
    Descriptors kept;
    std::array<int, 2> errors = {};
    std::array<int, 2> report = {};
    const int null = kept.keep(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null < 0 || ::pipe2(errors.data(), O_CLOEXEC) != 0)
        return notStarted(what, errno);
    Child child;
    child.m_errorOutput = errors[0];
    kept.keep(errors[1]);
    if (::pipe2(report.data(), O_CLOEXEC) != 0)
        return notStarted(what, errno);
    kept.keep(report[0]);

    Plan plan{.program = program.c_str(),
              .arguments = {const_cast<char*>(program.c_str())},
              .descriptors = {{null, 0}, {null, 1}, {errors[1], 2}},
              .report = report[1],
              .parent = ::getpid()};
    for (const std::string& argument : options.arguments)
        plan.arguments.push_back(const_cast<char*>(argument.c_str()));
    plan.arguments.push_back(nullptr);
    int floor = 3;
    for (const auto& pair : options.descriptors) {
        plan.descriptors.push_back(pair);
        floor = std::max(floor, pair.second + 1);
    }
    const bool lifted = liftAbove(floor, plan, kept);
    const int liftError = errno;
    ::close(report[1]);
    if (!lifted)
        return notStarted(what, liftError);

    const pid_t pid = ::fork();
    if (pid == 0)
        become(plan);
    if (pid < 0)
        return notStarted(what, errno);
    child.m_pid = pid;
    // Before anybody can have waited for it: the number is still its own.
    child.m_handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    const int handleError = errno;
    ::close(plan.report); // the child's copy is the last writer now
    std::erase(kept.open, plan.report);
    if (child.m_handle < 0) {
        ::kill(pid, SIGKILL);
        return notStarted(what, handleError); // ~Child reaps it
    }

    if (const int reason = reported(report[0]); reason != 0)
        return notStarted(what, reason); // ~Child reaps it
    return child;
}

Child::Child(Child&& other) noexcept
    : m_pid(std::exchange(other.m_pid, 0))
    , m_handle(std::exchange(other.m_handle, -1))
    , m_errorOutput(std::exchange(other.m_errorOutput, -1))
    , m_status(other.m_status)
{
}

Child& Child::operator=(Child&& other) noexcept
{
    if (this != &other) {
        end();
        m_pid = std::exchange(other.m_pid, 0);
        m_handle = std::exchange(other.m_handle, -1);
        m_errorOutput = std::exchange(other.m_errorOutput, -1);
        m_status = other.m_status;
    }
    return *this;
}

Child::~Child()
{
    end();
}

void Child::end() noexcept
{
    if (m_pid > 0 && !m_status) {
        kill(SIGKILL);
        wait();
    }
    for (const int descriptor : {m_handle, m_errorOutput})
        if (descriptor >= 0)
            ::close(descriptor);
    m_pid = 0;
    m_handle = -1;
    m_errorOutput = -1;
    m_status.reset();
}

void Child::kill(int signal) const
{
    if (m_handle >= 0)
        ::syscall(SYS_pidfd_send_signal, m_handle, signal, nullptr, 0);
}

ExitStatus Child::wait()
{
    int raw = 0;
    while (!m_status) {
        const pid_t ended = ::waitpid(m_pid, &raw, 0);
        if (ended == m_pid)
            m_status = statusOf(raw);
        else if (errno != EINTR)
            m_status = ExitStatus{.code = 127, .signal = 0}; // reaped by somebody else
    }
    return *m_status;
}

std::optional<ExitStatus> Child::waitUntil(std::chrono::steady_clock::time_point deadline)
{
    while (!poll()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return std::nullopt;
        constexpr std::chrono::milliseconds kLongest{1000}; // what poll() takes is an int
        pollfd ended{m_handle, POLLIN, 0};
        ::poll(&ended, 1, static_cast<int>(std::min(left, kLongest).count()));
    }
    return m_status;
}

std::optional<ExitStatus> Child::poll()
{
    int raw = 0;
    if (!m_status && m_pid > 0 && ::waitpid(m_pid, &raw, WNOHANG) == m_pid)
        m_status = statusOf(raw);
    return m_status;
}

std::filesystem::path besideThisProgram(const std::string& name)
{
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name;
}

} // namespace process
