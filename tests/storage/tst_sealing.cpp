// SPDX-License-Identifier: Apache-2.0
#include "storage/sealing.h"

#include "storage/digest.h"
#include "storage/hybrid_kem.h"
#include "storage/kdf.h"
#include "tests/storage/support.h"

#include <algorithm>
#include <array>

using storage::Errc;
using storage::Purpose;
using storage::Secret;

namespace {

std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

/// 00 01 02 … 1F, or each byte @p plus more.
Secret counting(int plus = 0)
{
    std::array<std::byte, Secret::kBytes> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(static_cast<int>(i) + plus);
    return valueOf(Secret::copyOf(bytes));
}

std::string hexOf(const Secret& secret)
{
    return storage::hexOf(secret.bytes());
}

storage::Bytes fromHex(const char* hex)
{
    const QByteArray bytes = QByteArray::fromHex(hex);
    const auto view =
        std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size())));
    return {view.begin(), view.end()};
}

constexpr storage::Binding kBinding{Purpose::MonthKey, "0123456789abcdef0123456789abcdef/2026-11"};

} // namespace

class TestSealing : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hkdfOfRfc5869()
    {
        // Test case 1, first 32 bytes; its info bytes are F0 … F9.
        const storage::Bytes input(22, std::byte{0x0B});
        const auto salt = fromHex("000102030405060708090a0b0c");
        QCOMPARE(
            hexOf(valueOf(storage::hkdf(input, salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
        // Test case 3: neither salt nor info.
        QCOMPARE(hexOf(valueOf(storage::hkdf(input, {}, ""))),
                 "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }

    void argonRefusesUnboundedCosts()
    {
        const storage::Bytes salt(16);
        for (const storage::ArgonCost cost :
             {storage::ArgonCost{0, 3, 4}, storage::ArgonCost{0xFFFFFFFF, 3, 4},
              storage::ArgonCost{64, 0, 4}, storage::ArgonCost{64, 1000, 4},
              storage::ArgonCost{64, 3, 0}, storage::ArgonCost{64, 3, 9}})
            QCOMPARE(errorOf(storage::argon2id("passphrase", salt, cost)), Errc::Invalid);
        const auto one = valueOf(storage::argon2id("passphrase", salt, {64, 3, 4}));
        QVERIFY(hexOf(one) != hexOf(valueOf(storage::argon2id("passphrase", salt, {64, 3, 1}))));
        QVERIFY(hexOf(one) != hexOf(valueOf(storage::argon2id("passphrasf", salt, {64, 3, 4}))));
        QCOMPARE(hexOf(one), hexOf(valueOf(storage::argon2id("passphrase", salt, {64, 3, 4}))));
    }

    void keyPairOfASeedNeverChanges()
    {
        const auto publicKey = valueOf(storage::publicKeyOf(counting()));
        QCOMPARE(publicKey.size(), storage::kPublicKeyBytes);
        QCOMPARE(storage::hexOf(storage::sha256(publicKey)),
                 "bfcd84f7a99c34682f897028ce3d030488b65df31b2c82eaec5d15588bf41332");
    }

    void boxOfVersion1Opens()
    {
        const auto box =
            fromHex("0156d176fe75d970234bc57fb742edd15fe8639dd9a494f0781106aaf899ff416d"
                    "337df9d80fc24ecf01c616393c573d9717f3793bae7d532bfcd2717159ab758a"
                    "c513534c5436e47773502dfdd62aea3d");
        QCOMPARE(hexOf(valueOf(storage::unwrap(counting(), box, kBinding, bytesOf("context")))),
                 hexOf(counting(100)));
    }

    void boxesAreBound()
    {
        const auto key = counting();
        const auto content = valueOf(Secret::random());
        const auto box = valueOf(storage::wrap(key, content, kBinding, bytesOf("context")));
        QCOMPARE(box.size(), 81U);
        QCOMPARE(hexOf(valueOf(storage::unwrap(key, box, kBinding, bytesOf("context")))),
                 hexOf(content));
        const auto refused = [&](const Secret& with, const storage::Binding& binding,
                                 std::string_view context) {
            return errorOf(storage::unwrap(with, box, binding, bytesOf(context)));
        };
        QCOMPARE(refused(counting(1), kBinding, "context"), Errc::Corrupt);
        QCOMPARE(refused(key, {Purpose::InboxSeed, kBinding.owner}, "context"), Errc::Corrupt);
        QCOMPARE(refused(key, {Purpose::MonthKey, "another"}, "context"), Errc::Corrupt);
        QCOMPARE(refused(key, kBinding, "contexu"), Errc::Corrupt);
        QCOMPARE(refused(key, kBinding, ""), Errc::Corrupt);
        for (std::size_t bit = 0; bit < 8 * box.size(); ++bit) {
            auto altered = box;
            altered[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            const auto code = errorOf(storage::unwrap(key, altered, kBinding, bytesOf("context")));
            QVERIFY(code == Errc::Corrupt || (bit < 8 && code == Errc::TooNew));
        }
        for (std::size_t size = 0; size < box.size(); ++size)
            QCOMPARE(errorOf(storage::unwrap(key, std::span(box).first(size), kBinding)),
                     Errc::Corrupt);
    }

    void sealingNeedsNoSecret()
    {
        const auto publicKey = valueOf(storage::publicKeyOf(counting()));
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
            const std::string plain(size, 'p');
            const auto sealed = valueOf(storage::sealTo(publicKey, bytesOf(plain), kBinding));
            QCOMPARE(sealed.size(), 1 + storage::kEncapsulationBytes + size + 16);
            QVERIFY(std::ranges::equal(valueOf(storage::openWith(counting(), sealed, kBinding)),
                                       bytesOf(plain)));
            QCOMPARE(errorOf(storage::openWith(counting(1), sealed, kBinding)), Errc::Corrupt);
            QCOMPARE(errorOf(storage::openWith(counting(), sealed,
                                               {Purpose::AuditEntry, kBinding.owner})),
                     Errc::Corrupt);
        }
        const auto once = valueOf(storage::sealTo(publicKey, bytesOf("same"), kBinding));
        QVERIFY(once != valueOf(storage::sealTo(publicKey, bytesOf("same"), kBinding)));
        QCOMPARE(errorOf(storage::sealTo(std::span(publicKey).first(100), bytesOf("x"), kBinding)),
                 Errc::Corrupt);
        QCOMPARE(errorOf(storage::sealTo(publicKey, bytesOf("x"),
                                         {Purpose::MonthKey, std::string(256, 'o')})),
                 Errc::Invalid);
    }

    void bothHalvesOfTheKeyCount()
    {
        // A sender who knows only one half of the secret cannot open: a key pair whose ML-KEM half
        // is another's, or whose X25519 half is, gives another shared secret.
        const auto mine = valueOf(storage::publicKeyOf(counting()));
        const auto other = valueOf(storage::publicKeyOf(counting(1)));
        for (const std::size_t cut : {std::size_t{1184}, std::size_t{0}}) {
            auto mixed = mine;
            std::copy(other.begin() + static_cast<std::ptrdiff_t>(cut),
                      cut == 0 ? other.begin() + 1184 : other.end(),
                      mixed.begin() + static_cast<std::ptrdiff_t>(cut));
            const auto sealed = valueOf(storage::sealTo(mixed, bytesOf("x"), kBinding));
            QCOMPARE(errorOf(storage::openWith(counting(), sealed, kBinding)), Errc::Corrupt);
            QCOMPARE(errorOf(storage::openWith(counting(1), sealed, kBinding)), Errc::Corrupt);
        }
    }
};

QTEST_GUILESS_MAIN(TestSealing)
#include "tst_sealing.moc"
