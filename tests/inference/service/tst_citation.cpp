// SPDX-License-Identifier: Apache-2.0
// What a citation opens after an import has replaced or withdrawn documents.
#include "tests/inference/service/rig.h"

#include "inference/api/client.h"
#include "inference/api/json.h"
#include "inference/service/record_search.h"

#include <QtTest>

namespace {

std::string noteOf(const char* id, const QByteArray& words, const char* status = "current")
{
    return "{\"resource\":{\"resourceType\":\"DocumentReference\",\"id\":\"" + std::string(id) +
           "\",\"status\":\"" + status +
           "\",\"subject\":{\"reference\":\"Patient/shift\"},\"content\":[{\"attachment\":{"
           "\"contentType\":\"text/plain\",\"data\":\"" +
           words.toBase64().toStdString() + "\"}}]}}";
}

std::string bundleOf(const std::vector<std::string>& entries)
{
    std::string text =
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
        "\"resourceType\":\"Patient\",\"id\":\"shift\",\"name\":[{\"family\":\"Wechsel\"}],"
        "\"identifier\":[{\"type\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"MR\"}]},"
        "\"system\":\"urn:example:mrn\",\"value\":\"SHIFT-1\"}]}}";
    for (const std::string& entry : entries)
        text += "," + entry;
    return text + "]}";
}

const QByteArray kWarfarin = "Warfarin was stopped because of a nosebleed.";
const QByteArray kBruises = "Seen again. Warfarin was stopped because of bruises on both arms.";
const QByteArray kDigoxin = "Digoxin was stopped because of nausea at night.";

} // namespace

class TestCitation : public QObject {
    Q_OBJECT

    std::unique_ptr<rig::Rig> m_rig;
    std::string m_token, m_patient, m_first;

    void import(const std::string& bundle)
    {
        QCOMPARE(m_rig->call("POST", "/cloister/v1/admin/import", {}, bundle).status, 202);
        const auto list = api::decode<api::PatientList>(
            m_rig->call("POST", "/cloister/v1/patients/search", m_token, "{\"query\":\"Wechsel\"}")
                .body);
        QVERIFY(list && list->patients.size() == 1);
        m_patient = list->patients.front().id;
    }

    std::string base() const { return "/cloister/v1/patients/" + m_patient; }

    /// The passage that the answer to @p question cites, read back from the vault.
    api::EvidenceItem cited(const std::string& question)
    {
        m_rig->engine.pieces = {"It was."};
        m_rig->call("POST", base() + "/questions", m_token, "{\"question\":\"" + question + "\"}");
        return storedPassage();
    }

    api::EvidenceItem storedPassage()
    {
        const auto list = api::decode<api::ConversationList>(
            m_rig->call("GET", "/cloister/v1/conversations?patient=" + m_patient, m_token).body);
        if (!list || list->conversations.empty())
            return {};
        const auto turns = api::decode<api::ConversationTurns>(
            m_rig
                ->call("GET", "/cloister/v1/conversations/" + list->conversations.front().id,
                       m_token)
                .body);
        if (!turns || turns->turns.empty() || !turns->turns.front().answer)
            return {};
        for (const api::EvidenceItem& item : turns->turns.front().answer->evidence) {
            if (item.kind == "passage")
                return item;
        }
        return {};
    }

    static std::string addressOf(const api::EvidenceItem& item)
    {
        return "/documents/" + std::to_string(item.documentIndex) +
               "?begin=" + std::to_string(item.source.begin) +
               "&end=" + std::to_string(item.source.end) + "&sha256=" + item.source.document +
               "&path=content%5B0%5D.attachment";
    }

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<rig::Rig>();
        m_token = m_rig->signIn("dr.dahl");
        m_first = bundleOf({noteOf("a", kWarfarin), noteOf("b", kDigoxin)});
        import(m_first);
    }
    void cleanup() { m_rig.reset(); }

    void opensItsDocumentWhereverThatIsListedByNow_data()
    {
        QTest::addColumn<QByteArray>("now"); // of note a
        QTest::addColumn<QByteArray>("status");
        QTest::newRow("replaced") << kBruises << QByteArray("current");
        QTest::newRow("withdrawn") << kWarfarin << QByteArray("entered-in-error");
    }

    void opensItsDocumentWhereverThatIsListedByNow()
    {
        QFETCH(QByteArray, now);
        QFETCH(QByteArray, status);
        const api::EvidenceItem item = cited("Why was digoxin stopped?");
        QCOMPARE(item.documentIndex, 1);
        QCOMPARE(item.source.path, std::string("content[0].attachment"));
        import(bundleOf({noteOf("a", now, status.constData()), noteOf("b", kDigoxin)}));

        const auto opened = m_rig->call("GET", base() + addressOf(item), m_token);
        QCOMPARE(opened.status, 200);
        const auto text = api::decode<api::DocumentText>(opened.body);
        QVERIFY(text && text->source == item.source);
        QCOMPARE(text->index, 0U);
        QCOMPARE(text->text.substr(item.begin, item.end - item.begin), kDigoxin.toStdString());
        const auto entries = m_rig->recorded(audit::Kind::DocumentOpen);
        QCOMPARE(entries.back().plain.at("document"), item.source.document);

        // Control: its old place holds another document now, or none.
        const auto byPlace = m_rig->call("GET", base() + "/documents/1", m_token);
        QVERIFY(!byPlace.body.contains(item.text));
    }

    void ofAReplacedDocumentOnlyTheOriginalOpens()
    {
        const api::EvidenceItem item = cited("Why was warfarin stopped?");
        QCOMPARE(item.documentIndex, 0);
        const std::string second = bundleOf({noteOf("a", kBruises), noteOf("b", kDigoxin)});
        QCOMPARE(m_rig->call("GET", base() + addressOf(item), m_token).status, 200); // control
        import(second);

        const auto opened = m_rig->call("GET", base() + addressOf(item), m_token);
        QCOMPARE(opened.status, 404);
        QVERIFY(opened.body.contains("not_found"));
        const auto original = api::decode<api::OriginalText>(
            m_rig
                ->call("GET",
                       base() + "/originals/" + item.source.document +
                           "?begin=" + std::to_string(item.source.begin) +
                           "&end=" + std::to_string(item.source.end),
                       m_token)
                .body);
        QVERIFY(original && original->text.contains(kWarfarin.toBase64().toStdString()));
    }

    void everyPartOfTheSourceCounts()
    {
        const api::EvidenceItem item = cited("Why was digoxin stopped?");
        const auto status = [&](auto change) {
            api::EvidenceItem other = item;
            change(other);
            return m_rig->call("GET", base() + addressOf(other), m_token).status;
        };
        QCOMPARE(status([](api::EvidenceItem&) {}), 200);
        QCOMPARE(status([](api::EvidenceItem& it) { it.documentIndex = 77; }), 200); // a hint only
        QCOMPARE(status([](api::EvidenceItem& it) { it.source.begin += 1; }), 404);
        QCOMPARE(status([](api::EvidenceItem& it) { it.source.end += 1; }), 404);
        QCOMPARE(status([](api::EvidenceItem& it) { it.source.document = std::string(64, 'f'); }),
                 404);
        const std::string address = base() + addressOf(item);
        const std::string whole = address.substr(0, address.find("&path="));
        QCOMPARE(m_rig->call("GET", whole, m_token).status, 404);
        QCOMPARE(m_rig->call("GET", whole + "&path=content%5", m_token).status, 400);
    }

    void aClientFindsItByItsSource()
    {
        const api::EvidenceItem kept = cited("Why was digoxin stopped?");
        import(bundleOf({noteOf("a", kBruises), noteOf("b", kDigoxin)}));
        const rig::Served served(*m_rig);
        const auto [client, session] = served.clinician();
        const auto index = static_cast<std::uint64_t>(kept.documentIndex);
        const auto opened = client->document(m_patient, index, kept.source);
        QVERIFY(opened && opened->text == kDigoxin.toStdString());
        api::Source other = kept.source;
        other.resourceId = "a"; // of the same bytes: the service does not ask for it
        const auto refused = client->document(m_patient, index, other);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, api::Errc::NotFound);
    }

    void aSearchLeavesOutWhatTheChartInHandDoesNotHold()
    {
        const audit::Receipt receipt = *m_rig->log->append({.kind = audit::Kind::PatientOpen});
        const auto chart = *m_rig->records->with(
            [&](records::RecordStore& store) { return store.chart(receipt, m_patient); });
        const auto search = service::searchOf(*m_rig->records, m_patient, receipt, chart);
        QCOMPARE(search("warfarin digoxin stopped", 10).size(), 2U); // control: nothing has changed
        import(bundleOf({noteOf("a", kBruises), noteOf("b", kDigoxin)}));
        const std::vector<evidence::Passage> found = search("warfarin digoxin stopped", 10);
        QCOMPARE(found.size(), 1U);
        QCOMPARE(found.front().document, 1U); // where the chart in hand has it
        QCOMPARE(chart.documents[1].text, kDigoxin.toStdString());
    }
};

QTEST_GUILESS_MAIN(TestCitation)
#include "tst_citation.moc"
