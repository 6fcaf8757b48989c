// SPDX-License-Identifier: Apache-2.0
#include "storage/recovery_shares.h"

#include "storage/base32.h"
#include "tests/storage/support.h"

#include <algorithm>

using storage::combineShares;
using storage::Errc;
using storage::Secret;
using storage::splitSecret;

namespace {

const std::string kInstall(32, '7');

} // namespace

class TestRecoveryShares : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anyTwoOfThree()
    {
        const auto secret = valueOf(Secret::random());
        const auto shares = valueOf(splitSecret(secret, kInstall));
        for (const auto& pair :
             std::vector<std::vector<std::string>>{{shares[0], shares[1]},
                                                   {shares[1], shares[0]},
                                                   {shares[0], shares[2]},
                                                   {shares[2], shares[1]},
                                                   {shares[0], shares[0], shares[1]},
                                                   shares}) {
            const auto back = valueOf(combineShares(pair, kInstall));
            QVERIFY(std::ranges::equal(back.bytes(), secret.bytes()));
        }
        for (const auto& few :
             std::vector<std::vector<std::string>>{{}, {shares[0]}, {shares[1], shares[1]}})
            QCOMPARE(errorOf(combineShares(few, kInstall)), Errc::Invalid);
    }

    void sharesLieOnALine()
    {
        // Independent of our arithmetic: f(1) + f(2) + f(3) = 3s + a(1 + 2 + 3) = s, as + is XOR.
        const auto secret = valueOf(Secret::random());
        std::vector<std::uint8_t> sum(40);
        for (const std::string& share : valueOf(splitSecret(secret, kInstall))) {
            const auto bytes = storage::fromBase32(share, 40);
            QVERIFY(bytes.has_value());
            for (std::size_t i = 0; i < 40; ++i)
                sum[i] ^= (*bytes)[i];
        }
        for (std::size_t i = 0; i < Secret::kBytes; ++i)
            QCOMPARE(sum[4 + i], std::to_integer<std::uint8_t>(secret.bytes()[i]));
    }

    void oneShareSaysNothing()
    {
        // The same secret is split anew each time: no byte of a share stays.
        const auto secret = valueOf(Secret::random());
        const auto once = valueOf(splitSecret(secret, kInstall));
        const auto again = valueOf(splitSecret(secret, kInstall));
        for (std::size_t i = 0; i < 3; ++i)
            QVERIFY(once[i] != again[i]);
        const auto mixed = valueOf(combineShares({once[0], again[1]}, kInstall));
        QVERIFY(!std::ranges::equal(mixed.bytes(), secret.bytes()));
    }

    void looksLikePaper()
    {
        const auto shares = valueOf(splitSecret(valueOf(Secret::random()), kInstall));
        const QRegularExpression form(
            QStringLiteral("^([0-9A-HJKMNP-TV-Z]{4}-){15}[0-9A-HJKMNP-TV-Z]{4}$"));
        for (const std::string& share : shares)
            QVERIFY(form.match(QString::fromStdString(share)).hasMatch());
    }

    void everyTypingErrorIsNoticed()
    {
        const auto shares = valueOf(splitSecret(valueOf(Secret::random()), kInstall));
        for (std::size_t at = 0; at < shares[0].size(); ++at) {
            if (shares[0][at] == '-')
                continue;
            std::string wrong = shares[0];
            wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
            const auto refused = combineShares({wrong, shares[1]}, kInstall);
            QCOMPARE(errorOf(refused), Errc::Invalid);
        }
        std::string swapped = shares[0];
        const auto place = std::ranges::adjacent_find(
            swapped, [](char a, char b) { return a != b && a != '-' && b != '-'; });
        std::iter_swap(place, place + 1);
        QCOMPARE(errorOf(combineShares({swapped, shares[1]}, kInstall)), Errc::Invalid);
        QCOMPARE(errorOf(combineShares({shares[0] + "A", shares[1]}, kInstall)), Errc::Invalid);
        QCOMPARE(errorOf(combineShares({shares[0].substr(5), shares[1]}, kInstall)), Errc::Invalid);
        QCOMPARE(errorOf(combineShares({"", shares[1]}, kInstall)), Errc::Invalid);
        QCOMPARE(errorOf(combineShares({shares[0], shares[1]}, std::string(32, '8'))),
                 Errc::Invalid);
    }

    void forgivesHowItIsTyped()
    {
        const auto secret = valueOf(Secret::random());
        auto shares = valueOf(splitSecret(secret, kInstall));
        for (std::string& share : shares) {
            std::ranges::replace(share, '-', ' ');
            std::ranges::replace(share, '0', 'o');
            std::ranges::replace(share, '1', 'l');
            share = "  " + QString::fromStdString(share).toLower().toStdString() + "\n";
        }
        const auto back = valueOf(combineShares({shares[2], shares[0]}, kInstall));
        QVERIFY(std::ranges::equal(back.bytes(), secret.bytes()));
    }

    void base32KnownText()
    {
        const std::vector<std::uint8_t> bytes{0xFF, 0x00, 0x44, 0x32, 0x14};
        QCOMPARE(storage::base32Of(bytes), std::string("ZW04-8CGM"));
        QVERIFY(storage::fromBase32("zwo4 8cgm", 5) == bytes);
        QVERIFY(!storage::fromBase32("ZW04-8CGM", 4).has_value());
        QVERIFY(!storage::fromBase32("ZW04-8CG", 5).has_value());
        QVERIFY(!storage::fromBase32("ZW04-8CGU", 5).has_value()); // U is not in the alphabet
    }
};

QTEST_GUILESS_MAIN(TestRecoveryShares)
#include "tst_recovery_shares.moc"
