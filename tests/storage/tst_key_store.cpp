// SPDX-License-Identifier: Apache-2.0
#include "storage/key_store.h"

#include "tests/storage/support.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <ranges>

namespace fs = std::filesystem;
using audit::Kind;
using storage::Errc;
using storage::KeyStore;
using storage::Role;
using storage::Secret;

namespace {

bool same(const Secret& a, const Secret& b)
{
    return std::ranges::equal(a.bytes(), b.bytes());
}

std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

/// One hospital with a clinician who was enrolled but not yet admitted.
struct Hospital {
    Hospital()
        : keys(openKeys(scratch.folder() / "keys"))
        , shares(valueOf(keys->init(kCeremony, scratch.receipt(Kind::Init))))
    {
        const auto code =
            valueOf(keys->addUser("clinician", Role::Clinician, scratch.receipt(Kind::UserAdd)));
        valueOf(keys->enrol("clinician", code, "clinician passphrase", scratch.receipt()));
    }

    storage::User user(std::string_view name) const
    {
        const auto users = keys->users();
        return *std::ranges::find(users, name, &storage::User::name);
    }
    void admitClinician()
    {
        const auto steward = valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        valueOf(keys->admit(steward, user("clinician").id, scratch.receipt(Kind::Admit)));
    }
    void reopen()
    {
        keys.reset();
        keys = openKeys(scratch.folder() / "keys");
    }

    Scratch scratch;
    std::unique_ptr<KeyStore> keys;
    std::vector<std::string> shares;
};

} // namespace

class TestKeyStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void ceremonyMakesThreePeople()
    {
        Hospital hospital;
        QVERIFY(hospital.keys->initialised());
        QCOMPARE(hospital.keys->installId().size(), 32U);
        QCOMPARE(hospital.shares.size(), 3U);
        QCOMPARE(errorOf(hospital.keys->init(kCeremony, hospital.scratch.receipt())),
                 Errc::AlreadyExists);

        hospital.reopen();
        QVERIFY(hospital.keys->initialised());
        QVERIFY(!hospital.keys->deviceSecretSealed());
        QVERIFY(!hospital.keys->deviceSecretReplaced());
        QVERIFY(hospital.user("steward").admitted);
        QVERIFY(hospital.user("officer").admitted);
        QVERIFY(!hospital.user("admin").admitted);

        const auto steward =
            valueOf(hospital.keys->signIn("steward", kCeremony.steward.passphrase));
        const auto officer =
            valueOf(hospital.keys->signIn("officer", kCeremony.compliance.passphrase));
        const auto admin = valueOf(hospital.keys->signIn("admin", kCeremony.admin.passphrase));
        valueOf(hospital.keys->recordsKey(steward));
        valueOf(hospital.keys->auditReadSeed(officer));
        // IT reads nothing, compliance no records, a steward no audit.
        QCOMPARE(errorOf(hospital.keys->recordsKey(admin)), Errc::NotAdmitted);
        QCOMPARE(errorOf(hospital.keys->auditReadSeed(admin)), Errc::NotAdmitted);
        QCOMPARE(errorOf(hospital.keys->recordsKey(officer)), Errc::NotAdmitted);
        QCOMPARE(errorOf(hospital.keys->auditReadSeed(steward)), Errc::NotAdmitted);
    }

    void ceremonyRefusesWhatBreaksARule()
    {
        Scratch scratch;
        const auto keys = openKeys(scratch.folder() / "keys");
        QCOMPARE(errorOf(keys->signIn("steward", "steward passphrase two")), Errc::NotInitialised);
        QCOMPARE(errorOf(keys->sealToInbox(bytesOf("x"))), Errc::NotInitialised);
        auto ceremony = kCeremony;
        ceremony.admin.passphrase = "elevenchars"; // 11
        QCOMPARE(errorOf(keys->init(ceremony, scratch.receipt())), Errc::Invalid);
        ceremony = kCeremony;
        ceremony.steward.name = ceremony.admin.name;
        QCOMPARE(errorOf(keys->init(ceremony, scratch.receipt())), Errc::Invalid);
        for (const std::string name : {"", "a\nb", " a", "\xFF", "\xC2\x85"}) {
            ceremony = kCeremony;
            ceremony.compliance.name = name;
            QCOMPARE(errorOf(keys->init(ceremony, scratch.receipt())), Errc::Invalid);
        }
        QVERIFY(!keys->initialised());
        // Twelve characters, not twelve bytes.
        ceremony = kCeremony;
        ceremony.admin.passphrase = "äöüäöüäöüäöü";
        valueOf(keys->init(ceremony, scratch.receipt()));
    }

    void ceremonyCutShortCanBeHeldAgain()
    {
        Scratch scratch;
        const fs::path folder = scratch.folder() / "keys";
        {
            const auto keys = openKeys(folder);
            valueOf(keys->init(kCeremony, scratch.receipt()));
        }
        fs::remove(folder / "hospital"); // what a crash before the last step leaves
        const auto keys = openKeys(folder);
        QVERIFY(!keys->initialised());
        QVERIFY(keys->users().empty());
        valueOf(keys->init(kCeremony, scratch.receipt()));
        QCOMPARE(keys->users().size(), 3U);
        valueOf(keys->signIn("admin", kCeremony.admin.passphrase));
    }

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
            valueOf(KeyStore::open({.folder = scratch.folder() / "keys", .argonKiB = 32 * 1024}));
        valueOf(keys->init(kCeremony, scratch.receipt()));
        // Processor time of this thread: what else the machine does doesn't count.
        const auto now = [] {
            timespec time{};
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
            return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
        };
        const auto timeOf = [&](std::string_view name) {
            const double begun = now();
            (void)errorOf(keys->signIn(name, "a wrong passphrase"));
            return now() - begun;
        };
        // By turns, so that what slows the memory down for a while falls on both.
        double known = 1e9;
        double unknown = 1e9;
        for (int i = 0; i < 8; ++i) {
            known = std::min(known, timeOf("steward"));
            unknown = std::min(unknown, timeOf("nobody"));
        }
        qInfo("known %.1f ms, unknown %.1f ms", 1000 * known, 1000 * unknown);
        QVERIFY(known > 0.005);
        QVERIFY(unknown > 0.5 * known && unknown < 2 * known);
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

    void twoSharesBringEverythingBack_data()
    {
        QTest::addColumn<int>("first");
        QTest::addColumn<int>("second");
        QTest::newRow("1 and 2") << 0 << 1;
        QTest::newRow("1 and 3") << 0 << 2;
        QTest::newRow("3 and 2") << 2 << 1;
    }
    void twoSharesBringEverythingBack()
    {
        QFETCH(const int, first);
        QFETCH(const int, second);
        Hospital hospital;
        hospital.admitClinician();
        auto before = valueOf(hospital.keys->signIn("clinician", "clinician passphrase"));
        const auto records = valueOf(hospital.keys->recordsKey(before));
        valueOf(hospital.keys->recover({hospital.shares[first], hospital.shares[second]},
                                       "clinician", "a new passphrase",
                                       hospital.scratch.receipt(Kind::Recovery)));
        hospital.reopen();
        QCOMPARE(errorOf(hospital.keys->signIn("clinician", "clinician passphrase")),
                 Errc::WrongPassphrase);
        const auto after = valueOf(hospital.keys->signIn("clinician", "a new passphrase"));
        QVERIFY(same(before.vaultKey, after.vaultKey));
        QVERIFY(same(records, valueOf(hospital.keys->recordsKey(after))));
        // What the old passphrase unlocked no longer opens the slots.
        QCOMPARE(errorOf(hospital.keys->recordsKey(before)), Errc::Corrupt);

        valueOf(hospital.keys->recover({hospital.shares[first], hospital.shares[second]}, "officer",
                                       "a new passphrase",
                                       hospital.scratch.receipt(Kind::Recovery)));
        const auto officer = valueOf(hospital.keys->signIn("officer", "a new passphrase"));
        valueOf(hospital.keys->auditReadSeed(officer));
    }

    void wrongSharesBringNothingBack()
    {
        Hospital hospital;
        Hospital other;
        const auto recover = [&](const std::vector<std::string>& shares) {
            return errorOf(hospital.keys->recover(shares, "clinician", "a new passphrase",
                                                  hospital.scratch.receipt()));
        };
        QCOMPARE(recover({}), Errc::Invalid);
        QCOMPARE(recover({hospital.shares[0]}), Errc::Invalid);
        QCOMPARE(recover({hospital.shares[0], hospital.shares[0]}), Errc::Invalid);
        QCOMPARE(recover({hospital.shares[0], other.shares[1]}), Errc::Invalid);
        QCOMPARE(recover({other.shares[0], other.shares[1]}), Errc::Invalid);
        QCOMPARE(recover({hospital.shares[0], "not a share"}), Errc::Invalid);
        valueOf(hospital.keys->signIn("clinician", "clinician passphrase"));
        const auto unknown =
            hospital.keys->recover({hospital.shares[0], hospital.shares[1]}, "nobody",
                                   "a new passphrase", hospital.scratch.receipt());
        QCOMPARE(errorOf(unknown), Errc::NotFound);
    }

    void inboxAndAuditAreSealed()
    {
        Hospital hospital;
        const auto& keys = hospital.keys;
        const auto steward = valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        const auto officer = valueOf(keys->signIn("officer", kCeremony.compliance.passphrase));
        const auto records = valueOf(keys->recordsKey(steward));
        const auto auditSeed = valueOf(keys->auditReadSeed(officer));

        auto sealed = valueOf(keys->sealToInbox(bytesOf("a bundle")));
        QVERIFY(
            std::ranges::equal(valueOf(keys->openFromInbox(sealed, records)), bytesOf("a bundle")));
        QCOMPARE(errorOf(keys->openFromInbox(sealed, auditSeed)), Errc::Corrupt);
        QCOMPARE(errorOf(keys->openFromAudit(sealed, auditSeed)), Errc::Corrupt);
        const auto entry = valueOf(keys->sealToAudit(bytesOf("salt and text")));
        QVERIFY(std::ranges::equal(valueOf(keys->openFromAudit(entry, auditSeed)),
                                   bytesOf("salt and text")));
        for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{1100},
                                     sealed.size() - 20, sealed.size() - 1}) {
            auto altered = sealed;
            altered[at] ^= std::byte{0x40};
            const auto code = errorOf(keys->openFromInbox(altered, records));
            QVERIFY(code == Errc::Corrupt || (at == 0 && code == Errc::TooNew));
        }
        for (std::size_t size = 0; size < sealed.size(); size += 13)
            (void)errorOf(keys->openFromInbox(std::span(sealed).first(size), records));
    }

    void monthKeysAreSeparateAndDestroyed()
    {
        Hospital hospital;
        const auto& keys = hospital.keys;
        const auto user = valueOf(keys->signIn("clinician", "clinician passphrase"));
        const std::string& id = user.user.id;
        QCOMPARE(errorOf(keys->findMonthKey(id, user.vaultKey, "2026-11")), Errc::NotFound);
        const auto november = valueOf(keys->monthKey(id, user.vaultKey, "2026-11"));
        const auto december = valueOf(keys->monthKey(id, user.vaultKey, "2026-12"));
        QVERIFY(!same(november, december));
        QVERIFY(same(november, valueOf(keys->monthKey(id, user.vaultKey, "2026-11"))));
        const auto steward = valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        QCOMPARE(errorOf(keys->findMonthKey(id, steward.vaultKey, "2026-11")), Errc::Corrupt);
        for (const std::string_view bad : {"2026", "../../x", "2026-1x", ""})
            QCOMPARE(errorOf(keys->monthKey(id, user.vaultKey, bad)), Errc::Invalid);

        // A month's key cannot be put in another's place.
        const fs::path folder = hospital.scratch.folder() / "keys" / "months" / id;
        fs::copy_file(folder / "2026-12", folder / "2026-10");
        QCOMPARE(errorOf(keys->findMonthKey(id, user.vaultKey, "2026-10")), Errc::Corrupt);

        valueOf(keys->destroyMonthKey(id, "2026-11", hospital.scratch.receipt()));
        QCOMPARE(errorOf(keys->findMonthKey(id, user.vaultKey, "2026-11")), Errc::NotFound);
        QVERIFY(same(december, valueOf(keys->findMonthKey(id, user.vaultKey, "2026-12"))));
    }

    void everyFlippedBitIsNoticed()
    {
        Hospital hospital;
        const fs::path folder = hospital.scratch.folder() / "keys";
        std::vector<fs::path> files{folder / "hospital"};
        for (const auto& entry : fs::directory_iterator(folder / "users"))
            files.push_back(entry.path());
        QCOMPARE(files.size(), 5U);
        hospital.keys.reset();
        for (const fs::path& path : files) {
            QFile file(QString::fromStdString(path.string()));
            QVERIFY(file.open(QIODevice::ReadWrite));
            const QByteArray good = file.readAll();
            for (qsizetype at = 0; at < good.size(); at += 11) {
                QByteArray bad = good;
                bad[at] = static_cast<char>(bad[at] ^ 1);
                file.seek(0);
                file.write(bad);
                file.flush();
                const auto refused = KeyStore::open({.folder = folder, .argonKiB = 64});
                QCOMPARE(errorOf(refused), Errc::Corrupt);
            }
            file.seek(0);
            file.write(good);
            file.flush();
        }
        hospital.keys = openKeys(folder); // the control: unaltered it opens
    }

    void slotOfAnotherUserDoesNotOpen()
    {
        Hospital hospital;
        const fs::path users = hospital.scratch.folder() / "keys" / "users";
        const auto clinician = hospital.user("clinician").id;
        fs::copy_file(users / clinician, users / hospital.user("steward").id,
                      fs::copy_options::overwrite_existing);
        hospital.keys.reset();
        QCOMPARE(errorOf(KeyStore::open({.folder = users.parent_path(), .argonKiB = 64})),
                 Errc::Corrupt);
    }

    void lostDeviceSecretLocksOutUntilRecovery()
    {
        Hospital hospital;
        fs::remove(hospital.scratch.folder() / "keys" / "device.secret");
        hospital.reopen();
        QVERIFY(hospital.keys->deviceSecretReplaced());
        QCOMPARE(errorOf(hospital.keys->signIn("steward", kCeremony.steward.passphrase)),
                 Errc::WrongPassphrase);
        valueOf(hospital.keys->recover({hospital.shares[1], hospital.shares[2]}, "steward",
                                       "a new passphrase", hospital.scratch.receipt()));
        const auto steward = valueOf(hospital.keys->signIn("steward", "a new passphrase"));
        valueOf(hospital.keys->recordsKey(steward));
    }

    void systemCredentialIsPreferred()
    {
        Scratch scratch;
        const fs::path credentials = scratch.folder() / "credentials";
        fs::create_directory(credentials);
        std::ofstream(credentials / "cloister.device") << std::string(32, 's');
        qputenv("CREDENTIALS_DIRECTORY", credentials.c_str());
        {
            const auto keys = openKeys(scratch.folder() / "keys");
            QVERIFY(keys->deviceSecretSealed());
            valueOf(keys->init(kCeremony, scratch.receipt()));
        }
        QVERIFY(!fs::exists(scratch.folder() / "keys" / "device.secret"));
        std::ofstream(credentials / "cloister.device") << std::string(31, 's');
        QCOMPARE(errorOf(KeyStore::open({.folder = scratch.folder() / "keys", .argonKiB = 64})),
                 Errc::Corrupt);
        qunsetenv("CREDENTIALS_DIRECTORY");
    }

    void filesBelongToTheServiceAlone()
    {
        Hospital hospital;
        int files = 0;
        for (const auto& entry :
             fs::recursive_directory_iterator(hospital.scratch.folder() / "keys")) {
            const auto others = fs::perms::group_all | fs::perms::others_all;
            QCOMPARE(entry.status().permissions() & others, fs::perms::none);
            files += entry.is_regular_file() ? 1 : 0;
        }
        QCOMPARE(files, 6); // hospital, device.secret, four users
    }

    void productsCostIsBearable()
    {
        Scratch scratch;
        const auto keys = valueOf(KeyStore::open({.folder = scratch.folder() / "keys"}));
        valueOf(keys->init(kCeremony, scratch.receipt()));
        const auto begun = std::chrono::steady_clock::now();
        valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        qInfo("sign-in with 256 MiB: %.2f s", took.count());
        QVERIFY(took.count() > 0.1); // cheaper would mean that the cost was not applied
    }
};

QTEST_GUILESS_MAIN(TestKeyStore)
#include "tst_key_store.moc"
