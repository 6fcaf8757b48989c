// SPDX-License-Identifier: Apache-2.0
#include "storage/secret.h"

#include "storage/secret_arena.h"
#include "tests/storage/support.h"

#include <algorithm>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using storage::Errc;
using storage::Secret;
using storage::SecretArena;

namespace {

bool isZero(std::span<const std::byte> bytes)
{
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Runs @p work in a forked child and gives its exit status; 255 when it was killed.
template <typename Work>
int inChild(Work work)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(work());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/// The lines of /proc/self/smaps about the mapping that holds @p address.
std::string mappingOf(const void* address)
{
    std::ifstream maps("/proc/self/smaps");
    std::string line;
    std::string found;
    bool inside = false;
    while (std::getline(maps, line)) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
            inside = reinterpret_cast<unsigned long>(address) >= begin &&
                     reinterpret_cast<unsigned long>(address) < end;
        if (inside)
            found += line + "\n";
    }
    return found;
}

} // namespace

class TestSecret : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void refusesMemoryThatCannotBeLocked()
    {
        // First of all tests: in this process the arena is not mapped yet.
        const int status = inChild([] {
            const rlimit none{0, 0};
            if (geteuid() == 0)
                return 3; // root may lock without a limit; this test must not run as root
            if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
                return 4;
            const auto secret = Secret::random();
            return !secret && secret.error().code == Errc::NoLockedMemory ? 0 : 1;
        });
        if (status == 3)
            QSKIP("runs as root, who may lock memory without a limit");
        QCOMPARE(status, 0);
        // The control: with the usual limit the same works.
        QCOMPARE(inChild([] { return Secret::random() ? 0 : 1; }), 0);
    }

    void arenaIsLockedAndGuarded()
    {
        const auto secret = valueOf(Secret::random());
        const std::string mapping = mappingOf(secret.bytes().data());
        const QRegularExpression locked(QStringLiteral("Locked: +64 kB"));
        QVERIFY(locked.match(QString::fromStdString(mapping)).hasMatch());
        const std::string flags = mapping.substr(mapping.find("VmFlags"));
        QVERIFY(flags.contains(" lo")); // locked
        QVERIFY(flags.contains(" dd")); // not dumped
        QVERIFY(flags.contains(" wf")); // wiped on fork
#if !defined(__SANITIZE_ADDRESS__)
        unsigned long begin = 0;
        unsigned long end = 0;
        QCOMPARE(std::sscanf(mapping.c_str(), "%lx-%lx ", &begin, &end), 2);
        // Walking off either end faults; the control reads the first and the last byte.
        const auto readAt = [](unsigned long address) {
            return inChild([&] {
                const rlimit noCore{0, 0};
                setrlimit(RLIMIT_CORE, &noCore);
                signal(SIGSEGV, SIG_DFL);
                const volatile std::byte* const at = reinterpret_cast<std::byte*>(address);
                return std::to_integer<int>(*at) >= 0 ? 0 : 1;
            });
        };
        QCOMPARE(readAt(begin), 0);
        QCOMPARE(readAt(end - 1), 0);
        QCOMPARE(readAt(begin - 1), 255);
        QCOMPARE(readAt(end), 255);
#endif
    }

    void childSeesZeros()
    {
        const auto secret = valueOf(Secret::random());
        QVERIFY(!isZero(secret.bytes()));
        QCOMPARE(inChild([&] { return isZero(secret.bytes()) ? 0 : 1; }), 0);
        QVERIFY(!isZero(secret.bytes()));
    }

    void wipesWhenDestroyed()
    {
        const std::byte* slot = nullptr;
        {
            const auto secret = valueOf(Secret::random());
            slot = secret.bytes().data();
            QVERIFY(!isZero({slot, Secret::kBytes}));
        }
        QVERIFY(isZero({slot, Secret::kBytes}));
    }

    void movesAndClones()
    {
        auto first = valueOf(Secret::random());
        const auto copy = valueOf(first.clone());
        QVERIFY(std::ranges::equal(first.bytes(), copy.bytes()));
        QVERIFY(first.bytes().data() != copy.bytes().data());
        const std::byte* const slot = first.bytes().data();
        const Secret moved = std::move(first);
        QCOMPARE(moved.bytes().data(), slot);
        QVERIFY(std::ranges::equal(moved.bytes(), copy.bytes()));
    }

    void fullArenaIsRefused()
    {
        std::vector<Secret> many;
        for (;;) {
            auto secret = Secret::random();
            if (!secret) {
                QCOMPARE(secret.error().code, Errc::NoLockedMemory);
                break;
            }
            many.push_back(std::move(*secret));
            QVERIFY(many.size() <= SecretArena::kSlots);
        }
        QCOMPARE(many.size(), SecretArena::kSlots);
        many.pop_back();
        QVERIFY(Secret::random().has_value());
    }
};

QTEST_GUILESS_MAIN(TestSecret)
#include "tst_secret.moc"
