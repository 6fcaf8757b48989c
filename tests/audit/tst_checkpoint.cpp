// SPDX-License-Identifier: Apache-2.0
#include "audit/note.h"
#include "audit/proof.h"
#include "audit/signing_key.h"
#include "tests/audit/support.h"

#include <QCryptographicHash>
#include <QTest>

using audit::Errc;

namespace {

constexpr std::uint64_t kTimestamp = 1'700'000'000;

/// RFC 8032 §7.1, test 1.
const char* const kEd25519Seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const char* const kEd25519Public =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

std::string keyFile()
{
    QByteArray bytes("CLOAUDK\x01", 8);
    bytes += QByteArray::fromHex(kEd25519Seed);
    bytes += QByteArray(32, '\x42');
    bytes += QCryptographicHash::hash(bytes, QCryptographicHash::Sha256);
    return bytes.toStdString();
}

audit::TreeHead head()
{
    return {42, audit::sha256({audit::asBytes("root")})};
}

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    return text.replace(text.find(from), from.size(), to);
}

} // namespace

class TestCheckpoint : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::optional<audit::SigningKey> m_key;
    std::string m_line;
    std::string m_note;

private Q_SLOTS:
    void initTestCase()
    {
        const std::filesystem::path file = m_folder.filePath(QStringLiteral("key")).toStdString();
        putContents(file, keyFile());
        std::filesystem::permissions(file, std::filesystem::perms(0600));
        auto key = audit::SigningKey::open(audit::systemFiles(), file, kOrigin);
        QVERIFY(key.has_value());
        m_key.emplace(std::move(*key));
        m_line = audit::keyLine(m_key->publicKeys());
        m_note = *m_key->sign(head(), kTimestamp);
    }

    void derivesTheKeyOfRfc8032()
    {
        const auto& bytes = m_key->publicKeys().ed25519;
        QCOMPARE(QByteArray(reinterpret_cast<const char*>(bytes.data()), 32).toHex(),
                 QByteArray(kEd25519Public));
    }

    void writesTheFormOfTheSpecification()
    {
        const QList<QByteArray> lines = QByteArray::fromStdString(m_note).split('\n');
        QCOMPARE(lines.size(), 7);
        QCOMPARE(lines[0], QByteArray(kOrigin));
        QCOMPARE(lines[1], QByteArray("42"));
        QCOMPARE(lines[2], QCryptographicHash::hash("root", QCryptographicHash::Sha256).toBase64());
        QVERIFY(lines[3].isEmpty() && lines[6].isEmpty());
        const QByteArray start = QByteArray("\xE2\x80\x94 ") + kOrigin + ' ';
        QVERIFY(lines[4].startsWith(start) && lines[5].startsWith(start));

        const auto idOf = [](char type, const std::vector<std::byte>& key) {
            const QByteArray raw(reinterpret_cast<const char*>(key.data()),
                                 static_cast<qsizetype>(key.size()));
            return QCryptographicHash::hash(QByteArray(kOrigin) + '\n' + type + raw,
                                            QCryptographicHash::Sha256)
                .first(4);
        };
        const auto ed25519 = QByteArray::fromBase64(lines[4].mid(start.size()));
        const auto mlDsa = QByteArray::fromBase64(lines[5].mid(start.size()));
        QCOMPARE(ed25519.size(), 4 + 64);
        QCOMPARE(ed25519.first(4), idOf(1, m_key->publicKeys().ed25519));
        QCOMPARE(mlDsa.size(), 4 + 8 + 2420);
        QCOMPARE(mlDsa.first(4), idOf(6, m_key->publicKeys().mlDsa));
        QCOMPARE(mlDsa.mid(4, 8).toHex(), QByteArray("000000006553f100"));
        // Ed25519 gives one signature for one text, so the line is the same for ever.
        QCOMPARE(lines[4].mid(start.size()), QByteArray(kGoldenEd25519));
        const QByteArray key = QByteArray::fromStdString(m_line);
        QCOMPARE(key.left(key.indexOf(' ')),
                 QByteArray(kOrigin) + '+' + ed25519.first(4).toHex() + '+' +
                     (QByteArray(1, '\x01') + QByteArray::fromHex(kEd25519Public)).toBase64());
    }

    void signsTheStructureOfTheSpecification()
    {
        const auto message = audit::cosignedMessage(kOrigin, head(), kTimestamp);
        const QByteArray hex = QByteArray(reinterpret_cast<const char*>(message.data()),
                                          static_cast<qsizetype>(message.size()))
                                   .toHex();
        const QByteArray name = QByteArray("0d") + QByteArray(kOrigin).toHex();
        QCOMPARE(hex, QByteArray("737562747265652f76310a00") + name + "000000006553f100" + name +
                          "0000000000000000" + "000000000000002a" +
                          QCryptographicHash::hash("root", QCryptographicHash::Sha256).toHex());
    }

    void opensWhatItSigned()
    {
        const auto checkpoint = audit::openCheckpoint(m_note, m_line);
        QVERIFY(checkpoint.has_value());
        QCOMPARE(checkpoint->size, 42U);
        QVERIFY(audit::headOf(*checkpoint).root == head().root);
        QVERIFY(audit::openCheckpoint(m_note, m_line + "\n").has_value());
    }

    void refusesEveryFlippedBit()
    {
        for (std::size_t bit = 0; bit < m_note.size() * 8; bit += kSanitized ? 41 : 3) {
            std::string note = m_note;
            note[bit / 8] = static_cast<char>(note[bit / 8] ^ (1 << (bit % 8)));
            QVERIFY2(!audit::openCheckpoint(note, m_line), qPrintable(QString::number(bit)));
        }
        for (std::size_t bit = 0; bit < m_line.size() * 8; bit += kSanitized ? 41 : 3) {
            std::string line = m_line;
            line[bit / 8] = static_cast<char>(line[bit / 8] ^ (1 << (bit % 8)));
            QVERIFY2(!audit::openCheckpoint(m_note, line), qPrintable(QString::number(bit)));
        }
    }

    void refusesOtherForms()
    {
        const auto lines = QString::fromStdString(m_note).split(QLatin1Char('\n'));
        const auto refused = [this](const std::string& note) {
            return !audit::openCheckpoint(note, m_line);
        };
        const std::string ed25519 = lines[4].toStdString() + "\n";
        const std::string mlDsa = lines[5].toStdString() + "\n";
        QVERIFY(refused(replaced(m_note, ed25519, "")));
        QVERIFY(refused(replaced(m_note, mlDsa, "")));
        QVERIFY(refused(replaced(m_note, mlDsa, mlDsa + mlDsa)));
        QVERIFY(refused(replaced(m_note, "\n42\n", "\n042\n")));
        QVERIFY(refused(replaced(m_note, "\n42\n", "\n43\n")));
        QVERIFY(refused(m_note + "\n"));
        QVERIFY(refused(m_note.substr(0, m_note.size() - 1)));
        QVERIFY(refused(""));
        QVERIFY(refused(replaced(m_note, mlDsa, mlDsa + "signed by me\n")));
        // A witness may add its own line: unknown keys are passed over.
        QVERIFY(!refused(m_note + "\xE2\x80\x94 witness.example/1 AAAAAAAA\n"));
    }

    void refusesAnotherKey()
    {
        const std::filesystem::path file = m_folder.filePath(QStringLiteral("other")).toStdString();
        const auto other = audit::SigningKey::create(audit::systemFiles(), file, kOrigin);
        QCOMPARE(audit::openCheckpoint(m_note, audit::keyLine(other->publicKeys())).error().code,
                 Errc::Corrupt);
        // Half of the right key is not enough, either half.
        auto mixed = m_key->publicKeys();
        mixed.mlDsa = other->publicKeys().mlDsa;
        QVERIFY(!audit::openCheckpoint(m_note, audit::keyLine(mixed)));
        mixed = m_key->publicKeys();
        mixed.ed25519 = other->publicKeys().ed25519;
        QVERIFY(!audit::openCheckpoint(m_note, audit::keyLine(mixed)));
        QCOMPARE(audit::openCheckpoint(m_note, "").error().code, Errc::Key);
    }

    void readsBase64InOneWayOnly()
    {
        QVERIFY(audit::fromBase64("AAAA").has_value());
        for (const char* bad :
             {"", "AAA", "AAAB=", "AAB=", "AA=A", "AA A", "AAA\n", "====", "A==="})
            QVERIFY2(!audit::fromBase64(bad), bad);
        QVERIFY(audit::fromBase64("AAA=").has_value());
    }

private:
    static constexpr const char* kGoldenEd25519 =
        "L6R+5jtvbXL03tZm9weoeEJpQuVw2VczkfXR7weabenfQ4jWl7HrPgjzWgPpZsORWRbSVX6Zysl/"
        "3MMVjpNbkobfPQg=";
};

QTEST_GUILESS_MAIN(TestCheckpoint)
#include "tst_checkpoint.moc"
