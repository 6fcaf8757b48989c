// SPDX-License-Identifier: Apache-2.0
#include "storage/import/codec.h"
#include "storage/import/importer.h"
#include "storage/import/limits.h"
#include "storage/import/sha256.h"
#include "storage/process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace imports {

namespace {

using Clock = std::chrono::steady_clock;

/// One end of a pipe.
class Descriptor {
public:
    explicit Descriptor(int number = -1)
        : m_number(number)
    {
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    [[nodiscard]] int number() const { return m_number; }
    void set(int number) { m_number = number; }
    void close()
    {
        if (m_number >= 0)
            ::close(m_number);
        m_number = -1;
    }

private:
    int m_number;
};

struct Pipe {
    Descriptor readEnd;
    Descriptor writeEnd;

    bool open()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            return false;
        readEnd.set(ends[0]);
        writeEnd.set(ends[1]);
        return true;
    }
};

/// A child that dies early must not take the daemon with it: writing to it says EPIPE instead.
class NoPipeSignal {
public:
    NoPipeSignal()
    {
        sigemptyset(&m_signals);
        sigaddset(&m_signals, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &m_signals, &m_before);
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;
    ~NoPipeSignal()
    {
        const timespec none{};
        sigtimedwait(&m_signals, nullptr, &none); // the one that was held back, if any
        pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
    }

private:
    sigset_t m_signals{};
    sigset_t m_before{};
};

Error failure(Errc code, std::string detail)
{
    return {code, std::move(detail)};
}

/// Gives the child its document and takes its answer at the same time: either alone could fill a
/// pipe and wait for ever.
class Exchange {
public:
    Exchange(std::string_view document, Descriptor& toChild, Descriptor& fromChild, int errorOutput)
        : m_document(document)
        , m_toChild(toChild)
        , m_fromChild(fromChild)
        , m_errorOutput(errorOutput)
    {
        for (const int descriptor : {toChild.number(), fromChild.number(), errorOutput})
            ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    }

    Result<std::string> run(Clock::time_point deadline)
    {
        while (m_fromChild.number() >= 0) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0)
                return std::unexpected(failure(Errc::TimedOut, "the importer took too long"));
            std::array<pollfd, 3> waiting{pollfd{m_fromChild.number(), POLLIN, 0},
                                          pollfd{m_toChild.number(), POLLOUT, 0},
                                          pollfd{m_errorOutput, POLLIN, 0}};
            if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 &&
                errno != EINTR)
                return std::unexpected(failure(Errc::Importer, "the importer can't be waited for"));
            if (waiting[0].revents != 0 && !take())
                return std::unexpected(failure(Errc::BadEncoding, "the importer wrote too much"));
            if (waiting[1].revents != 0)
                give();
            if (waiting[2].revents != 0)
                ignoreErrors();
        }
        return std::move(m_answer);
    }

private:
    bool take()
    {
        const ssize_t count = ::read(m_fromChild.number(), m_buffer.data(), m_buffer.size());
        if (count > 0)
            m_answer.append(m_buffer.data(), static_cast<std::size_t>(count));
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            m_fromChild.close();
        return m_answer.size() <= kMaxNormalisedBytes;
    }

    void give()
    {
        const ssize_t count = ::write(m_toChild.number(), m_document.data(), m_document.size());
        if (count > 0)
            m_document.remove_prefix(static_cast<std::size_t>(count));
        const bool gone = count < 0 && errno != EAGAIN && errno != EINTR;
        if (m_document.empty() || gone)
            m_toChild.close();
    }

    /// Read, so that the child never waits, and dropped: it may hold what the child was given.
    void ignoreErrors()
    {
        const ssize_t count = ::read(m_errorOutput, m_buffer.data(), m_buffer.size());
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            m_errorOutput = -1;
    }

    std::string_view m_document;
    Descriptor& m_toChild;
    Descriptor& m_fromChild;
    int m_errorOutput;
    std::string m_answer;
    std::array<char, 65536> m_buffer{};
};

/// A subverted importer may say what it likes of this document, but of no other.
bool belongs(const records::Source& source, const std::string& hash, std::uint64_t size)
{
    return source.document == hash && source.end <= size;
}

bool allBelong(const records::Chart& chart, const std::string& hash, std::uint64_t size)
{
    const auto each = [&](const auto& facts) {
        return std::ranges::all_of(
            facts, [&](const auto& fact) { return belongs(fact.source, hash, size); });
    };
    return belongs(chart.patient.source, hash, size) && each(chart.allergies) &&
           each(chart.conditions) && each(chart.medications) && each(chart.observations) &&
           each(chart.encounters) && each(chart.others) && each(chart.documents);
}

} // namespace

Result<ImportedDocument> importConfined(const std::filesystem::path& program,
                                        std::span<const std::byte> document,
                                        std::chrono::milliseconds limit)
{
    const std::string_view bytes(reinterpret_cast<const char*>(document.data()), document.size());
    if (bytes.size() > kMaxDocumentBytes)
        return std::unexpected(failure(Errc::TooLarge, "more than the importer reads"));
    const auto deadline = Clock::now() + limit;
    const NoPipeSignal noPipeSignal;
    Pipe input;
    Pipe output;
    if (!input.open() || !output.open())
        return std::unexpected(failure(Errc::Importer, "no descriptors left"));

    process::ChildOptions options;
    options.program = program;
    options.descriptors = {{input.readEnd.number(), 0}, {output.writeEnd.number(), 1}};
    auto child = process::Child::start(options);
    if (!child)
        return std::unexpected(failure(Errc::Importer, "the importer could not be started"));
    input.readEnd.close();
    output.writeEnd.close();

    auto answer =
        Exchange(bytes, input.writeEnd, output.readEnd, child->errorOutput()).run(deadline);
    if (!answer) {
        child->kill(SIGKILL);
        child->wait();
        return std::unexpected(answer.error());
    }
    // An answer that has its end says nothing of the child's: it has the rest of the time for that.
    const auto ended = child->waitUntil(deadline);
    if (!ended) {
        child->kill(SIGKILL);
        child->wait();
        return std::unexpected(failure(Errc::TimedOut, "the importer took too long"));
    }
    const process::ExitStatus status = *ended;
    // 0: read; 1: refused, and the answer says why. Anything else: no answer to rely on.
    if (status.signal != 0 || status.code > 1)
        return std::unexpected(failure(Errc::Importer, status.signal != 0
                                                           ? "the importer died of signal " +
                                                                 std::to_string(status.signal)
                                                           : "the importer could not be confined"));
    auto imported = decodeDocument(*answer);
    if (imported && !allBelong(imported->chart, sha256Hex(bytes), bytes.size()))
        return std::unexpected(failure(Errc::BadEncoding, "a fact points outside of the document"));
    return imported;
}

} // namespace imports
