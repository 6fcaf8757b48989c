// SPDX-License-Identifier: Apache-2.0
// The whole way with the real processes: ceremony, users, import, questions, history, restart.
#include "inference/api/client.h"
#include "tests/flow/admin_program.h"
#include "tests/flow/ward.h"

#include <QtTest>

#include <algorithm>

class TestFlow : public QObject {
    Q_OBJECT

    flow::Ward m_ward;
    flow::MadeUpPatient m_made = flow::makeUpPatient();

    std::string patientId(api::Client& client) const
    {
        const auto list = client.searchPatients(m_made.family, 10, 0);
        return list && list->patients.size() == 1 ? list->patients.front().id : std::string();
    }

private Q_SLOTS:
    void initTestCase() { QVERIFY2(m_ward.start(), m_ward.standardError().constData()); }

    void nothingWorksBeforeTheCeremony()
    {
        const auto client = m_ward.client();
        QVERIFY(!client->service()->initialised);
        const auto session =
            client->signIn({.user = "x", .passphrase = "y", .knownCheckpoint = {}});
        QVERIFY(!session && session.error().code == api::Errc::NotInitialised);
    }

    void theCeremonyAndTheFirstClinician()
    {
        QCOMPARE(m_ward.init(), std::string());
        QCOMPARE(m_ward.shares.size(), 3U);
        QVERIFY(m_ward.client()->service()->initialised);
    }

    void aBundleMadeUpInThisRunIsImported()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("record.json")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray::fromStdString(m_made.bundle));
        file.close();
        const auto ran = flow::runAdmin(m_ward, {QStringLiteral("import"), file.fileName()});
        QVERIFY2(ran.status == 0, ran.err.constData());
        QCOMPARE(
            flow::runAdmin(m_ward, {QStringLiteral("import"), QStringLiteral("/dev/null")}).status,
            1);
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        QVERIFY(!patientId(*client).empty());
    }

    void aLookUpIsAnsweredWithTheRightSpan()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        const std::string patient = patientId(*client);
        const auto done = client->ask(patient, {.question = "What is the last potassium?"}, {}, {});
        QVERIFY2(done, done ? "" : done.error().message.c_str());
        QCOMPARE(done->answer.kind, std::string("lookup"));
        QVERIFY(done->answer.text.contains(m_made.lastPotassium));
        const api::Claim& claim = done->answer.claims.front();
        QVERIFY(!claim.cited.empty());
        const auto item = std::ranges::find(done->answer.evidence, claim.cited.front(),
                                            &api::EvidenceItem::number);
        QVERIFY(item != done->answer.evidence.end());
        const auto original =
            client->original(patient, item->source.document, item->source.begin, item->source.end);
        QVERIFY(original);
        QVERIFY(original->text.contains(m_made.lastPotassium));
        QVERIFY(original->text.contains(m_made.lastDate));
        QCOMPARE(original->text,
                 m_made.bundle.substr(item->source.begin, item->source.end - item->source.begin));
    }

    void aFreeQuestionShowsTheNoteAndStreamsTheModel()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        const std::string patient = patientId(*client);
        api::EvidenceFound found;
        std::string streamed;
        const auto done = client->ask(
            patient, {.question = "Why was " + m_made.stoppedDrug + " stopped?", .maxTokens = 40},
            {.accepted = {},
             .evidence = [&](const api::EvidenceFound& event) { found = event; },
             .progress = {},
             .token = [&](const std::string& text) { streamed += text; },
             .claim = {}},
            {});
        QVERIFY2(done, done ? "" : done.error().message.c_str());
        QCOMPARE(done->answer.kind, std::string("model"));
        QCOMPARE(done->answer.text, streamed);
        QVERIFY(done->answer.generatedTokens > 0 && done->answer.draft);
        const auto passage = std::ranges::find_if(found.items, [&](const api::EvidenceItem& item) {
            return item.kind == "passage" && item.text.contains(m_made.stopReason);
        });
        QVERIFY(passage != found.items.end());
        QVERIFY(passage->documentIndex >= 0);
        const auto document =
            client->document(patient, static_cast<std::uint64_t>(passage->documentIndex));
        QVERIFY(document);
        QVERIFY(document->text.substr(passage->begin, passage->end - passage->begin)
                    .contains(m_made.stopReason));
    }

    void whatIsNotInTheRecordIsSaidSo()
    {
        const auto client = m_ward.signIn(m_ward.clinician);
        const auto done =
            client->ask(patientId(*client), {.question = "What is the last ferritin?"}, {}, {});
        QVERIFY(done);
        QCOMPARE(done->answer.kind, std::string("abstention"));
        QCOMPARE(done->answer.abstention, std::string("not_recorded"));
    }

    void historySurvivesARestart()
    {
        QVERIFY(m_ward.stop());
        QVERIFY(m_ward.start());
        const auto client = m_ward.signIn(m_ward.clinician);
        QVERIFY(client);
        const std::string patient = patientId(*client);
        const auto list = client->conversations(patient, 10, 0);
        QVERIFY(list && list->size() == 3);
        for (const api::Conversation& conversation : *list) {
            const auto turns = client->conversation(conversation.id);
            QVERIFY(turns && turns->turns.size() == 1 && turns->turns.front().answer);
            QCOMPARE(turns->turns.front().answer->state, std::string("complete"));
        }
        const auto hits = client->searchConversations("potassium", 10);
        QVERIFY(hits && !hits->empty());
    }

    void othersSeeNothingOfIt()
    {
        const auto other = m_ward.signIn(m_ward.steward);
        QVERIFY(other);
        const auto list = other->conversations({}, 10, 0);
        QVERIFY(list && list->empty());
        const auto officer = m_ward.signIn(m_ward.compliance);
        QVERIFY(officer);
        QVERIFY(officer->auditExport());
        QVERIFY(!officer->searchPatients("", 10, 0));
    }

    void theDaemonsLogIsForSystemdAndNamesNobody()
    {
        QVERIFY(m_ward.stop());
        const QByteArray log = m_ward.standardError();
        QVERIFY(log.endsWith('\n'));
        const QRegularExpression line(QStringLiteral("^<[0-7]>[^<]"));
        for (const QByteArray& each : log.chopped(1).split('\n'))
            QVERIFY2(line.match(QString::fromUtf8(each)).hasMatch(), each.constData());
        for (const std::string& word : {m_made.family, m_made.given, m_made.mrn, m_made.stopReason,
                                        m_ward.clinician.passphrase, std::string("record.json")})
            QVERIFY2(!log.contains(word.c_str()), word.c_str());
    }
};

QTEST_GUILESS_MAIN(TestFlow)
#include "tst_flow.moc"
