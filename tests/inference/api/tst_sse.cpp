// SPDX-License-Identifier: Apache-2.0
#include "inference/api/sse.h"

#include <QtTest>

#include <vector>

namespace {

using Event = std::pair<std::string, std::string>;

std::vector<Event> read(std::string_view bytes, std::size_t piece)
{
    std::vector<Event> events;
    api::EventReader reader;
    while (!bytes.empty()) {
        const bool good = reader.feed(
            bytes.substr(0, piece), [&](auto name, auto data) { events.emplace_back(name, data); });
        if (!good)
            return {{"too long", ""}};
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return events;
}

} // namespace

class TestSse : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eventsComeBackInPiecesOfAnySize()
    {
        const std::string stream = api::encodeEvent("token", "{\"text\":\"a b\"}") +
                                   std::string(api::kKeepAlive) + api::encodeEvent("done", "{}");
        const std::vector<Event> wanted{{"token", "{\"text\":\"a b\"}"}, {"done", "{}"}};
        for (std::size_t piece = 1; piece <= stream.size(); ++piece)
            QCOMPARE(read(stream, piece), wanted);
    }

    void otherWritersFormsAreUnderstood()
    {
        const std::vector<Event> wanted{{"message", "one\ntwo"}, {"x", ""}};
        QCOMPARE(read("data: one\r\ndata:two\r\nid: 7\r\n\r\nevent: x\ndata\n\n", 4), wanted);
    }

    void anUnfinishedEventIsNotDelivered()
    {
        QVERIFY(read("event: done\ndata: {}\n", 64).empty());
        QVERIFY(read("event: done\n\n", 64).empty());
    }

    void anEndlessEventIsGivenUp()
    {
        const std::string endless(api::EventReader::kMaxEventBytes + 2, 'x');
        QCOMPARE(read("data: " + endless, 1U << 20).front().first, std::string("too long"));
    }
};

QTEST_GUILESS_MAIN(TestSse)
#include "tst_sse.moc"
