// SPDX-License-Identifier: Apache-2.0
// What a worker was given of a chart, and what it wrote about it, does not stay in freed memory,
// as text or as tokens, however the request ended. The worker is in this process, with the heap
// that its program has; the test keeps its own copy masked.
#include "inference/engine/worker.h"
#include "inference/model/gguf.h"
#include "tests/support/heap_search.h"
#include "tests/support/tiny_model.h"

#include <QTest>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <thread>

using support::Heap;
using support::Hidden;

namespace {

constexpr std::uint32_t kPages = 200;

/// 24 letters, none of which the vocabulary joins with another.
Hidden secretOfLetters()
{
    std::random_device random;
    std::string letters;
    for (int i = 0; i < 24; ++i)
        letters += static_cast<char>('a' + random() % 19);
    return Hidden(letters);
}

/// The same as the tokens of the tiny model, 4 bytes each.
Hidden asTokens(const Hidden& secret)
{
    constexpr std::int32_t kFirstByte = 3;
    std::string bytes;
    for (const char letter : secret.told()) {
        const std::int32_t token = kFirstByte + letter;
        bytes.append(reinterpret_cast<const char*>(&token), sizeof token);
    }
    return Hidden(bytes);
}

/// A worker on one end of a socketpair, and the daemon's channel on the other.
class Served {
public:
    Served()
        : m_content(support::tinyModel())
        , m_file(*model::GgufFile::parse(std::as_bytes(std::span(m_content))))
        , m_network(*model::Model::load(m_file, {.threads = 1}))
        , m_tokenizer(*model::Tokenizer::load(m_file))
        , m_chat(*model::ChatTemplate::choose(m_file, m_tokenizer))
        , m_scheduler(*engine::Scheduler::create(*m_network, &m_tokenizer, {.pages = kPages}))
    {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m_ends.data()) != 0)
            qFatal("no socketpair");
        m_daemon.emplace(m_ends[0]);
        m_thread = std::jthread([this] {
            wire::Channel channel(m_ends[1]);
            engine::Worker worker({.channel = channel,
                                   .scheduler = *m_scheduler,
                                   .contextTokens = 4096,
                                   .tokenizer = &m_tokenizer,
                                   .chat = &m_chat});
            worker.run();
        });
    }
    ~Served()
    {
        ::shutdown(m_ends[0], SHUT_RDWR);
        m_thread.join();
        ::close(m_ends[0]);
        ::close(m_ends[1]);
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    [[nodiscard]] wire::Channel& daemon() { return *m_daemon; }
    /// What ended the request.
    wire::FromEngine end()
    {
        while (true) {
            auto message = m_daemon->receiveFromEngine();
            if (!message)
                qFatal("the worker is gone");
            if (std::holds_alternative<wire::Finished>(*message) ||
                std::holds_alternative<wire::Counted>(*message) ||
                std::holds_alternative<wire::Failed>(*message))
                return *std::move(message);
        }
    }

private:
    std::string m_content;
    model::GgufFile m_file;
    std::unique_ptr<model::Model> m_network;
    model::Tokenizer m_tokenizer;
    model::ChatTemplate m_chat;
    std::unique_ptr<engine::Scheduler> m_scheduler;
    std::array<int, 2> m_ends = {};
    std::optional<wire::Channel> m_daemon;
    std::jthread m_thread;
};

/// A chart with @p secret in its middle.
wire::Generate about(const Hidden& secret, std::uint32_t maxTokens, std::uint64_t user = 0)
{
    wire::Generate request{.id = 1, .user = user, .patient = user};
    request.turns = {
        {wire::Role::User, std::string(300, 'k') + secret.told() + std::string(300, 'k')}};
    request.maxTokens = maxTokens;
    return request;
}

} // namespace

class TestFreedPrompts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsWhatIsThereAndWhatWasFreedAsItWas()
    {
        for (const bool tokens : {false, true}) {
            const Hidden secret = tokens ? asTokens(secretOfLetters()) : secretOfLetters();
            QVERIFY(!m_heap.holds(secret));
            support::freeAsItIs(secret);
            QVERIFY(m_heap.holds(secret));
        }
    }

    void aPromptLeavesNothing_data()
    {
        QTest::addColumn<QString>("end");
        for (const char* end : {"answered", "cancelled", "refused", "counted", "too long"})
            QTest::newRow(end) << QString::fromLatin1(end);
    }

    void aPromptLeavesNothing()
    {
        QFETCH(QString, end);
        const Hidden secret = secretOfLetters();
        const Hidden tokens = asTokens(secret);
        if (end == QStringLiteral("counted")) {
            QVERIFY(m_served.daemon().send(
                wire::ToEngine(wire::Count{.id = 1, .turns = about(secret, 1).turns})));
        } else {
            wire::Generate request = about(secret, end == QStringLiteral("too long") ? 4000 : 1500);
            if (end == QStringLiteral("refused"))
                request.constraint = {.kind = wire::Constraint::Kind::Pattern, .text = "("};
            if (end == QStringLiteral("answered"))
                request.maxTokens = 5;
            QVERIFY(m_served.daemon().send(wire::ToEngine(std::move(request))));
        }
        if (end == QStringLiteral("cancelled")) {
            QTRY_VERIFY(m_heap.holds(tokens)); // while it is written
            QVERIFY(m_served.daemon().send(wire::ToEngine(wire::Cancel{.id = 1})));
        }
        const wire::FromEngine last = m_served.end();
        const bool failed = std::holds_alternative<wire::Failed>(last);
        QCOMPARE(failed, end == QStringLiteral("refused") || end == QStringLiteral("too long"));
        QTRY_VERIFY(!m_heap.holds(secret));
        QTRY_VERIFY(!m_heap.holds(tokens));
    }

    void whatIsKeptForAUserGoesWhenTheUserIsForgotten()
    {
        const Hidden secret = secretOfLetters();
        const Hidden tokens = asTokens(secret);
        QVERIFY(m_served.daemon().send(wire::ToEngine(about(secret, 5, 7))));
        QVERIFY(std::holds_alternative<wire::Finished>(m_served.end()));
        QTRY_VERIFY(!m_heap.holds(secret));
        QVERIFY(m_heap.holds(tokens)); // for the user's next question
        QVERIFY(m_served.daemon().send(wire::ToEngine(wire::Forget{.user = 7})));
        QTRY_VERIFY(!m_heap.holds(tokens));
    }

private:
    Heap m_heap;
    Served m_served;
};

QTEST_GUILESS_MAIN(TestFreedPrompts)
#include "tst_freed_prompts.moc"
