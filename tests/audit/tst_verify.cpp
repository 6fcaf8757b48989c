// SPDX-License-Identifier: Apache-2.0
#include "audit/entry.h"
#include "audit/export_reader.h"
#include "audit/verify.h"
#include "tests/audit/support.h"

#include <QProcess>
#include <QTest>

using audit::Kind;
using audit::Wrong;

namespace {

constexpr std::uint64_t kEntries = 64;

std::optional<std::vector<std::byte>> unmask(std::span<const std::byte> bytes)
{
    return mask(bytes);
}

/// An export in parts that a test can tamper with.
struct Export {
    std::vector<std::string> notes;
    std::vector<std::string> leaves;
    std::string disclosures; // count and all
    std::vector<std::string> frames;

    std::string head() const
    {
        std::vector<std::byte> out;
        const auto put = [&out](const std::string& text) {
            const auto bytes = std::as_bytes(std::span(text));
            out.insert(out.end(), bytes.begin(), bytes.end());
        };
        put(std::string(audit::kExportMagic.begin(), audit::kExportMagic.end()));
        audit::putLittleEndian(out, notes.size());
        for (const auto& note : notes) {
            audit::putLittleEndian(out, note.size());
            put(note);
        }
        audit::putLittleEndian(out, leaves.size());
        for (const auto& leaf : leaves)
            put(leaf);
        put(disclosures);
        return std::string(audit::asText(out));
    }

    std::string bytes() const
    {
        std::string all = head();
        for (const auto& frame : frames)
            all += frame;
        return all;
    }

    static Export read(const std::string& file)
    {
        const auto sections = audit::readExport(audit::asBytes(file));
        Export parts;
        std::size_t at = 16;
        for (const auto note : sections->notes) {
            parts.notes.emplace_back(note);
            at += 8 + note.size();
        }
        at += 8;
        for (const auto& leaf : sections->leaves) {
            parts.leaves.emplace_back(audit::asText(leaf));
            at += 32;
        }
        parts.disclosures = file.substr(at, file.size() - at - sections->entries.size());
        for (auto rest = sections->entries; !rest.empty();) {
            const auto found = audit::readFrame(rest);
            parts.frames.emplace_back(audit::asText(rest.first(found->size)));
            rest = rest.subspan(found->size);
        }
        return parts;
    }
};

/// The record of @p frame with another actor and, where given, another number; hash recomputed.
std::string forged(const std::string& frame, std::optional<std::uint64_t> index = {})
{
    auto entry = audit::decode(audit::readFrame(audit::asBytes(frame))->record);
    entry->actor = "mallory";
    entry->index = index.value_or(entry->index);
    return std::string(audit::asText(audit::frame(*audit::encode(*entry))));
}

std::string leafOf(const std::string& frame)
{
    return frame.substr(frame.size() - 32);
}

std::string describe(const audit::Verdict& verdict)
{
    if (verdict)
        return "right";
    const auto& finding = verdict.error();
    std::string text(audit::nameOf(finding.wrong));
    if (finding.entry)
        text += " " + std::to_string(*finding.entry);
    if (finding.range)
        text += " in " + std::to_string(finding.range->first) + ".." +
                std::to_string(finding.range->second);
    return text;
}

} // namespace

class TestVerify : public QObject {
    Q_OBJECT

private:
    /// Records until the log has @p entries, the last being the export's, and exports it.
    static std::string exportOf(const Fixture& at, audit::Log& log, std::uint64_t entries)
    {
        while (log.size() + 1 < entries)
            (void)log.append(accessEvent(Kind::PatientOpen));
        const auto receipt = log.append(plainEvent(Kind::AuditExport));
        const auto file = at.root() / "export";
        const auto done = log.exportTo(file, *receipt, unmask);
        if (!done)
            qWarning("exportTo: %s", done.error().detail.c_str());
        return contents(file);
    }

    std::string verdict(const std::string& file) const
    {
        return describe(m_verifier->verify(audit::asBytes(file)));
    }
    std::string verdict(const Export& parts) const { return verdict(parts.bytes()); }

    std::unique_ptr<Fixture> m_at;
    std::string m_key;
    std::string m_older;
    std::string m_file;
    Export m_parts;
    std::optional<audit::Verifier> m_verifier;

private Q_SLOTS:
    void initTestCase()
    {
        m_at = std::make_unique<Fixture>();
        const auto log = m_at->open();
        m_key = log->publicKey();
        m_file = exportOf(*m_at, *log, kEntries);
        m_older = *log->checkpoint();
        auto verifier = audit::Verifier::create(m_older, m_key);
        QVERIFY(verifier.has_value());
        m_verifier.emplace(std::move(*verifier));
        m_parts = Export::read(m_file);
        QCOMPARE(m_parts.frames.size(), kEntries);
        QVERIFY(m_parts.bytes() == m_file);
    }

    void acceptsTheExport()
    {
        const auto verified = m_verifier->verify(audit::asBytes(m_file));
        QCOMPARE(describe(verified), std::string("right"));
        QCOMPARE(verified->entries, kEntries);
        QCOMPARE(verified->olderSize, kEntries);
        QCOMPARE(verified->committedFields, kEntries - 1);
        QCOMPARE(verified->disclosedFields, kEntries - 1);
    }

    void namesTheEntryOfEveryFlippedBit()
    {
        std::string file = m_file;
        std::size_t at = m_parts.head().size();
        const std::size_t step = kSanitized ? 8 : 1;
        for (std::size_t i = 0; i < kEntries; ++i) {
            const std::size_t end = at + m_parts.frames[i].size();
            for (std::size_t bit = at * 8; bit < end * 8; bit += step) {
                const auto mask = static_cast<char>(1U << (bit + (kSanitized ? bit / 8 : 0)) % 8);
                file[bit / 8] = static_cast<char>(file[bit / 8] ^ mask);
                const auto found = m_verifier->verify(audit::asBytes(file));
                QVERIFY2(
                    !found && found.error().wrong == Wrong::Damaged && found.error().entry == i &&
                        !found.error().range,
                    qPrintable(QString::number(bit) + QString::fromStdString(describe(found))));
                file[bit / 8] = static_cast<char>(file[bit / 8] ^ mask);
            }
            at = end;
        }
        QCOMPARE(verdict(file), std::string("right"));
    }

    void seesEveryFlippedBitBeforeTheEntries()
    {
        std::string file = m_file;
        const std::size_t bits = m_parts.head().size() * 8;
        for (std::size_t bit = 0; bit < bits; bit += kSanitized ? 41 : 3) {
            file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
            QVERIFY2(verdict(file) != "right", qPrintable(QString::number(bit)));
            file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
        }
    }

    void namesEveryDeletedEntry()
    {
        for (std::size_t i = 0; i < kEntries; ++i) {
            Export parts = m_parts;
            parts.frames.erase(parts.frames.begin() + static_cast<std::ptrdiff_t>(i));
            const std::string what = i == kEntries - 1 ? "missing " : "misplaced ";
            QCOMPARE(verdict(parts), what + std::to_string(i));
            // The same with its hash taken out of the list too: then what stands before it is not
            // proven, but it is still the one that is named.
            parts.leaves.erase(parts.leaves.begin() + static_cast<std::ptrdiff_t>(i));
            const auto found = m_verifier->verify(audit::asBytes(parts.bytes()));
            QVERIFY(!found && found.error().entry == i);
        }
    }

    void namesEverySwappedPair()
    {
        for (std::size_t i = 0; i < kEntries; ++i) {
            for (std::size_t j = i + 1; j < kEntries; ++j) {
                Export parts = m_parts;
                std::swap(parts.frames[i], parts.frames[j]);
                QCOMPARE(verdict(parts), "misplaced " + std::to_string(i));
            }
        }
    }

    void namesEveryInsertedEntry()
    {
        for (std::size_t i = 0; i <= kEntries; ++i) {
            for (std::size_t j = 0; j < kEntries; ++j) { // a copy of another
                Export parts = m_parts;
                parts.frames.insert(parts.frames.begin() + static_cast<std::ptrdiff_t>(i),
                                    m_parts.frames[j]);
                // A second entry of the same number right behind the first: the second is too much.
                const std::size_t wrong = i == j ? i + 1 : i;
                QCOMPARE(verdict(parts), "misplaced " + std::to_string(wrong));
            }
            Export parts = m_parts; // one made for the place
            parts.frames.insert(parts.frames.begin() + static_cast<std::ptrdiff_t>(i),
                                forged(m_parts.frames[7], i));
            QCOMPARE(verdict(parts),
                     (i == kEntries ? "unsigned " : "altered ") + std::to_string(i));
        }
    }

    void namesTheEntryOfEveryTruncation()
    {
        std::size_t at = m_parts.head().size();
        for (std::size_t i = 0; i < kEntries; ++i) {
            QCOMPARE(verdict(m_file.substr(0, at)), "missing " + std::to_string(i));
            for (std::size_t cut = 1; cut < m_parts.frames[i].size(); ++cut)
                QCOMPARE(verdict(m_file.substr(0, at + cut)), "damaged " + std::to_string(i));
            at += m_parts.frames[i].size();
        }
        for (std::size_t size = 0; size < m_parts.head().size(); ++size)
            QVERIFY(verdict(m_file.substr(0, size)) != "right");
    }

    void namesEveryForgedEntryWhileOneCopyOfTheHashesIsLeft()
    {
        for (std::size_t i = 0; i < kEntries; ++i) {
            Export parts = m_parts;
            parts.frames[i] = forged(parts.frames[i]);
            QCOMPARE(verdict(parts), "altered " + std::to_string(i));
            // Only the list recomputed: the hash beside the record does not fit it.
            parts.leaves[i] = leafOf(parts.frames[i]);
            parts.frames[i].replace(parts.frames[i].size() - 32, 32, leafOf(m_parts.frames[i]));
            QCOMPARE(verdict(parts), "damaged " + std::to_string(i));
        }
    }

    void namesTheRangeWhereAllHashesWereRecomputed()
    {
        Export parts = m_parts;
        parts.frames[20] = forged(parts.frames[20]);
        parts.leaves[20] = leafOf(parts.frames[20]);
        QCOMPARE(verdict(parts), std::string("range in 0..63"));

        // Signed checkpoints inside the log narrow it: those kept at 256 and 512 entries.
        Fixture at;
        const auto log = at.open();
        Export longer = Export::read(exportOf(at, *log, 600));
        QCOMPARE(longer.notes.size(), 3U);
        const auto verifier = audit::Verifier::create(*log->checkpoint(), log->publicKey());
        QCOMPARE(describe(verifier->verify(audit::asBytes(longer.bytes()))), std::string("right"));
        longer.frames[300] = forged(longer.frames[300]);
        longer.leaves[300] = leafOf(longer.frames[300]);
        QCOMPARE(describe(verifier->verify(audit::asBytes(longer.bytes()))),
                 std::string("range in 256..511"));
    }

    void seesAChangedListOfHashes()
    {
        for (std::size_t i = 0; i < kEntries; ++i) {
            Export parts = m_parts;
            parts.leaves[i][5] = static_cast<char>(parts.leaves[i][5] ^ 1);
            QCOMPARE(verdict(parts), "hash_list " + std::to_string(i));
        }
    }

    void acceptsALaterExportAndSeesTruncationBehindTheCheckpoint()
    {
        Fixture later(*m_at);
        const auto log = later.open();
        const Export parts = Export::read(exportOf(later, *log, 80));
        QCOMPARE(verdict(parts), std::string("right"));
        const auto newer = audit::Verifier::create(*log->checkpoint(), m_key);
        // The old export is right by itself, but somebody has seen sixteen entries more.
        QCOMPARE(describe(newer->verify(audit::asBytes(m_file))), std::string("missing 64"));

        Export stripped = parts; // without its own signature nobody vouches for the new entries
        stripped.notes.clear();
        QCOMPARE(verdict(stripped), std::string("unsigned 64"));
    }

    void refusesOtherKeysAndOtherLogs()
    {
        Fixture other;
        const auto log = other.open();
        const std::string file = exportOf(other, *log, kEntries);
        const auto otherVerifier = audit::Verifier::create(*log->checkpoint(), log->publicKey());
        QCOMPARE(describe(otherVerifier->verify(audit::asBytes(file))), std::string("right"));
        QCOMPARE(verdict(file), std::string("checkpoint"));
        QCOMPARE(audit::Verifier::create(m_older, log->publicKey()).error().code,
                 audit::Errc::Corrupt);
        QCOMPARE(audit::Verifier::create(m_older, "nonsense").error().code, audit::Errc::Key);

        // The whole log written anew with the right entries but another key.
        Export parts = m_parts;
        parts.notes = Export::read(file).notes;
        QCOMPARE(verdict(parts), std::string("checkpoint"));
    }

    void seesAForkedLog()
    {
        // Two histories signed by one key: what a copy of the machine's state can do.
        Fixture one(*m_at);
        Fixture two(*m_at);
        const auto honest = one.open();
        const auto rewritten = two.open();
        (void)honest->append(accessEvent(Kind::PatientOpen));
        const std::string seen = *honest->checkpoint();
        const auto verifier = audit::Verifier::create(seen, m_key);
        QCOMPARE(describe(verifier->verify(audit::asBytes(exportOf(two, *rewritten, 70)))),
                 std::string("fork in 0..64"));
        Fixture three(*m_at);
        QCOMPARE(describe(verifier->verify(audit::asBytes(exportOf(three, *three.open(), 65)))),
                 std::string("fork"));
    }

    void checksDisclosures()
    {
        const auto sections = audit::readExport(audit::asBytes(m_file));
        const auto with = [this](const std::vector<audit::Disclosure>& shown) {
            std::vector<std::byte> out;
            audit::putLittleEndian(out, shown.size());
            for (const auto& disclosure : shown) {
                const auto bytes = audit::encode(disclosure);
                audit::putLittleEndian(out, bytes.size());
                out.insert(out.end(), bytes.begin(), bytes.end());
            }
            Export parts = m_parts;
            parts.disclosures = audit::asText(out);
            return verdict(parts);
        };
        auto fifth = sections->disclosures.at(5);
        QCOMPARE(with({}), std::string("right")); // not disclosed is not wrong
        QCOMPARE(with({fifth}), std::string("right"));
        auto other = fifth;
        other.fields.at("patient").value = "patient-2";
        QCOMPARE(with({other}), std::string("disclosure 5"));
        other = fifth;
        other.index = 6;
        QCOMPARE(with({other}), std::string("disclosure 6"));
        other = fifth;
        other.fields["query"] = other.fields.at("patient");
        QCOMPARE(with({other}), std::string("disclosure 5"));
        other = fifth;
        other.index = 640;
        QCOMPARE(with({other}), std::string("disclosure"));
        QCOMPARE(with({fifth, fifth}), std::string("file"));
    }

    void staysRightAfterErasure()
    {
        Fixture later(*m_at);
        const auto log = later.open();
        const auto erasure = log->append(plainEvent(Kind::Erasure));
        QVERIFY(log->erasePlaintext(3, *erasure).has_value());
        const auto verified = m_verifier->verify(audit::asBytes(exportOf(later, *log, 66)));
        QCOMPARE(describe(verified), std::string("right"));
        QCOMPARE(verified->committedFields - verified->disclosedFields, 1U);
    }

    void wantsTheReceiptOfAnExport()
    {
        Fixture at;
        const auto log = at.open();
        const auto receipt = log->append(accessEvent(Kind::PatientOpen));
        QCOMPARE(log->exportTo(at.root() / "x", *receipt).error().code, audit::Errc::Invalid);
        QVERIFY(!std::filesystem::exists(at.root() / "x"));
    }

    void anIndependentReaderFindsTheSameRoots()
    {
        Fixture at;
        const auto log = at.open();
        const std::string file = exportOf(at, *log, 300); // two checkpoints
        const auto run = [&at](const std::string& bytes) {
            putContents(at.root() / "x", bytes);
            QProcess python;
            python.start(QStringLiteral("python3"),
                         {QStringLiteral(TEST_FOLDER "/verify_independent.py"),
                          QString::fromStdString((at.root() / "x").string())});
            python.waitForFinished();
            return python.exitCode() == 0 ? python.readAllStandardOutput().trimmed()
                                          : QByteArray("wrong");
        };
        const auto checkpoint = audit::openCheckpoint(*log->checkpoint(), log->publicKey());
        QCOMPARE(run(file), "300 " + QByteArray::fromStdString(checkpoint->root).toHex() + " 2");
        std::string bent = file;
        bent[bent.size() - 100] = static_cast<char>(bent[bent.size() - 100] ^ 1);
        QCOMPARE(run(bent), QByteArray("wrong"));
    }

    void programTellsByItsExitStatus()
    {
        const auto root = m_at->root();
        putContents(root / "old", m_older);
        putContents(root / "key", m_key + "\n");
        putContents(root / "good", m_file);
        Export parts = m_parts;
        parts.frames.erase(parts.frames.begin() + 17);
        putContents(root / "bad", parts.bytes());
        const auto run = [&root](const QStringList& arguments) {
            QProcess program;
            program.setWorkingDirectory(QString::fromStdString(root.string()));
            program.start(QStringLiteral(PROGRAMS "/cloister-verify"), arguments);
            program.waitForFinished();
            return QString::number(program.exitCode()) + QLatin1Char(' ') +
                   QString::fromUtf8(program.readAllStandardOutput());
        };
        const QString line = QString::fromStdString(m_key);
        const auto args = [](const char* file, const QString& key) {
            return QStringList{QString::fromLatin1(file),
                               QStringLiteral("--checkpoint"),
                               QStringLiteral("old"),
                               QStringLiteral("--public-key"),
                               key,
                               QStringLiteral("--json")};
        };
        const QString right = run(args("good", line));
        QVERIFY2(right.startsWith(QStringLiteral("0 ")) &&
                     right.contains(QStringLiteral("\"entries\":64")),
                 qPrintable(right));
        QCOMPARE(run(args("good", QStringLiteral("key"))), right);
        const QString wrong = run(args("bad", line));
        QVERIFY2(wrong.startsWith(QStringLiteral("1 ")) &&
                     wrong.contains(QStringLiteral("\"entry\":17")),
                 qPrintable(wrong));
        QVERIFY(run(args("absent", line)).startsWith(QStringLiteral("2 ")));
        QVERIFY(run(args("good", QStringLiteral("old"))).startsWith(QStringLiteral("2 ")));
        QVERIFY(run({QStringLiteral("good")}).startsWith(QStringLiteral("2 ")));
    }
};

QTEST_GUILESS_MAIN(TestVerify)
#include "tst_verify.moc"
