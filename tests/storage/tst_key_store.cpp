// SPDX-License-Identifier: Apache-2.0
#include "storage/key_store.h"

#include "storage/digest.h"
#include "storage/file.h"
#include "tests/storage/hospital.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;
using storage::Errc;
using storage::KeyStore;

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
        QCOMPARE(hospital.keys->lockedOut(), 0U);
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

    void readsUsersOfVersionOne()
    {
        Hospital hospital;
        const fs::path keys = hospital.scratch.folder() / "keys";
        for (const storage::User& user : hospital.keys->users()) {
            const fs::path path = keys / "users" / user.id;
            auto bytes = valueOf(storage::readWhole(path, 1UL << 16));
            bytes.resize(bytes.size() - 32 - 8 - 4); // sum, tag and its length
            bytes[4] = std::byte{1};
            std::ranges::copy(storage::sha256(bytes), std::back_inserter(bytes));
            valueOf(storage::writeAtomically(path, bytes));
        }
        hospital.reopen();
        QCOMPARE(hospital.keys->lockedOut(), 0U); // not known, and the secret was not made now
        valueOf(hospital.keys->signIn("steward", kCeremony.steward.passphrase));
        fs::remove(keys / "device.secret");
        hospital.reopen();
        QCOMPARE(hospital.keys->lockedOut(), 4U);
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
};

QTEST_GUILESS_MAIN(TestKeyStore)
#include "tst_key_store.moc"
