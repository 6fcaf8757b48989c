// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/checksum.h"

#include "inference/kernels/thread_pool.h"

#include <QTest>
#include <random>
#include <string_view>

using kernels::crc32c;
using kernels::crc32cByTable;

namespace {

std::vector<std::byte> randomBytes(std::size_t count)
{
    std::mt19937 random(7);
    std::vector<std::byte> bytes(count);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random());
    return bytes;
}

} // namespace

class TestChecksum : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// RFC 3720, B.4; the last one is the check value that catalogues of CRCs give.
    void knowsTheExamplesOfTheStandard()
    {
        std::vector<std::byte> bytes(32);
        QCOMPARE(crc32c(bytes), 0x8A9136AAU);
        std::ranges::fill(bytes, std::byte{0xFF});
        QCOMPARE(crc32c(bytes), 0x62A8AB43U);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(i);
        QCOMPARE(crc32c(bytes), 0x46DD794EU);
        const std::string_view digits = "123456789";
        QCOMPARE(crc32c(std::as_bytes(std::span(digits))), 0xE3069283U);
        QCOMPARE(crc32c({}), 0U);
    }

    void theTableAgreesWithTheInstruction()
    {
        const std::vector<std::byte> bytes = randomBytes(300);
        for (std::size_t length = 0; length <= bytes.size(); ++length) {
            const auto part = std::span(bytes).last(length);
            QCOMPARE(crc32c(part), crc32cByTable(part));
            // Cut anywhere, it goes on.
            const std::size_t cut = length / 3;
            QCOMPARE(crc32c(part.subspan(cut), crc32c(part.first(cut))), crc32c(part));
            QCOMPARE(crc32cByTable(part.subspan(cut), crc32cByTable(part.first(cut))),
                     crc32c(part));
        }
    }

    void theSumOfPiecesIsThatOfTheirChecksums()
    {
        constexpr std::size_t kPiece = kernels::kPieceBytes;
        const std::vector<std::byte> bytes = randomBytes(9 * kPiece + 5);
        kernels::ThreadPool one(1);
        kernels::ThreadPool three(3);
        for (const std::size_t length : {std::size_t{0}, std::size_t{1}, kPiece, 4 * kPiece - 1,
                                         4 * kPiece, 4 * kPiece + 1, bytes.size()}) {
            const auto part = std::span(bytes).first(length);
            std::vector<std::uint32_t> sums;
            for (std::size_t at = 0; at < length; at += kPiece)
                sums.push_back(crc32cByTable(part.subspan(at, std::min(kPiece, length - at))));
            const std::uint32_t wanted = crc32cByTable(std::as_bytes(std::span(sums)));
            QCOMPARE(kernels::pieceSum(part, one), wanted);
            QCOMPARE(kernels::pieceSum(part, three), wanted);
        }
    }

    void everyBitCounts()
    {
        std::vector<std::byte> bytes = randomBytes(5 * kernels::kPieceBytes + 3);
        kernels::ThreadPool pool(2);
        const std::uint32_t whole = kernels::pieceSum(bytes, pool);
        for (std::size_t at = 0; at < bytes.size(); at += 4099) {
            bytes[at] ^= std::byte{0x10};
            QVERIFY(kernels::pieceSum(bytes, pool) != whole);
            bytes[at] ^= std::byte{0x10};
        }
        QCOMPARE(kernels::pieceSum(bytes, pool), whole);
    }
};

QTEST_GUILESS_MAIN(TestChecksum)
#include "tst_checksum.moc"
