// SPDX-License-Identifier: Apache-2.0
// Users of the key store: their names, codes, passphrases and admission.
#include "storage/key_files.h"
#include "storage/key_store.h"

#include "tests/storage/hospital.h"

#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using storage::Errc;
using storage::KeyStore;
using storage::Role;

namespace {

constexpr std::uint32_t kDearKiB = 40 * 1024;

std::vector<std::byte> contentOf(const fs::path& path)
{
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string all = content.str();
    const auto bytes = std::as_bytes(std::span(all));
    return {bytes.begin(), bytes.end()};
}

/// The most memory that this process has held since the mark was taken back.
std::int64_t peakKiB()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:"))
            return std::stoll(line.substr(6));
    }
    qFatal("the kernel does not tell the peak of memory");
}

/// What a call takes: time of the processor, so that what else the machine does doesn't count, and
/// memory beyond what was held before.
struct Cost {
    double seconds = 1e9;
    std::int64_t peakKiB = std::int64_t{1} << 40;

    void lower(const Cost& other)
    {
        seconds = std::min(seconds, other.seconds);
        peakKiB = std::min(peakKiB, other.peakKiB);
    }
};

template <typename Call>
Cost costOfCall(const Call& call)
{
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    std::ofstream("/proc/self/clear_refs") << 5 << std::flush; // takes the mark back
    const std::int64_t held = peakKiB();
    const double begun = now();
    call();
    return {.seconds = now() - begun, .peakKiB = peakKiB() - held};
}

} // namespace

class TestAccounts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void signInTellsNothing()
    {
        Hospital hospital;
        valueOf(hospital.keys->addUser("invited", Role::Clinician, hospital.scratch.receipt()));
        std::vector<std::string> details;
        for (const std::string name : {"steward", "invited", "nobody"}) {
            const auto refused = hospital.keys->signIn(name, "a wrong passphrase");
            QCOMPARE(errorOf(refused), Errc::WrongPassphrase);
            details.push_back(refused.error().detail);
        }
        QCOMPARE(details[0], details[1]);
        QCOMPARE(details[0], details[2]);
        QCOMPARE(errorOf(hospital.keys->signIn("steward", "")), Errc::WrongPassphrase);
        valueOf(hospital.keys->signIn("steward", kCeremony.steward.passphrase)); // the control
    }

    void unknownUserCostsTheSame()
    {
        Scratch scratch;
        // Dear enough that the rest of a sign-in doesn't count.
        const auto keys =
            valueOf(KeyStore::open({.folder = scratch.folder() / "keys", .argonKiB = kDearKiB}));
        valueOf(keys->init(kCeremony, scratch.receipt()));
        const auto costOf = [&](std::string_view name, std::string_view passphrase) {
            return costOfCall([&] { (void)errorOf(keys->signIn(name, passphrase)); });
        };
        // By turns, so that what slows the memory down for a while falls on both; and until the
        // least of each agree, as only interruptions make them differ.
        Cost known, unknown, unasked;
        int turns = 0;
        const auto agree = [&] {
            return unknown.seconds > 0.5 * known.seconds && unknown.seconds < 2 * known.seconds;
        };
        while (turns < 4 || (turns < 60 && !agree())) {
            ++turns;
            known.lower(costOf("steward", "a wrong passphrase"));
            unknown.lower(costOf("nobody", "a wrong passphrase"));
            unasked.lower(costOf("steward", "")); // refused before Argon2: the control
        }
        qInfo("known %.1f ms, unknown %.1f ms, unasked %.3f ms, %d turns", 1000 * known.seconds,
              1000 * unknown.seconds, 1000 * unasked.seconds, turns);
        QVERIFY(agree());
        QVERIFY(unasked.seconds < 0.5 * known.seconds);
        QVERIFY(known.peakKiB > kDearKiB * 9 / 10); // the kernel counts in lots
        QVERIFY(unknown.peakKiB > kDearKiB * 9 / 10);
        QVERIFY(unasked.peakKiB < kDearKiB / 2);
    }

    void productsCostIsApplied()
    {
        Scratch scratch;
        const fs::path folder = scratch.folder() / "keys";
        const auto keys = valueOf(KeyStore::open({.folder = folder}));
        valueOf(keys->init(kCeremony, scratch.receipt()));
        // Of memory its cost shows; the passes and lanes are in what the box of the seed binds.
        const Cost cost =
            costOfCall([&] { valueOf(keys->signIn("steward", kCeremony.steward.passphrase)); });
        QVERIFY2(cost.peakKiB > 230 * 1024, qPrintable(QString::number(cost.peakKiB)));
        for (const storage::User& user : keys->users()) {
            const auto slot = valueOf(storage::decodeUser(contentOf(folder / "users" / user.id)));
            QCOMPARE(slot.cost.memoryKiB, 256U * 1024U);
            QCOMPARE(slot.cost.passes, 3U);
            QCOMPARE(slot.cost.lanes, 4U);
        }
        qInfo("sign-in with 256 MiB: %.2f s", cost.seconds);
    }

    void namesArePlain()
    {
        Hospital hospital;
        const auto add = [&](const std::string& name) {
            return hospital.keys->addUser(name, Role::Clinician, hospital.scratch.receipt());
        };
        for (const std::string& name : std::vector<std::string>{"",
                                                                "../x",
                                                                "a/b",
                                                                "a\\b",
                                                                ".hidden",
                                                                "..",
                                                                "-x",
                                                                "_x",
                                                                " x",
                                                                "x ",
                                                                "a\nb",
                                                                "a\tb",
                                                                "a\x1b[0mb",
                                                                "a\x7f",
                                                                "a:b",
                                                                "a\"b",
                                                                "<b>",
                                                                "a*",
                                                                "\xff",
                                                                "\xc3",
                                                                "\xe2\x80\xae"
                                                                "abc",
                                                                "a\xe2\x80\x8b"
                                                                "b",
                                                                "\xef\xbc\x8fx",
                                                                std::string("a\0b", 3),
                                                                std::string(65, 'a')})
            QCOMPARE(errorOf(add(name)), Errc::Invalid);
        for (const std::string& name : std::vector<std::string>{
                 "x", "7", "dr.dahl", "anna-maria_2", "Dr. Anna Rot", "J\xc3\xb6rg M\xc3\xbcller",
                 "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", "e\xcc\x81va", "a..b", std::string(64, 'a')})
            QVERIFY2(add(name), name.c_str());
    }

    void enrolmentCodeWorksOnce()
    {
        Hospital hospital;
        const auto code =
            valueOf(hospital.keys->addUser("new", Role::Clinician, hospital.scratch.receipt()));
        QCOMPARE(errorOf(hospital.keys->addUser("new", Role::Admin, hospital.scratch.receipt())),
                 Errc::AlreadyExists);
        const auto enrol = [&](std::string_view name, std::string_view typed,
                               std::string_view phrase) {
            return hospital.keys->enrol(name, typed, phrase, hospital.scratch.receipt());
        };
        QCOMPARE(errorOf(enrol("new", "0000-0000-0000-0000", "long passphrase")), Errc::Invalid);
        QCOMPARE(errorOf(enrol("nobody", code, "long passphrase")), Errc::Invalid);
        QCOMPARE(errorOf(enrol("new", code, "short")), Errc::Invalid);
        hospital.reopen();
        valueOf(
            enrol("new", QString::fromStdString(code).toLower().toStdString(), "long passphrase"));
        QCOMPARE(errorOf(enrol("new", code, "another passphrase")), Errc::Invalid);
        QCOMPARE(errorOf(enrol("steward", code, "another passphrase")), Errc::Invalid);
        QVERIFY(hospital.user("new").enrolled);
        QVERIFY(!hospital.user("new").admitted);
        valueOf(hospital.keys->signIn("new", "long passphrase"));
    }

    void onlyAStewardAdmits()
    {
        Hospital hospital;
        const auto& keys = hospital.keys;
        const auto clinician = valueOf(keys->signIn("clinician", "clinician passphrase"));
        QCOMPARE(errorOf(keys->recordsKey(clinician)), Errc::NotAdmitted);
        const auto id = hospital.user("clinician").id;
        const auto admin = valueOf(keys->signIn("admin", kCeremony.admin.passphrase));
        const auto officer = valueOf(keys->signIn("officer", kCeremony.compliance.passphrase));
        QCOMPARE(errorOf(keys->admit(admin, id, hospital.scratch.receipt())), Errc::NotAdmitted);
        QCOMPARE(errorOf(keys->admit(clinician, id, hospital.scratch.receipt())),
                 Errc::NotAdmitted);
        QCOMPARE(errorOf(keys->admit(officer, id, hospital.scratch.receipt())), Errc::Invalid);
        const auto steward = valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        QCOMPARE(
            errorOf(keys->admit(steward, hospital.user("admin").id, hospital.scratch.receipt())),
            Errc::Invalid);
        QCOMPARE(errorOf(keys->recordsKey(clinician)), Errc::NotAdmitted);

        hospital.admitClinician();
        QVERIFY(same(valueOf(keys->recordsKey(clinician)), valueOf(keys->recordsKey(steward))));
        hospital.reopen();
        QVERIFY(hospital.user("clinician").admitted);
    }

    void passphraseChangeKeepsTheKeys()
    {
        Hospital hospital;
        hospital.admitClinician();
        const auto before = valueOf(hospital.keys->signIn("clinician", "clinician passphrase"));
        const auto change = [&](std::string_view old, std::string_view next) {
            return hospital.keys->changePassphrase("clinician", old, next,
                                                   hospital.scratch.receipt());
        };
        QCOMPARE(errorOf(change("wrong passphrase", "another passphrase")), Errc::WrongPassphrase);
        QCOMPARE(errorOf(change("clinician passphrase", "short")), Errc::Invalid);
        valueOf(change("clinician passphrase", "another passphrase"));
        hospital.reopen();
        QCOMPARE(errorOf(hospital.keys->signIn("clinician", "clinician passphrase")),
                 Errc::WrongPassphrase);
        const auto after = valueOf(hospital.keys->signIn("clinician", "another passphrase"));
        QVERIFY(same(before.vaultKey, after.vaultKey));
        valueOf(hospital.keys->recordsKey(after));
    }
};

QTEST_GUILESS_MAIN(TestAccounts)
#include "tst_accounts.moc"
