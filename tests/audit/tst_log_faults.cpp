// SPDX-License-Identifier: Apache-2.0
// The log on disks that fail: whatever happens, an entry whose receipt was given is still there,
// and no receipt is given for one that is not.
#include "audit/segments.h"
#include "tests/audit/faulty_files.h"
#include "tests/audit/support.h"

#include <QTest>

#include <csignal>

#include <sys/resource.h>

using audit::Errc;
using audit::Kind;
using audit::Log;
using Fault = FaultyFiles::Fault;

namespace {

/// What a caller was told.
struct Told {
    std::map<std::uint64_t, std::string> receipts; // index -> marker of the event
    int refused = 0;
    bool opened = false;
    bool tookAfterRefusing = false;
};

audit::Event marked(const std::string& marker)
{
    audit::Event event = accessEvent(Kind::QuestionIntent);
    event.plain["marker"] = marker;
    return event;
}

void tell(Told& told, const audit::Result<audit::Receipt>& receipt, const std::string& marker)
{
    if (!receipt) {
        ++told.refused;
        return;
    }
    told.tookAfterRefusing = told.tookAfterRefusing || told.refused > 0;
    told.receipts[receipt->index()] = marker;
}

/// Opens the log, records over two segments, signs, exports.
std::unique_ptr<Log> use(const Fixture& at, Told& told)
{
    auto opened = Log::open(at.options());
    told.opened = opened.has_value();
    if (!opened)
        return nullptr;
    auto log = std::move(*opened);
    for (int i = 0; i < 5; ++i) {
        const std::string marker =
            "m" + std::to_string(told.receipts.size()) + "-" + std::to_string(i);
        tell(told, log->append(marked(marker)), marker);
        if (i == 2)
            (void)log->checkpoint();
    }
    const auto receipt = log->append(plainEvent(Kind::AuditExport));
    if (receipt)
        (void)log->exportTo(at.root() / "export", *receipt, mask);
    return log;
}

/// Empty when every receipt's entry is in the log with what was said; else what is missing.
std::string missing(const Fixture& at, const Told& told)
{
    const auto log = Log::open(at.options());
    if (!log)
        return "cannot be opened: " + log.error().detail;
    std::map<std::uint64_t, std::string> found;
    const auto end = audit::readSegments(
        audit::systemFiles(), at.folder(),
        [&found](const audit::Entry& entry, const audit::Frame&) -> audit::Result<void> {
            const auto marker = entry.plain.find("marker");
            found[entry.index] = marker == entry.plain.end() ? "" : marker->second;
            return {};
        });
    if (!end)
        return "cannot be read: " + end.error().detail;
    for (const auto& [index, marker] : told.receipts) {
        if (found[index] != marker)
            return "entry " + std::to_string(index) + " is lost";
    }
    return {};
}

} // namespace

class TestLogFaults : public QObject {
    Q_OBJECT

private:
    /// Runs the whole use with a fault at every call in turn. @return how many of them there were.
    static std::size_t
    everyCall(Fault fault, std::errc code,
              const std::function<void(Fixture&, FaultyFiles&, std::size_t)>& run)
    {
        FaultyFiles counting;
        {
            Fixture at;
            at.segmentBytes = 1000;
            at.files = &counting;
            Told told;
            auto log = use(at, told);
            log.reset();
        }
        for (std::size_t n = 1; n <= counting.calls; ++n) {
            FaultyFiles files;
            files.failAt = n;
            files.fault = fault;
            files.code = code;
            Fixture at;
            at.segmentBytes = 1000;
            at.files = &files;
            run(at, files, n);
        }
        return counting.calls;
    }

private Q_SLOTS:
    void survivesOneFailedCall_data()
    {
        QTest::addColumn<int>("fault");
        QTest::addColumn<int>("code");
        QTest::newRow("EIO") << int(Fault::Error) << int(std::errc::io_error);
        QTest::newRow("ENOSPC") << int(Fault::Error) << int(std::errc::no_space_on_device);
        QTest::newRow("half a write, then ENOSPC")
            << int(Fault::TornWrite) << int(std::errc::no_space_on_device);
    }

    void survivesOneFailedCall()
    {
        QFETCH(int, fault);
        QFETCH(int, code);
        int refusals = 0;
        const auto calls = everyCall(
            Fault(fault), std::errc(code),
            [&refusals](Fixture& at, FaultyFiles& files, std::size_t n) {
                Told told;
                auto log = use(at, told);
                if (!files.hit) { // a torn write is only tried where there is a write
                    QCOMPARE(files.fault, Fault::TornWrite);
                    QCOMPARE(told.refused, 0);
                    return;
                }
                QVERIFY2(!told.tookAfterRefusing, qPrintable(QString::number(n)));
                refusals += told.refused + (told.opened ? 0 : 1);
                if (log) {
                    if (told.refused > 0)
                        QVERIFY(log->isRefusing());
                    QVERIFY2(log->reopen().has_value(), qPrintable(QString::number(n)));
                    const auto again = log->append(marked("again"));
                    QVERIFY(again.has_value());
                    told.receipts[again->index()] = "again";
                    QVERIFY(log->checkpoint().has_value());
                }
                log.reset();
                const auto lost = missing(at, told);
                QVERIFY2(lost.empty(),
                         qPrintable(QString::fromStdString(std::to_string(n) + ": " + lost)));
            });
        QVERIFY(calls > 60);
        QVERIFY(refusals > 20); // the faults were felt
    }

    void survivesTheEndOfTheMachineAtEveryCall()
    {
        everyCall(Fault::Dead, std::errc::io_error,
                  [](Fixture& at, FaultyFiles& files, std::size_t n) {
                      Told told;
                      auto log = use(at, told);
                      QVERIFY(files.hit);
                      log.reset();
                      at.files = nullptr;
                      const auto lost = missing(at, told);
                      QVERIFY2(lost.empty(),
                               qPrintable(QString::fromStdString(std::to_string(n) + ": " + lost)));
                  });
    }

    void continuesShortWrites()
    {
        everyCall(Fault::ShortWrite, std::errc::io_error,
                  [](Fixture& at, FaultyFiles&, std::size_t) {
                      Told told;
                      auto log = use(at, told);
                      QVERIFY(log);
                      QCOMPARE(told.refused, 0);
                      log.reset();
                      QCOMPARE(missing(at, told), std::string());
                  });
    }

    void findsWhatIsLost() // the control of missing()
    {
        Fixture at;
        Told told;
        use(at, told).reset();
        QCOMPARE(missing(at, told), std::string());
        told.receipts[99] = "never";
        QCOMPARE(missing(at, told), std::string("entry 99 is lost"));
    }

    void givesReceiptsOnlyForWhatSurvivesAPowerCut()
    {
        int lost = 0;
        for (const bool lies : {false, true}) {
            VolatileFiles disk;
            disk.lies = lies;
            Fixture at;
            at.segmentBytes = 1000;
            at.files = &disk;
            const auto log = at.open();
            Told told;
            for (int i = 0; i < 12; ++i) {
                tell(told, log->append(marked(std::to_string(i))), std::to_string(i));
                if (i % 4 == 3)
                    QVERIFY(log->checkpoint().has_value());
                Fixture after;
                std::filesystem::remove_all(after.folder());
                disk.powerCut(at.root(), after.root());
                const auto problem = missing(after, told);
                if (!lies)
                    QVERIFY2(problem.empty(), qPrintable(QString::fromStdString(problem)));
                lost += problem.empty() ? 0 : 1;
            }
        }
        QCOMPARE(lost, 12); // the drive that lies loses them, and the test sees it
    }

    void signsOnlyForWhatSurvivesAPowerCut_data()
    {
        QTest::addColumn<int>("before"); // entries; the next begins a segment or follows others
        QTest::newRow("in a segment") << 1;
        QTest::newRow("in the first segment") << 0;
        QTest::newRow("in a new segment") << 4;
    }

    void signsOnlyForWhatSurvivesAPowerCut()
    {
        QFETCH(int, before);
        VolatileFiles disk;
        Fixture at;
        at.segmentBytes = 1000;
        at.files = &disk;
        const auto log = at.open();
        Told told;
        for (int i = 0; i < before; ++i)
            tell(told, log->append(marked(std::to_string(i))), std::to_string(i));
        // The entry reaches the system's memory, and stays there.
        disk.failing = true;
        // Without a sealed field, whose own sync would fail before the entry is written.
        QCOMPARE(log->append(plainEvent(Kind::Lock)).error().code, Errc::Io);
        disk.failing = false;
        QVERIFY(log->reopen().has_value());
        QCOMPARE(log->size(), static_cast<std::uint64_t>(before) + (before == 1 ? 1U : 0U));
        QVERIFY(log->checkpoint().has_value());

        Fixture after;
        std::filesystem::remove_all(after.folder());
        disk.powerCut(at.root(), after.root());
        QCOMPARE(missing(after, told), std::string());
    }

    void refusesWhenTheFileMayNotGrow()
    {
        Fixture at;
        const auto log = at.open();
        QVERIFY(log->append(marked("before")).has_value());
        const auto segment = at.names(".entries").front();
        const auto size = std::filesystem::file_size(segment);

        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{size + 100, before.rlim_max}; // room for half an entry
        ::setrlimit(RLIMIT_FSIZE, &small);
        const auto refused = log->append(marked("refused"));
        const auto sizeAfter = log->size();
        const auto still = log->append(marked("still"));
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);

        QCOMPARE(refused.error().code, Errc::Io);
        QCOMPARE(still.error().code, Errc::Io);
        QCOMPARE(sizeAfter, 1U);
        QCOMPARE(std::filesystem::file_size(segment), size); // the half was taken back
        QCOMPARE(log->append(marked("not yet")).error().code, Errc::Io);
        QVERIFY(log->reopen().has_value());
        QCOMPARE(log->append(marked("after"))->index(), 1U);
    }

    void refusesAReadOnlyFolder()
    {
        Fixture at;
        at.record(1);
        std::filesystem::permissions(at.folder(), std::filesystem::perms(0500));
        for (const auto& item : std::filesystem::directory_iterator(at.folder()))
            std::filesystem::permissions(item.path(), std::filesystem::perms(0400));
        if (::geteuid() == 0)
            QSKIP("root may write everywhere");
        QCOMPARE(Log::open(at.options()).error().code, Errc::Io);
        std::filesystem::permissions(at.folder(), std::filesystem::perms(0700));
        for (const auto& item : std::filesystem::directory_iterator(at.folder()))
            std::filesystem::permissions(item.path(), std::filesystem::perms(0600));
        QVERIFY(Log::open(at.options()).has_value());
    }
};

QTEST_GUILESS_MAIN(TestLogFaults)
#include "tst_log_faults.moc"
