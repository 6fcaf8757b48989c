// SPDX-License-Identifier: Apache-2.0
/** @file
 * What the tests of service::EngineClient share: requests, and the tiny model that answers them.
 */
#pragma once

#include "inference/service/engine_client.h"
#include "tests/support/tiny_model.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <fstream>
#include <thread>

namespace service {

inline wire::Generate request(std::uint32_t maxTokens, std::size_t promptBytes = 20)
{
    wire::Generate generate;
    generate.turns = {{wire::Role::User, std::string(promptBytes, 'k')}};
    generate.maxTokens = maxTokens;
    return generate;
}

/// Waits up to @p seconds until @p condition holds.
template <typename Condition>
bool eventually(Condition condition, int seconds = 30)
{
    QElapsedTimer timer;
    timer.start();
    while (!condition()) {
        if (timer.elapsed() > seconds * 1000)
            return false;
        QTest::qWait(2);
    }
    return true;
}

using Outcome = std::expected<wire::Finished, wire::Failed>;

/// A request that runs on a thread of its own.
class Running {
public:
    Running(EngineClient& client, wire::Generate generate)
        : m_thread([this, &client, generate = std::move(generate)](const std::stop_token& stop) {
            const EngineClient::Callbacks callbacks{.progress = {},
                                                    .token = [this](const wire::Token& token) {
                                                        m_text += token.text;
                                                        ++m_tokens;
                                                    }};
            m_outcome = client.generate(generate, callbacks, stop);
            m_done = true;
        })
    {
    }
    [[nodiscard]] int tokens() const { return m_tokens; }
    [[nodiscard]] bool done() const { return m_done; }
    void cancel() { m_thread.request_stop(); }
    Outcome outcome()
    {
        m_thread.join();
        return m_outcome;
    }
    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::atomic<int> m_tokens = 0;
    std::atomic<bool> m_done = false;
    std::string m_text;
    Outcome m_outcome;
    std::jthread m_thread;
};

inline bool isUnusable(const EngineClient& client)
{
    return client.status().state == EngineClient::State::Unusable;
}

/// Whether @p client serves within @p seconds.
inline bool becomesReady(const EngineClient& client, int seconds = 30)
{
    return eventually([&] { return client.status().state == EngineClient::State::Ready; }, seconds);
}

/// A folder with the tiny model in it.
class ModelFolder {
public:
    ModelFolder() { std::ofstream(model(), std::ios::binary) << support::tinyModel(); }
    [[nodiscard]] std::string file(const char* name) const
    {
        return m_folder.filePath(QString::fromLatin1(name)).toStdString();
    }
    [[nodiscard]] std::string model() const { return file("tiny.gguf"); }
    [[nodiscard]] static EngineClient::Options options(const std::string& modelFile)
    {
        return {.program = PROGRAMS "/cloister-engine", .modelFile = modelFile, .threads = 1};
    }

private:
    QTemporaryDir m_folder;
};

} // namespace service
