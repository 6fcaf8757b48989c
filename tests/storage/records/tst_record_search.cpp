// SPDX-License-Identifier: Apache-2.0
// What the store finds: patients by name, number and birth, passages, parts of originals.

#include "storage/records/passages.h"
#include "tests/storage/records/made_up_chart.h"

#include <algorithm>
#include <cctype>

using audit::Kind;
using made_up::Archive;
using made_up::bytesOf;
using made_up::Made;
using storage::Errc;

class TestRecordSearch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsPatients()
    {
        Archive archive;
        archive.merge(Made("a"));
        Made other("b");
        other.chart.patient.family = "Müller";
        other.chart.patient.given = "Hans";
        other.chart.patient.resourceId = "pat-2";
        other.chart.patient.identifiers = {{"urn:hospital", "80-4711", true}};
        other.chart.patient.born = records::parseDate("1957-12-24");
        archive.merge(other);
        // ø is a letter of its own, not an accent.
        for (const std::string_view query :
             {"elodie", "ELO", "maria elo", "nørg", "mrn-001", "00123", "X9", "1980-03-02",
              "1980-03", "02.03.1980", "2.3.1980", "elodie 1980"}) {
            QVERIFY2(archive.found(query) == 1, query.data());
        }
        QCOMPARE(archive.found("muller"), 1U);
        QCOMPARE(archive.found("  "), 2U);
        QCOMPARE(archive.found("elodie hans"), 0U);
        QCOMPARE(archive.found("1980-04"), 0U);
        QCOMPARE(archive.found("lodie"), 0U); // not the beginning of a word
        QCOMPARE(archive.found(""), 2U);
        // Signs alone are no name; with one, or between the parts of one, they change nothing.
        for (const std::string_view signs : {"--", "%", "%%", "_", "*", "\"\"", "()", ". , ;", "-",
                                             "\xE2\x80\x94", "\xE2\x80\xA6", " ? ", "\\"})
            QVERIFY2(archive.found(signs) == 0, signs.data());
        QCOMPARE(archive.found("-- elodie %"), 1U);
        QCOMPARE(archive.found("maria \xE2\x80\x94 elodie \xE2\x80\xA6"), 1U);
        QCOMPARE(archive.found("80-47"), 1U);
        for (const std::string_view odd : {"\"", "name:x", "a OR b", "*", "(", "NEAR(x)", "'--"})
            (void)archive.found(odd);
        const auto receipt = archive.scratch.receipt();
        QCOMPARE(valueOf(archive.store->search(receipt, "", 1, 0))[0].name,
                 other.chart.patient.displayName());
        QCOMPARE(valueOf(archive.store->search(receipt, "", 1, 1)).size(), 1U);
        QCOMPARE(valueOf(archive.store->search(receipt, "", 9, 2)).size(), 0U);
    }

    void passagesBelongToThePatient()
    {
        Archive archive;
        Made made("a");
        made.addNote("doc-0", "Nothing of interest.");
        const std::string filler(900, 'x');
        made.addNote("doc-1", "Potassium chloride was stopped after the fall.\n\n" + filler +
                                  "\n\nDiuretics continue. Seen by cardiology.");
        const auto patient = archive.merge(made).patient;
        Made other("b");
        other.chart.patient.resourceId = "pat-2";
        other.chart.patient.identifiers.clear();
        other.addNote("doc-2", "Potassium potassium potassium.");
        archive.merge(other);

        const auto found = valueOf(archive.store->passages(archive.scratch.receipt(), patient,
                                                           "why was potassium stopped?", 10));
        QCOMPARE(found.size(), 1U);
        const records::Chart chart = archive.chart(patient);
        QVERIFY(found[0].document == chart.documents[1].source);
        QVERIFY(found[0].document != chart.documents[0].source); // control
        const std::string text = chart.documents[1].text;
        QVERIFY(std::string_view(text)
                    .substr(found[0].begin, found[0].end - found[0].begin)
                    .starts_with("Potassium chloride was stopped"));
        QVERIFY(found[0].score > 0);
        QVERIFY(
            valueOf(archive.store->passages(archive.scratch.receipt(), patient, "", 10)).empty());
        QVERIFY(valueOf(archive.store->passages(archive.scratch.receipt(), patient, "\" AND (", 10))
                    .empty());
        // The column of patients cannot be searched by what is typed.
        QVERIFY(valueOf(archive.store->passages(archive.scratch.receipt(), patient, patient, 10))
                    .empty());
    }

    void passagesCoverTheText()
    {
        const std::string long1(2000, 'a');
        std::string umlauts;
        for (int i = 0; i < 1000; ++i)
            umlauts += "ü";
        std::string prose;
        for (int i = 0; i < 60; ++i)
            prose += "Sentence number " + std::to_string(i) + " says little. ";
        for (const std::string& text :
             {std::string(), std::string("   \n "), std::string("Short."), long1, umlauts, prose,
              std::string("Plan\n\nStop it.\n\n") + prose}) {
            std::uint64_t last = 0;
            for (const auto& [begin, end] : records::passagesOf(text)) {
                QVERIFY(begin >= last && end > begin && end - begin <= 700 && end <= text.size());
                for (std::uint64_t i = last; i < begin; ++i)
                    QVERIFY(std::isspace(static_cast<unsigned char>(text[i])));
                QVERIFY((static_cast<unsigned char>(text[begin]) & 0xC0U) != 0x80U);
                last = end;
            }
            QVERIFY(std::ranges::all_of(text.substr(last), [](char c) {
                return std::isspace(static_cast<unsigned char>(c)) != 0;
            }));
        }
        for (const auto& [begin, end] : records::passagesOf(prose))
            QVERIFY(prose[end - 1] == '.');
    }

    void originalsAreGivenInParts()
    {
        Archive archive;
        const Made made("0123456789");
        const auto patient = archive.merge(made).patient;
        const auto part = [&](std::uint64_t begin, std::uint64_t end) {
            return archive.store->original(archive.scratch.receipt(Kind::DocumentOpen), patient,
                                           made.hash, begin, end);
        };
        QVERIFY(std::ranges::equal(valueOf(part(2, 5)), bytesOf("234")));
        QVERIFY(std::ranges::equal(valueOf(part(4, 0)), bytesOf("456789")));
        QCOMPARE(errorOf(part(5, 4)), Errc::Invalid);
        QCOMPARE(errorOf(part(0, 11)), Errc::Invalid);
        QCOMPARE(errorOf(part(11, 0)), Errc::Invalid);
    }
};

QTEST_GUILESS_MAIN(TestRecordSearch)
#include "tst_record_search.moc"
