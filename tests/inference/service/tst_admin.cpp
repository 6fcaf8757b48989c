// SPDX-License-Identifier: Apache-2.0
// cloister-admin's command line; what it does with a real service is tests/flow/tst_flow.
#include "inference/service/admin_commands.h"
#include "inference/service/storage_errors.h"
#include "inference/service/terminal.h"

#include <QtTest>

#include <tuple>
#include <unistd.h>

class TestAdmin : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void optionsMayStandAnywhere()
    {
        const auto call = service::parseAdminCall(
            {"--socket", "/s", "user", "--as", "it", "add", "dr.x", "clinician", "--json"});
        QVERIFY(call);
        QCOMPARE(call->socket.string(), std::string("/s"));
        QCOMPARE(call->as, std::string("it"));
        QVERIFY(call->json);
        const std::vector<std::string> words{"user", "add", "dr.x", "clinician"};
        QCOMPARE(call->words, words);
    }

    void refusalsAreSentences()
    {
        for (const char* code : {"passphrase_too_short", "name_not_allowed", "name_taken",
                                 "code_wrong", "two_shares_needed", "share_unreadable",
                                 "share_mistyped", "share_of_another_installation",
                                 "shares_do_not_fit", "not_enrolled", "role_not_admissible"}) {
            const api::Error told = service::toApi({storage::Errc::Invalid, code});
            QCOMPARE(told.name, std::string("bad_request"));
            const QString sentence = QString::fromStdString(service::sentenceFor(told));
            QVERIFY2(!sentence.contains(u'_') && sentence.contains(u' '), code);
            QVERIFY2(sentence.front().isUpper() && sentence.endsWith(u'.'), code);
            // The log keeps the code.
            QCOMPARE(service::reasonOf({storage::Errc::Invalid, code}, told), std::string(code));
        }
        QCOMPARE(service::sentenceFor(api::makeError(api::Errc::Conflict, "it exists already")),
                 std::string("It exists already."));
        QCOMPARE(service::sentenceFor(api::makeError(api::Errc::Forbidden, "admins only")),
                 std::string("Not allowed: admins only."));
    }

    void helpIsAskedForAndGiven()
    {
        for (const char* program : {"cloister-admin", "cloister-import", "cloister-model",
                                    "cloister-verify", "cloister-engine", "cloisterd"}) {
            const auto run = [program](const QStringList& arguments) {
                QProcess process;
                process.start(QStringLiteral(PROGRAMS) + u'/' + QString::fromLatin1(program),
                              arguments);
                process.waitForFinished(30000);
                return std::tuple(process.exitCode(), process.readAllStandardOutput(),
                                  process.readAllStandardError());
            };
            const auto [status, out, err] = run({QStringLiteral("--help")});
            QCOMPARE(status, 0);
            QVERIFY2(out.startsWith("usage: ") && out.contains(program), program);
            QVERIFY2(err.isEmpty(), program);
            // The control: what is no call goes the other way.
            const auto [wrong, nothing, said] = run({QStringLiteral("--nonsense")});
            QVERIFY2(wrong != 0 && nothing.isEmpty() && !said.isEmpty(), program);
        }
    }

    void wrongCallsAreRefused()
    {
        for (const std::vector<std::string>& wrong :
             std::vector<std::vector<std::string>>{{},
                                                   {"--as"},
                                                   {"--unknown", "x", "status"},
                                                   {"--passphrase-fd", "x", "status"},
                                                   {"--passphrase-fd", "-1", "status"}})
            QVERIFY(!service::parseAdminCall(wrong));
    }

    void namesMayBeginWithDashesAfterTwoDashes()
    {
        const auto call = service::parseAdminCall({"import", "--", "--odd-file.json"});
        QVERIFY(call && call->words.size() == 2 && call->words[1] == "--odd-file.json");
    }

    void unknownCommandsAreUsageErrors_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::newRow("nonsense") << QStringList{QStringLiteral("nonsense")};
        QTest::newRow("import nothing") << QStringList{QStringLiteral("import")};
        QTest::newRow("init without names") << QStringList{QStringLiteral("init")};
        QTest::newRow("passphrase of nobody") << QStringList{QStringLiteral("passphrase")};
        QTest::newRow("list as nobody")
            << QStringList{QStringLiteral("user"), QStringLiteral("list")};
    }
    void unknownCommandsAreUsageErrors()
    {
        QFETCH(QStringList, words);
        service::AdminCall call{.socket = "/nowhere/at/all"};
        for (const QString& word : words)
            call.words.push_back(word.toStdString());
        const auto result =
            service::runAdminCall(call, [](std::string_view) { return std::nullopt; });
        QCOMPARE(result.status, 2);
        QVERIFY(!result.error.empty());
    }

    void withoutAServiceOneSentenceSaysSo()
    {
        const auto result =
            service::runAdminCall({.socket = "/nowhere/at/all", .words = {"status"}},
                                  [](std::string_view) { return std::nullopt; });
        QCOMPARE(result.status, 1);
        QVERIFY(result.error.contains("cloisterd running"));
        QCOMPARE(std::ranges::count(result.error, '\n'), 1);
    }

    void secretsComeOneALine()
    {
        int ends[2];
        QCOMPARE(::pipe(ends), 0);
        const std::string text = "first secret\nsecond\n\nlast";
        QCOMPARE(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(ends[1]);
        QCOMPARE(service::readLine(ends[0]).value(), std::string("first secret"));
        QCOMPARE(service::readLine(ends[0]).value(), std::string("second"));
        QCOMPARE(service::readLine(ends[0]).value(), std::string());
        QCOMPARE(service::readLine(ends[0]).value(), std::string("last"));
        QVERIFY(!service::readLine(ends[0]));
        ::close(ends[0]);
    }
};

QTEST_GUILESS_MAIN(TestAdmin)
#include "tst_admin.moc"
