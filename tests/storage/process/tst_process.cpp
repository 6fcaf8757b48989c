// SPDX-License-Identifier: Apache-2.0
#include "storage/process/child.h"

#include <QTest>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <memory>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

std::string readAll(int fd)
{
    std::string text;
    char buffer[4096];
    for (ssize_t got = ::read(fd, buffer, sizeof buffer); got > 0;
         got = ::read(fd, buffer, sizeof buffer))
        text.append(buffer, static_cast<size_t>(got));
    return text;
}

/// A pipe whose both ends close with it.
struct Pipe {
    std::array<int, 2> ends = {-1, -1};
    Pipe() { [[maybe_unused]] const int done = ::pipe2(ends.data(), O_CLOEXEC); }
    ~Pipe()
    {
        ::close(ends[0]);
        closeWriter();
    }
    void closeWriter()
    {
        if (ends[1] >= 0)
            ::close(ends[1]);
        ends[1] = -1;
    }
};

process::ChildOptions probe(std::vector<std::string> arguments)
{
    return {.program = PROBE, .arguments = std::move(arguments), .descriptors = {}};
}

/// What the program prints when it ends well.
std::string outputOf(std::vector<std::string> arguments)
{
    Pipe output;
    auto options = probe(std::move(arguments));
    options.descriptors = {{output.ends[1], 1}};
    auto child = process::Child::start(options);
    if (!child)
        return "not started: " + child.error().detail;
    output.closeWriter();
    const std::string text = readAll(output.ends[0]);
    const auto status = child->wait();
    return status.success() ? text : "failed: " + readAll(child->errorOutput());
}

/// A sleeping process with this number, or -1 where the system lets nobody choose one.
pid_t takeNumber(pid_t wanted)
{
    clone_args arguments = {};
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
    arguments.set_tid_size = 1;
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid == 0)
        while (true)
            ::pause();
    return pid;
}

} // namespace

class TestProcess : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hasAnEmptyEnvironmentAndOnlyItsDescriptors()
    {
        const int left = ::open("/dev/null", O_RDONLY); // not CLOEXEC on purpose
        QCOMPARE(outputOf({"descriptors"}), std::string("environment 0 open 0 1 2\n"));
        ::close(left);
    }

    void putsDescriptorsWhereAsked()
    {
        Pipe in;
        Pipe out;
        QCOMPARE(::write(in.ends[1], "hello", 5), ssize_t{5});
        auto options = probe({"copy", "4", "3"});
        // Crossed numbers: a careless dup2 would overwrite one source before it is copied.
        options.descriptors = {{out.ends[1], 3}, {in.ends[0], 4}};
        auto child = process::Child::start(options);
        QVERIFY(child);
        out.closeWriter();
        QCOMPARE(readAll(out.ends[0]), std::string("hello"));
        QVERIFY(child->wait().success());
    }

    void reportsExitAndErrorOutput()
    {
        auto child = process::Child::start(probe({"complain"}));
        QVERIFY(child);
        QCOMPARE(readAll(child->errorOutput()), std::string("something is wrong\n"));
        QCOMPARE(child->wait().code, 7);
        QCOMPARE(child->wait().code, 7);
    }

    void namesTheSignalThatKilledIt()
    {
        auto child = process::Child::start(probe({"sleep"}));
        QVERIFY(child);
        QVERIFY(!child->poll());
        // Not SIGSEGV: AddressSanitizer would catch it and exit.
        child->kill(SIGTERM);
        QCOMPARE(child->wait().signal, SIGTERM);
        QCOMPARE(child->poll()->signal, SIGTERM);
    }

    void waitsNoLongerThanAsked()
    {
        using namespace std::chrono_literals;
        auto child = process::Child::start(probe({"sleep"}));
        QVERIFY(child);
        const auto deadline = std::chrono::steady_clock::now() + 50ms;
        QVERIFY(!child->waitUntil(deadline));
        QVERIFY(std::chrono::steady_clock::now() >= deadline);
        QVERIFY(!child->waitUntil({})); // long past
        child->kill(SIGTERM);
        const auto ended = child->waitUntil(std::chrono::steady_clock::now() + 30s);
        QVERIFY(ended);
        QCOMPARE(ended->signal, SIGTERM);
        QCOMPARE(child->waitUntil({})->signal, SIGTERM); // known for good
    }

    void neverSignalsTheNextOwnerOfItsNumber()
    {
        auto child = process::Child::start(probe({"sleep"}));
        QVERIFY(child);
        child->kill(SIGTERM);
        child->wait();
        const pid_t other = takeNumber(child->pid());
        if (other < 0)
            QSKIP("only root may choose the number of a process");
        child->kill(SIGKILL);
        QTest::qWait(100);
        QCOMPARE(::waitpid(other, nullptr, WNOHANG), 0); // it lives
        ::kill(other, SIGKILL);                          // the control
        int status = 0;
        QCOMPARE(::waitpid(other, &status, 0), other);
        QCOMPARE(WTERMSIG(status), SIGKILL);
    }

    void isKilledWithItsObject()
    {
        int pid = 0;
        {
            auto child = process::Child::start(probe({"sleep"}));
            QVERIFY(child);
            pid = child->pid();
            QCOMPARE(::kill(pid, 0), 0);
        }
        QCOMPARE(::kill(pid, 0), -1);
    }

    void isKilledWithTheThreadThatStartedIt()
    {
        std::unique_ptr<process::Child> child;
        std::thread([&child] {
            if (auto started = process::Child::start(probe({"sleep"})))
                child = std::make_unique<process::Child>(std::move(*started));
        }).join();
        QVERIFY(child);
        QCOMPARE(child->wait().signal, SIGKILL);
    }

    void refusesAProgramThatIsNotThere()
    {
        auto options = probe({});
        options.program = "/nowhere/cloister-none";
        const auto child = process::Child::start(options);
        QVERIFY(!child);
        QVERIFY(child.error().code == process::Errc::NotStarted);
        QVERIFY(child.error().detail.starts_with("cannot start cloister-none: "));
    }

    void hardens()
    {
        const std::string bare = outputOf({"bare"});
        QVERIFY2(bare.starts_with("core ") && bare.find("dumpable 1") != std::string::npos,
                 bare.c_str()); // the control: none of it comes by itself
        QCOMPARE(outputOf({"hardened"}), std::string("core 0 dumpable 0 nnp 1 umask 77\n"));
    }

    void deniesExecutableMemory()
    {
        auto control = process::Child::start(probe({"code"}));
        QCOMPARE(control->wait().code, 4);
        auto child = process::Child::start(probe({"no-code"}));
        const int code = child->wait().code;
        if (code == 5)
            QSKIP("this kernel has no PR_SET_MDWE (it needs 6.6)");
        QCOMPARE(code, 3);
    }

    void sandboxesDenyAllOfTheProbe()
    {
        const std::string outside = outputOf({"outside"});
        QVERIFY2(outside.starts_with("{\"open\":\"allowed\""), outside.c_str());
        QVERIFY2(outside.find("denied") == std::string::npos, outside.c_str());
        for (const char* sandbox : {"engine", "importer"}) {
            const std::string inside = outputOf({sandbox});
            QVERIFY2(inside.starts_with("{\"open\":\"denied\""), inside.c_str());
            QVERIFY2(inside.find("allowed") == std::string::npos, inside.c_str());
            QVERIFY(QByteArray::fromStdString(inside).count("denied") >= 20);
        }
    }

    void sandboxThatCannotBeEnteredIsAnError()
    {
        auto child = process::Child::start(probe({"without-filters", PROBE, "engine"}));
        QVERIFY(child);
        QVERIFY(readAll(child->errorOutput()).starts_with("the system call filter was refused"));
        QCOMPARE(child->wait().code, 1);
    }

    void engineSandboxLetsTheEngineWork()
    {
        QCOMPARE(outputOf({"engine-work"}), std::string("thread 42 code 1\n"));
    }

    void clientSandboxLeavesLocalSocketsOnly()
    {
        QCOMPARE(outputOf({"client"}), std::string("inet 0 netlink 0 unix 1\n"));
    }
};

QTEST_GUILESS_MAIN(TestProcess)
#include "tst_process.moc"
