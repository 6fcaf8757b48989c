// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/process/error.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace process {

/// What a child gets; everything else it does not get. Its environment is empty.
struct ChildOptions {
    std::filesystem::path program;
    std::vector<std::string> arguments; // without the program's name
    /// {descriptor here, its number in the child}. Numbers 0 and 1 that are not named are the null
    /// device, 2 is the pipe of Child::errorOutput(); all others are closed.
    std::vector<std::pair<int, int>> descriptors;
};

struct ExitStatus {
    int code = 0;   // of exit(), when signal is 0
    int signal = 0; // that ended it, or 0

    [[nodiscard]] bool success() const { return code == 0 && signal == 0; }
};

/// A running program of ours. It is killed when the object goes away, and when the *thread* that
/// started it ends: start it on a thread that outlives it.
/// Threads: one at a time, except kill(), which any thread may call as long as the object lives.
class Child {
public:
    /// Errors: NotStarted (no such program, no descriptors or memory left).
    static Result<Child> start(const ChildOptions& options);

    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    [[nodiscard]] int pid() const { return m_pid; }
    /// Read end of the pipe that is the child's stderr; owned by the object, never forwarded as it
    /// is: what a worker writes may hold what it was given.
    [[nodiscard]] int errorOutput() const { return m_errorOutput; }

    /// Signals this child and no other process: once it was waited for nothing happens, even where
    /// the system has given its number to somebody else.
    void kill(int signal) const;
    /// Waits until it has ended. The second call gives the same status.
    ExitStatus wait();
    /// Waits until @p deadline at most. Its status if it has ended by then.
    std::optional<ExitStatus> waitUntil(std::chrono::steady_clock::time_point deadline);
    /// Its status if it has ended.
    std::optional<ExitStatus> poll();

private:
    Child() = default;
    void end() noexcept;

    int m_pid = 0;
    int m_handle = -1; // pidfd: unlike the number, it never means another process
    int m_errorOutput = -1;
    std::optional<ExitStatus> m_status;
};

/// The program of this name beside the one that runs.
[[nodiscard]] std::filesystem::path besideThisProgram(const std::string& name);

} // namespace process
