// SPDX-License-Identifier: Apache-2.0
#include "storage/inbox.h"

#include "tests/storage/support.h"

#include <algorithm>
#include <fstream>

namespace fs = std::filesystem;
using storage::Errc;
using storage::Inbox;

namespace {

std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

struct Office {
    Office() { reopen(); }
    void reopen()
    {
        inbox.reset();
        inbox = valueOf(Inbox::open(folder()));
    }
    fs::path folder() const { return scratch.folder() / "inbox"; }
    std::string put(std::string_view text)
    {
        return valueOf(inbox->put(bytesOf(text), scratch.receipt(audit::Kind::Import)));
    }

    Scratch scratch;
    std::unique_ptr<Inbox> inbox;
};

} // namespace

class TestInbox : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsInOrderOverRestarts()
    {
        Office office;
        const auto first = office.put("one");
        office.reopen();
        const auto second = office.put("two");
        QVERIFY(first < second);
        office.reopen();
        QCOMPARE(valueOf(office.inbox->waiting()), (std::vector{first, second}));
        QVERIFY(std::ranges::equal(valueOf(office.inbox->read(second)), bytesOf("two")));
        valueOf(office.inbox->done(first));
        QCOMPARE(errorOf(office.inbox->done(first)), Errc::NotFound);
        QCOMPARE(errorOf(office.inbox->read(first)), Errc::NotFound);
        QCOMPARE(valueOf(office.inbox->waiting()), std::vector{second});
    }

    void ticketsAreNeverGivenTwice()
    {
        Office office;
        std::string last = office.put("x");
        for (int i = 0; i < 20; ++i) {
            valueOf(office.inbox->done(last));
            office.reopen(); // nothing waits: only the counter remembers
            const auto next = office.put("x");
            QVERIFY(next > last);
            last = next;
        }
        fs::remove(office.folder() / "next"); // even then no waiting document is overwritten
        office.reopen();
        QVERIFY(office.put("y") > last);
    }

    void refusalsAreKept()
    {
        Office office;
        const auto ticket = office.put("bad");
        QCOMPARE(errorOf(office.inbox->refuse(ticket, "Müller's file")), Errc::Invalid);
        valueOf(office.inbox->refuse(ticket, "birth_date_differs"));
        office.reopen();
        QVERIFY(valueOf(office.inbox->waiting()).empty());
        const auto refusals = valueOf(office.inbox->refusals());
        QCOMPARE(refusals.size(), 1U);
        QCOMPARE(refusals[0].ticket, ticket);
        QCOMPARE(refusals[0].reason, "birth_date_differs");
        QCOMPARE(refusals[0].when.size(), std::string("2026-11-23T03:46:28.123Z").size());
        QCOMPARE(errorOf(office.inbox->refuse(ticket, "again")), Errc::NotFound);
    }

    void strangeTicketsAreRefused()
    {
        Office office;
        for (const std::string_view ticket :
             {"", "1", "../../../x", "00000000000", "000000000x", "next"}) {
            QCOMPARE(errorOf(office.inbox->read(ticket)), Errc::Invalid);
            QCOMPARE(errorOf(office.inbox->done(ticket)), Errc::Invalid);
            QCOMPARE(errorOf(office.inbox->refuse(ticket, "code")), Errc::Invalid);
        }
        QCOMPARE(errorOf(office.inbox->put({}, office.scratch.receipt())), Errc::Invalid);
    }

    void interruptedWritesAreNotSeen()
    {
        Office office;
        const auto ticket = office.put("whole");
        std::ofstream(office.folder() / "0000000002.sealed.new") << "half";
        office.reopen();
        QCOMPARE(valueOf(office.inbox->waiting()), std::vector{ticket});
        QVERIFY(std::ranges::equal(valueOf(office.inbox->read(office.put("second"))),
                                   bytesOf("second")));
    }

    void unwritableFolderLosesNothing()
    {
        Office office;
        const auto ticket = office.put("whole");
        fs::permissions(office.folder(), fs::perms::owner_read | fs::perms::owner_exec);
        const auto refused = office.inbox->put(bytesOf("x"), office.scratch.receipt());
        fs::permissions(office.folder(), fs::perms::owner_all);
        if (geteuid() == 0)
            QSKIP("runs as root, whom permissions don't bind");
        QCOMPARE(errorOf(refused), Errc::Io);
        QCOMPARE(valueOf(office.inbox->waiting()), std::vector{ticket});
    }
};

QTEST_GUILESS_MAIN(TestInbox)
#include "tst_inbox.moc"
