// SPDX-License-Identifier: Apache-2.0
// Two of the three shares bring keys back; anything less, nothing.
#include "storage/key_store.h"

#include "tests/storage/hospital.h"

namespace fs = std::filesystem;
using audit::Kind;
using storage::Errc;

class TestRecovery : public QObject {
    Q_OBJECT

private Q_SLOTS:
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

    void lostDeviceSecretLocksOutUntilRecovery()
    {
        Hospital hospital;
        valueOf(
            hospital.keys->addUser("new", storage::Role::Clinician, hospital.scratch.receipt()));
        const fs::path file = hospital.scratch.folder() / "keys" / "device.secret";
        const fs::path kept = hospital.scratch.folder() / "kept";
        fs::rename(file, kept);
        hospital.reopen();
        // Four have a passphrase; who has none yet is not locked out.
        QCOMPARE(hospital.keys->lockedOut(), 4U);
        hospital.reopen(); // the new one is there now, and still another
        QCOMPARE(hospital.keys->lockedOut(), 4U);
        QCOMPARE(errorOf(hospital.keys->signIn("steward", kCeremony.steward.passphrase)),
                 Errc::WrongPassphrase);
        valueOf(hospital.keys->recover({hospital.shares[1], hospital.shares[2]}, "steward",
                                       "a new passphrase", hospital.scratch.receipt()));
        const auto steward = valueOf(hospital.keys->signIn("steward", "a new passphrase"));
        valueOf(hospital.keys->recordsKey(steward));
        QCOMPARE(hospital.keys->lockedOut(), 3U);

        // The old one is found again: the others are back, who was recovered meanwhile is not.
        fs::rename(kept, file);
        hospital.reopen();
        QCOMPARE(hospital.keys->lockedOut(), 1U);
        valueOf(hospital.keys->signIn("officer", kCeremony.compliance.passphrase));
        QCOMPARE(errorOf(hospital.keys->signIn("steward", "a new passphrase")),
                 Errc::WrongPassphrase);
    }
};

QTEST_GUILESS_MAIN(TestRecovery)
#include "tst_recovery.moc"
