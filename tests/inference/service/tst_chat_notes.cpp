// SPDX-License-Identifier: Apache-2.0
#include "inference/service/chat_notes.h"

#include <QTest>

namespace {

api::EvidenceItem item(int number, const std::string& label, const std::string& text)
{
    api::EvidenceItem made;
    made.number = number;
    made.label = label;
    made.text = text;
    return made;
}

api::Claim claim(const std::string& sentence, const std::string& verdict, std::vector<int> cited)
{
    api::Claim made;
    made.sentence = sentence;
    made.verdict = verdict;
    made.cited = std::move(cited);
    return made;
}

} // namespace

class TestChatNotes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingToSayAddsNothing() { QCOMPARE(service::chatNotes({}), std::string()); }

    void namesWhatIsCitedAndOnlyThat()
    {
        api::Answer answer;
        answer.claims = {claim("The dose was halved. [2]", "supported", {2})};
        answer.evidence = {item(1, "Lab", "Sodium 140"), item(2, "Order", "Dose 5 mg")};
        answer.coverage.line = "Searched 2 entries.";
        QCOMPARE(service::chatNotes(answer),
                 std::string("\n\n[2] Order: Dose 5 mg\n\nSearched 2 entries."));
    }

    void tellsWhatTheRecordDoesNotSupport()
    {
        api::Answer answer;
        answer.claims = {claim("The sodium was 140.", "supported", {}),
                         claim("It was 3.", "not_supported", {}),
                         claim("He was well.", "partly", {})};
        QCOMPARE(service::chatNotes(answer),
                 std::string("\n\nNot supported by the record: It was 3."
                             "\n\nOnly partly supported by the record: He was well."));
    }

    void tellsWhereSourcesDisagree()
    {
        api::Answer answer;
        answer.conflicts = {{"The letter says left, the scan right.", {1, 2}}};
        answer.evidence = {item(1, "Letter", "left"), item(2, "Scan", "right")};
        QCOMPARE(service::chatNotes(answer),
                 std::string("\n\nSources disagree: The letter says left, the scan right. [1] [2]"
                             "\n\n[1] Letter: left\n[2] Scan: right"));
    }
};

QTEST_GUILESS_MAIN(TestChatNotes)
#include "tst_chat_notes.moc"
