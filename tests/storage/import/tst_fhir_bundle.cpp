// SPDX-License-Identifier: Apache-2.0
// The bundle as a whole: what is refused, counted, named, resolved, limited.
#include "bundle_text.h"

#include "storage/import/document.h"
#include "storage/import/limits.h"
#include "tests/support/run_options.h"

#include <QCryptographicHash>
#include <QTest>

#include <random>

using bundle_text::bundleOf;
using bundle_text::json;
using bundle_text::of;
using bundle_text::withPatient;
using imports::Errc;
using imports::ImportedDocument;
using imports::readFhirBundle;

namespace {

std::uint64_t counted(const ImportedDocument& document, std::string_view code)
{
    for (const imports::Warning& warning : document.warnings) {
        if (warning.code == code)
            return warning.count;
    }
    return 0;
}

const std::string kCondition = of("Condition", "'id':'c','code':{'text':'Gout'}");

} // namespace

class TestFhirBundle : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void refusesWithATypedError_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("code");
        const auto row = [](const char* name, const std::string& text, const char* code) {
            QTest::newRow(name) << QByteArray::fromStdString(text) << QByteArray(code);
        };
        const std::string patient = "{'resourceType':'Patient','id':'p'}";
        row("empty", "", "bad_json");
        row("a word", "no bundle", "bad_json");
        row("a number", "17", "not_a_bundle");
        row("null", "null", "not_a_bundle");
        row("HL7 v2", "MSH|^~\\&|LAB", "bad_json");
        row("XML", "<Bundle/>", "bad_json");
        row("cut off", json("{'resourceType':'Bundle','entry':["), "bad_json");
        row("something behind", bundleOf({patient}) + " x", "bad_json");
        row("comma", json("{'resourceType':'Bundle','entry':[],}"), "bad_json");
        row("bad escape", json("{'resourceType':'B\\qundle'}"), "bad_json");
        row("not UTF-8", json("{'resourceType':'Bundle','id':'\xC3('}"), "bad_json");
        row("bad number in a resource", bundleOf({"{'resourceType':'Patient','x':01}"}),
            "bad_json");
        row("brackets crossed", bundleOf({"{'resourceType':'Patient','x':[}"}), "bad_json");
        row("member twice", json("{'resourceType':'Bundle','resourceType':'Bundle'}"), "bad_json");
        row("member twice in a resource",
            bundleOf({"{'resourceType':'Patient','id':'p','id':'q'}"}), "bad_json");
        row("list", "[1, 2]", "not_a_bundle");
        row("patient alone", json(patient), "not_a_bundle");
        row("entry no list", json("{'resourceType':'Bundle','entry':{}}"), "not_a_bundle");
        row("entry no object", json("{'resourceType':'Bundle','entry':[3]}"), "not_a_bundle");
        row("resource no object", json("{'resourceType':'Bundle','entry':[{'resource':3}]}"),
            "not_a_bundle");
        row("resource without type", bundleOf({patient, "{'id':'x'}"}), "not_a_bundle");
        row("type no name", bundleOf({"{'resourceType':'Pat/ient'}"}), "not_a_bundle");
        row("no entries", json("{'resourceType':'Bundle','type':'collection'}"), "no_patient");
        row("no patient", bundleOf({"{'resourceType':'Condition','code':{'text':'x'}}"}),
            "no_patient");
        row("two patients", bundleOf({patient, "{'resourceType':'Patient','id':'q'}"}),
            "several_patients");
        row("too deep",
            withPatient({of("Condition", "'note':" + std::string(80, '[') + std::string(80, ']'))}),
            "too_deep");
    }

    void refusesWithATypedError()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, code);
        const auto read = readFhirBundle(text.toStdString());
        QVERIFY(!read);
        QCOMPARE(QByteArray::fromStdString(std::string(imports::nameOf(read.error().code))), code);
        QVERIFY(!read.error().detail.empty());
    }

    void namesTheByteOfBadJson()
    {
        const auto cut = readFhirBundle(json("{'resourceType':'Bundle','entry':["));
        QVERIFY(QByteArray::fromStdString(cut.error().detail).endsWith("at byte 34"));
        const auto utf8 = readFhirBundle(json("{'id':'abc\xFF'}"));
        QVERIFY(QByteArray::fromStdString(utf8.error().detail).endsWith("at byte 10"));
    }

    void refusesResourcesOfAnotherPatient_data()
    {
        QTest::addColumn<QByteArray>("member");
        QTest::addColumn<QByteArray>("outcome"); // "mixed", "mine", "left out", "no subject"
        const auto row = [](const char* member, const char* outcome) {
            QTest::newRow(member) << QByteArray(member) << QByteArray(outcome);
        };
        row("'subject':{'reference':'Patient/q'}", "mixed");
        row("'subject':{'reference':'urn:uuid:99999999-2222-3333-4444-555555555555'}", "mixed");
        row("'subject':{'reference':'https://elsewhere.invalid/fhir/Patient/q'}", "mixed");
        row("'patient':{'reference':'Patient/q/_history/1'}", "mixed");
        row("'subject':{'identifier':{'system':'s','value':'2'}}", "mixed");
        row("'subject':{'reference':'Patient?identifier=s|2'}", "mixed");
        row("'subject':{'reference':'Patient?identifier=other|1'}", "mixed");
        row("'subject':{'reference':'Patient?identifier=other%7C1'}", "mixed");
        row("'subject':{'reference':'Patient?identifier=|1'}", "mixed");
        row("'subject':{'reference':'Patient?identifier=s|'}", "mixed");
        row("'subject':{'reference':'Patient?identifier=s|1,s|2'}", "mixed");
        row("'subject':{'reference':'https://b.invalid/Patient?identifier=s|1'}", "mixed");
        row("'subject':{'reference':'#x'}", "mixed");
        row("'subject':{'reference':'#q'},'contained':[{'resourceType':'Patient','id':'q'}]",
            "mixed");
        row("'subject':{'reference':'Patient/p'},'beneficiary':{'reference':'Patient/q'}", "mixed");
        row("'subject':{'reference':'Patient/p'}", "mine");
        row("'subject':{'reference':'urn:uuid:11111111-2222-3333-4444-555555555555'}", "mine");
        row("'subject':{'reference':'https://here.invalid/fhir/Patient/p'}", "mine");
        row("'subject':{'reference':'Patient/p/_history/3'}", "mine");
        row("'subject':{'identifier':{'system':'s','value':'1'}}", "mine");
        row("'subject':{'reference':'Patient?identifier=s|1'}", "mine");
        row("'subject':{'reference':'Patient?identifier=s%7c1'}", "mine");
        row("'subject':{'reference':'Patient?identifier=1'}", "mine");
        row("'subject':{'reference':'#q'},'contained':[{'resourceType':'Patient','id':'q',"
            "'identifier':[{'system':'s','value':'1'}]}]",
            "mine");
        row("'subject':{'reference':'Group/g'}", "left out");
        row("'subject':{'display':'Ms P'}", "no subject");
        row("'id':'x'", "no subject");
    }

    void refusesResourcesOfAnotherPatient()
    {
        QFETCH(QByteArray, member);
        QFETCH(QByteArray, outcome);
        const auto read = readFhirBundle(
            json("{'resourceType':'Bundle','entry':["
                 "{'fullUrl':'urn:uuid:11111111-2222-3333-4444-555555555555','resource':"
                 "{'resourceType':'Patient','id':'p','identifier':[{'system':'s','value':'1'}]}},"
                 "{'resource':{'resourceType':'Condition','code':{'text':'Gout'}," +
                 member.toStdString() + "}}]}"));
        if (outcome == "mixed") {
            QVERIFY(!read);
            QCOMPARE(read.error().code, Errc::MixedPatients);
            return;
        }
        QVERIFY(read);
        QCOMPARE(read->chart.conditions.size(), outcome == "left out" ? std::size_t{0} : 1);
        QCOMPARE(counted(*read, "not_this_patient"),
                 std::uint64_t{outcome == "left out" ? 1U : 0U});
        QCOMPARE(counted(*read, "no_subject"), std::uint64_t{outcome == "no subject" ? 1U : 0U});
    }

    void anIdCountsOnItsOwnServerOnly_data()
    {
        QTest::addColumn<QByteArray>("patientUrl");
        QTest::addColumn<QByteArray>("entryUrl");
        QTest::addColumn<QByteArray>("reference");
        QTest::addColumn<bool>("mine");
        const auto row = [](const char* patientUrl, const char* entryUrl, const char* reference,
                            bool mine) {
            QTest::addRow("%s, %s, %s", patientUrl, entryUrl, reference)
                << QByteArray(patientUrl) << QByteArray(entryUrl) << QByteArray(reference) << mine;
        };
        const char* a = "http://a.invalid/fhir/Patient/1";
        const char* urn = "urn:uuid:11111111-2222-3333-4444-555555555555";
        row(a, "", "http://b.invalid/fhir/Patient/1", false);
        row(a, "", "https://b.invalid/fhir/Patient/1", false);
        row(a, "", "http://a.invalid/other/Patient/1", false);
        row(a, "", "http://a.invalid/Patient/1", false);
        row(a, "", "http://a.invalid/FHIR/Patient/1", false);
        row(a, "", "http://a.invalid:81/fhir/Patient/1", false);
        row(a, "", "http://b.invalid/fhir/Patient/1/_history/2", false);
        row(a, "", "http://b.invalid/http://a.invalid/fhir/Patient/1", false);
        row(a, "", "http://a.invalid/fhir/Patient/2", false);
        row(a, "http://b.invalid/fhir/Condition/5", "Patient/1", false);
        row("HTTPS://A.invalid/fhir/Patient/1/_history/4", "", "http://b.invalid/fhir/Patient/1",
            false);
        row(urn, "", "http://b.invalid/fhir/Patient/2", false);
        // Look-alikes.
        row(a, "", a, true);
        row(a, "", "http://a.invalid/fhir/Patient/1/_history/2", true);
        row(a, "", "https://A.invalid/fhir/Patient/1", true);
        row(a, "", "Patient/1", true);
        row(a, "http://a.invalid/fhir/Condition/5", "Patient/1", true);
        row(a, urn, "Patient/1", true);
        row(a, "http://b.invalid/fhir/Condition/5", a, true);
        row(urn, "", "http://b.invalid/fhir/Patient/1", true);
        row("", "http://b.invalid/fhir/Condition/5", "Patient/1", true);
    }

    void anIdCountsOnItsOwnServerOnly()
    {
        QFETCH(QByteArray, patientUrl);
        QFETCH(QByteArray, entryUrl);
        QFETCH(QByteArray, reference);
        QFETCH(bool, mine);
        const auto entry = [](const QByteArray& url, const QByteArray& resource) {
            return (url.isEmpty() ? "{" : "{'fullUrl':'" + url + "',") + "'resource':" + resource +
                   "}";
        };
        const QByteArray text =
            "{'resourceType':'Bundle','entry':[" +
            entry(patientUrl, "{'resourceType':'Patient','id':'1'}") + "," +
            entry(entryUrl, "{'resourceType':'Condition','id':'5','code':{'text':'Gout'},"
                            "'subject':{'reference':'" +
                                reference + "'}}") +
            "]}";
        const auto read = readFhirBundle(json(text.toStdString()));
        QCOMPARE(read.has_value(), mine);
        if (!mine)
            QCOMPARE(read.error().code, Errc::MixedPatients);
    }

    void findsAForeignBillToo()
    {
        const auto read = readFhirBundle(
            withPatient({"{'resourceType':'Claim','patient':{'reference':'Patient/q'}}"}));
        QVERIFY(!read);
        QCOMPARE(read.error().code, Errc::MixedPatients);
    }

    void pointsToTheBytesOfEachResource()
    {
        const std::string text = withPatient({kCondition});
        const auto read = readFhirBundle(text);
        QVERIFY(read);
        const records::Source source = read->chart.conditions.at(0).source;
        QCOMPARE(text.substr(source.begin, source.end - source.begin), json(kCondition));
        QCOMPARE(
            QByteArray::fromStdString(source.document),
            QCryptographicHash::hash(QByteArray::fromStdString(text), QCryptographicHash::Sha256)
                .toHex());
        QCOMPARE(source.resourceType, std::string("Condition"));
        QCOMPARE(source.resourceId, std::string("c"));

        // A byte order mark shifts nothing.
        const auto marked = readFhirBundle("\xEF\xBB\xBF" + text);
        QVERIFY(marked);
        QCOMPARE(marked->chart.conditions.at(0).source.begin, source.begin + 3);
    }

    void namesResourcesByIdElseByEntry()
    {
        const auto read = readFhirBundle(
            withPatient({kCondition, of("Condition", "'code':{'text':'without id'}"), kCondition}));
        QVERIFY(read);
        QCOMPARE(read->chart.conditions.size(), std::size_t{3});
        QCOMPARE(read->chart.conditions[0].source.resourceId, std::string("c"));
        QCOMPARE(read->chart.conditions[1].source.resourceId, std::string("entry[2]"));
        QCOMPARE(read->chart.conditions[2].source.resourceId, std::string("entry[3]"));
        QCOMPARE(counted(*read, "duplicate_id"), std::uint64_t{1});
        QCOMPARE(read->resources.at("Condition"), std::uint64_t{3});
    }

    void keepsTheNewerVersionOfAResource()
    {
        const auto version = [](const char* when, const char* text) {
            return of("Condition", std::string("'id':'c','meta':{'lastUpdated':'") + when +
                                       "'},'code':{'text':'" + text + "'}");
        };
        for (const bool newerFirst : {true, false}) {
            const std::string newer = version("2024-03-02T00:00:00Z", "new");
            const std::string older = version("2023-03-02T00:00:00Z", "old");
            const auto read = readFhirBundle(newerFirst ? withPatient({newer, older})
                                                        : withPatient({older, newer}));
            QVERIFY(read);
            QCOMPARE(read->chart.conditions.size(), std::size_t{1});
            QCOMPARE(read->chart.conditions[0].code.text, std::string("new"));
            QCOMPARE(read->chart.conditions[0].source.resourceId, std::string("c"));
            QCOMPARE(counted(*read, "older_version"), std::uint64_t{1});
        }
    }

    void leavesOutWhatMustNotBeRead()
    {
        const auto read = readFhirBundle(withPatient(
            {of("Observation", "'status':'entered-in-error','code':{'text':'K'},'valueInteger':9"),
             of("Condition", "'verificationStatus':{'coding':[{'code':'entered-in-error'}]},'code':"
                             "{'text':'x'}"),
             of("Condition",
                "'verificationStatus':{'coding':[{'code':'refuted'}]},'code':{'text':'y'}"),
             of("DocumentReference", "'status':'entered-in-error','content':[]"),
             of("Condition",
                "'modifierExtension':[{'url':'u','valueBoolean':true}],'code':{'text':'z'}"),
             of("Bundle", "'type':'collection'"), of("VisionPrescription", "'id':'v'")}));
        QVERIFY(read);
        QVERIFY(read->chart.conditions.empty());
        QVERIFY(read->chart.observations.empty());
        QVERIFY(read->chart.documents.empty());
        QCOMPARE(counted(*read, "entered_in_error"), std::uint64_t{3});
        QCOMPARE(counted(*read, "refuted"), std::uint64_t{1});
        QCOMPARE(counted(*read, "modifier_extension"), std::uint64_t{1});
        QCOMPARE(counted(*read, "nested_bundle"), std::uint64_t{1});
        QCOMPARE(counted(*read, "not_read"), std::uint64_t{1});
        QCOMPARE(read->resources.at("Condition"), std::uint64_t{3});
    }

    void namesWhatIsTakenBack()
    {
        const std::string refuted = "'verificationStatus':{'coding':[{'code':'refuted'}]},";
        const auto read = readFhirBundle(withPatient(
            {kCondition, of("Observation", "'id':'o','status':'entered-in-error','code':{}"),
             of("Condition", "'id':'r'," + refuted + "'code':{'text':'y'}"),
             of("AllergyIntolerance", refuted + "'code':{'text':'nameless'}"),
             of("DocumentReference", "'id':'d','docStatus':'entered-in-error','content':[]"),
             of("Procedure", "'id':'m','modifierExtension':[{'url':'u'}],'code':{'text':'z'}"),
             "{'resourceType':'Claim','id':'bill','status':'entered-in-error'}"}));
        QVERIFY(read);
        std::vector<std::string> names;
        for (const records::Source& source : read->chart.withdrawn) {
            names.push_back(source.resourceType + "/" + source.resourceId);
            QCOMPARE(source.document, read->chart.patient.source.document);
            QVERIFY(source.path.empty() && source.begin < source.end);
        }
        QCOMPARE(names, (std::vector<std::string>{"Observation/o", "Condition/r",
                                                  "AllergyIntolerance/entry[4]",
                                                  "DocumentReference/d", "Procedure/m"}));
        QCOMPARE(read->chart.conditions.size(), std::size_t{1}); // control: the sound one stands
    }

    void tellsWhenAResourceWasLastChanged()
    {
        const auto dated = [](const char* id, const char* when) {
            return std::string(id) + ",'meta':{'lastUpdated':'" + when + "'},";
        };
        const auto read = readFhirBundle(withPatient(
            {of("Condition", dated("'id':'c'", "2026-01-01T00:00:00Z") + "'code':{'text':'old'}"),
             of("Condition", dated("'id':'c'", "2026-02-01T00:00:00Z") + "'code':{'text':'new'}"),
             of("Observation", dated("'id':'o'", "2026-03-01T00:00:00Z") +
                                   "'status':'entered-in-error','code':{}"),
             of("Condition", dated("'x':0", "2026-04-01T00:00:00Z") + "'code':{'text':'no id'}"),
             of("Condition", "'id':'undated','code':{'text':'y'}"),
             of("Condition", dated("'id':'bad'", "yesterday") + "'code':{'text':'z'}")}));
        QVERIFY(read);
        std::vector<std::string> versions;
        for (const records::ResourceVersion& version : read->chart.versions)
            versions.push_back(version.resourceType + "/" + version.resourceId + " " +
                               version.updated.text);
        QCOMPARE(versions, (std::vector<std::string>{"Condition/c 2026-02-01T00:00:00Z",
                                                     "Observation/o 2026-03-01T00:00:00Z"}));
    }

    void countsContainedResourcesNot()
    {
        const auto read = readFhirBundle(withPatient(
            {of("MedicationRequest",
                "'contained':[{'resourceType':'Medication','id':'m','code':{'text':'Aspirin'}}],"
                "'medicationReference':{'reference':'#m'}")}));
        QVERIFY(read);
        QVERIFY(!read->resources.contains("Medication"));
        QCOMPARE(read->chart.medications.at(0).code.text, std::string("Aspirin"));
    }

    void staysWithinItsLimits()
    {
        std::string values = "[0";
        for (std::size_t i = 0; i < imports::kMaxValues; ++i)
            values += ",0";
        const auto many = readFhirBundle(withPatient({of("Condition", "'x':" + values + "]")}));
        QVERIFY(!many);
        QCOMPARE(many.error().code, Errc::TooLarge);

        std::string entries = json("{'resourceType':'Bundle','entry':[{}");
        for (std::size_t i = 0; i < imports::kMaxEntries; ++i)
            entries += ",{}";
        const auto crowded = readFhirBundle(entries + "]}");
        QVERIFY(!crowded);
        QCOMPARE(crowded.error().code, Errc::TooLarge);
    }

    void neverFallsOverDamagedBundles()
    {
        const std::string good = withPatient(
            {kCondition,
             of("Observation",
                "'id':'o','status':'final','code':{'coding':[{'system':'http://loinc.org','code':"
                "'2823-3','display':'Kalium "
                "\u00E4'}]},'valueQuantity':{'value':4.10,'unit':'mmol/L'},"
                "'referenceRange':[{'low':{'value':3.5}}],'component':[{'code':{'text':'x'},"
                "'valueString':'a\\u00e9\\n'}]"),
             of("DocumentReference",
                "'content':[{'attachment':{'contentType':'text/html','data':'PHA+YTwvcD4='}}]")});
        QVERIFY(readFhirBundle(good));
        for (std::size_t length = 0; length < good.size(); ++length)
            QVERIFY(!readFhirBundle(good.substr(0, length)));

        std::mt19937 random(20260823);
        int refused = 0;
        const int rounds = support::rounds(4000, 400000);
        for (int round = 0; round < rounds; ++round) {
            std::string damaged = good;
            for (std::uint_fast32_t edits = 1 + random() % 3; edits > 0; --edits) {
                const std::size_t at = random() % damaged.size();
                switch (random() % 4) {
                case 0:
                    damaged[at] = static_cast<char>(random() % 256);
                    break;
                case 1:
                    damaged.erase(at, 1 + random() % 8);
                    break;
                case 2:
                    damaged.insert(at, 1, "{}[]\",:0\\"[random() % 9]);
                    break;
                default:
                    damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 40));
                }
                if (damaged.empty())
                    damaged = "x";
            }
            const auto read = readFhirBundle(damaged);
            if (!read)
                ++refused;
            else
                QCOMPARE(read->format, std::string("fhir-r4-bundle"));
        }
        // Both happen: damage to syntax is refused, damage to a word is another word.
        QVERIFY(refused > rounds / 4);
        QVERIFY(refused < rounds);
    }
};

QTEST_GUILESS_MAIN(TestFhirBundle)
#include "tst_fhir_bundle.moc"
