// SPDX-License-Identifier: Apache-2.0
#include "inference/wire/channel.h"
#include "tests/support/run_options.h"

#include <QTest>

#include <array>
#include <random>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace wire;

namespace {

std::span<const std::byte> bodyOf(const std::string& frame)
{
    return std::as_bytes(std::span(frame)).subspan(kLengthBytes);
}

std::vector<std::string> framesToEngine()
{
    const std::vector<Turn> turns = {{Role::System, "Be brief."}, {Role::User, "K\xc3\xa4?"}};
    const std::vector<ToEngine> messages = {
        Generate{.id = 1,
                 .user = 0x1122334455667788,
                 .patient = 3,
                 .turns = turns,
                 .sharedTurns = 1,
                 .sampling = {.temperature = 0.5F,
                              .topK = 40,
                              .topP = 0.9F,
                              .seed = 99,
                              .minP = 0.05F,
                              .repetitionPenalty = 1.1F,
                              .frequencyPenalty = -0.5F,
                              .presencePenalty = 1.5F,
                              .penaltyWindow = 64,
                              .bias = {{5, -100.0F}, {-7, 2.0F}},
                              .logprobs = true,
                              .topLogprobs = 3},
                 .maxTokens = 256,
                 .stops = {"END", "\n"},
                 .constraint = {.kind = Constraint::Kind::Pattern, .text = "a+", .citations = 9}},
        Count{.id = 2, .turns = turns},
        Cancel{.id = 7},
        Forget{.user = 0x8877665544332211},
        Keep{.id = 8, .user = 0x1122334455667788, .patient = 3, .piece = 2},
        Restore{.id = 9, .user = 0x1122334455667788, .patient = 3, .piece = "\xff any"}};
    std::vector<std::string> frames;
    for (const auto& message : messages)
        frames.push_back(encode(message).value());
    return frames;
}

std::vector<std::string> framesFromEngine()
{
    const std::vector<FromEngine> messages = {
        Ready{.name = "Tiny",
              .architecture = "llama",
              .weightType = "F32",
              .parameters = 5,
              .contextTokens = 4096,
              .vocabulary = 261,
              .weightBytes = 20,
              .fromPack = true,
              .draftModel = DraftModel::DoesNotFit,
              .decodeThreads = 3,
              .prefillThreads = 4,
              .threadsMeasured = true,
              .layers = 30,
              .int8KeyLayers = 28,
              .keyCheck = "cloister-keys 1"},
        Progress{.id = 1, .done = 64, .total = 100},
        Token{.id = 7,
              .token = 305,
              .text = "\xc3\xa4",
              .odds = {{305, -0.25F, "\xc3"}, {2, -9999.0F, ""}}},
        Finished{.id = 1,
                 .reason = StopReason::Cancelled,
                 .promptTokens = 10,
                 .generatedTokens = 3,
                 .prefillMicroseconds = 5000,
                 .decodeMicroseconds = 6000},
        Counted{.id = 2, .tokens = 12},
        Failed{.id = 1,
               .code = Errc::ContextTooLong,
               .detail = "too long",
               .promptTokens = 5000,
               .maxTokens = 256,
               .contextTokens = 4096,
               .neededBytes = 0x1122334455,
               .memoryBytes = 7,
               .memoryLimit = UINT64_MAX},
        Queued{.id = 1, .place = 2},
        Kept{.id = 8, .piece = std::string("\xff\0\xc3", 3)},
        Restored{.id = 9, .tokens = 512}};
    std::vector<std::string> frames;
    for (const auto& message : messages)
        frames.push_back(encode(message).value());
    return frames;
}

/// Decodes from memory of exactly the frame's size, so that a sanitizer sees a byte read beyond it.
template <typename Decode>
auto decodeExactly(std::span<const std::byte> frame, Decode decode)
{
    const std::vector<std::byte> copy(frame.begin(), frame.end());
    return decode(copy);
}

} // namespace

class TestCodec : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void comesBackAsItWent()
    {
        for (const auto& frame : framesToEngine()) {
            const auto message = decodeToEngine(bodyOf(frame));
            QVERIFY2(message, message ? "" : message.error().detail.c_str());
            QVERIFY(encode(*message).value() == frame);
        }
        for (const auto& frame : framesFromEngine()) {
            const auto message = decodeFromEngine(bodyOf(frame));
            QVERIFY2(message, message ? "" : message.error().detail.c_str());
            QVERIFY(encode(*message).value() == frame);
        }
        const auto generate =
            std::get<Generate>(decodeToEngine(bodyOf(framesToEngine()[0])).value());
        QCOMPARE(generate.turns.size(), std::size_t{2});
        QVERIFY(generate.turns[1].role == Role::User && generate.turns[1].text == "K\xc3\xa4?");
        QCOMPARE(generate.sampling.topP, 0.9F);
        QCOMPARE(generate.sampling.seed, std::uint64_t{99});
        QCOMPARE(generate.sampling.bias.size(), std::size_t{2});
        QCOMPARE(generate.sampling.bias[1].token, -7);
        QVERIFY(generate.sampling.logprobs);
        QCOMPARE(generate.maxTokens, 256U);
        QCOMPARE(generate.stops, (std::vector<std::string>{"END", "\n"}));
        QVERIFY(generate.constraint.kind == Constraint::Kind::Pattern);
        const auto token = std::get<Token>(decodeFromEngine(bodyOf(framesFromEngine()[2])).value());
        QCOMPARE(token.odds.size(), std::size_t{2});
        QCOMPARE(token.odds[0].bytes, std::string("\xc3")); // half a character
        QCOMPARE(token.odds[1].logprob, -9999.0F);
    }

    void writesTheBytesOfTheFormatPage()
    {
        QCOMPARE(QByteArray::fromStdString(encode(ToEngine(Cancel{.id = 7})).value()).toHex(),
                 QByteArray("0a00000005030700000000000000"));
        QCOMPARE(QByteArray::fromStdString(
                     encode(FromEngine(Token{.id = 7, .token = 305, .text = "\xc3\xa4"})).value())
                     .toHex(),
                 QByteArray("180000000543070000000000000031010000"
                            "02000000c3a400000000"));
    }

    void refusesAFrameCutOrLengthened()
    {
        for (const auto& frame : framesToEngine()) {
            for (std::size_t cut = 0; cut + kLengthBytes < frame.size(); ++cut) {
                const auto message = decodeExactly(bodyOf(frame).first(cut), decodeToEngine);
                QVERIFY(!message && message.error().code == ChannelErrc::BadFrame);
            }
            const std::string longer = frame + '\0';
            QVERIFY(!decodeToEngine(bodyOf(longer)));
        }
        for (const auto& frame : framesFromEngine()) {
            for (std::size_t cut = 0; cut + kLengthBytes < frame.size(); ++cut) {
                const auto message = decodeExactly(bodyOf(frame).first(cut), decodeFromEngine);
                QVERIFY(!message && message.error().code == ChannelErrc::BadFrame);
            }
            const std::string longer = frame + '\0';
            QVERIFY(!decodeFromEngine(bodyOf(longer)));
        }
    }

    void survivesMutations()
    {
        std::mt19937 random(5);
        int decoded = 0;
        int refused = 0;
        const auto toEngine = framesToEngine();
        const auto fromEngine = framesFromEngine();
        for (int round = 0; round < support::rounds(20000, 4000000); ++round) {
            const bool up = round % 2 == 0;
            std::string frame = up ? toEngine[random() % toEngine.size()]
                                   : fromEngine[random() % fromEngine.size()];
            for (unsigned i = 0; i < 1 + random() % 3; ++i)
                frame[kLengthBytes + random() % (frame.size() - kLengthBytes)] =
                    static_cast<char>(random());
            // What is accepted must be writable again: no field is out of bounds.
            bool good = false;
            if (up) {
                if (const auto message = decodeExactly(bodyOf(frame), decodeToEngine))
                    good = encode(*message).has_value();
            } else if (const auto message = decodeExactly(bodyOf(frame), decodeFromEngine)) {
                good = encode(*message).has_value();
            }
            ++(good ? decoded : refused);
        }
        QVERIFY(decoded > 100 && refused > 100);
    }

    void refusesWhatIsOutOfBounds()
    {
        const auto refused = [](std::string frame, std::size_t at, char value) {
            frame[at] = value;
            const auto message = decodeToEngine(bodyOf(frame));
            return !message && message.error().code == ChannelErrc::BadFrame;
        };
        const std::string generate = framesToEngine()[0];
        QVERIFY(decodeToEngine(bodyOf(generate)));
        QVERIFY(refused(generate, 4, 1));              // version
        QVERIFY(refused(generate, 5, 99));             // type
        QVERIFY(refused(generate.substr(0, 6), 5, 4)); // there is no word for the end
        QVERIFY(refused(generate, 5, 65));             // a type of the other direction
        QVERIFY(refused(generate, 34, 3));             // role
        QVERIFY(refused(generate, 39, '\xff'));        // text: no UTF-8
        QVERIFY(refused(generate, 33, '\x7f'));        // two thousand million turns
        auto nan = std::get<Generate>(decodeToEngine(bodyOf(generate)).value());
        nan.sampling.temperature = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(!decodeToEngine(bodyOf(encode(ToEngine(nan)).value())));
        Generate plain;
        plain.sampling.logprobs = true;
        const std::string plainFrame = encode(ToEngine(plain)).value();
        // Behind the flag: topLogprobs, maxTokens, stops, kind, constraint, citations.
        const std::size_t flag = plainFrame.size() - (4 + 4 + 4 + 1 + 4 + 4) - 1;
        QCOMPARE(plainFrame[flag], '\1');
        QVERIFY(refused(plainFrame, flag, 2));
        QVERIFY(refused(plainFrame, plainFrame.size() - 9, 5));       // kind of constraint
        QVERIFY(refused(plainFrame, plainFrame.size() - 10, '\x7f')); // stop texts without end
        QVERIFY(refused(plainFrame, flag - 1, '\x7f'));               // biases without end

        const auto lengthOf = [](std::uint32_t length) {
            std::array<std::byte, kLengthBytes> bytes;
            std::memcpy(bytes.data(), &length, sizeof length);
            return decodeLength(bytes);
        };
        QVERIFY(!lengthOf(0) && !lengthOf(1) && lengthOf(2));
        QVERIFY(lengthOf(kMaxFrameBytes) && !lengthOf(kMaxFrameBytes + 1));
        Count large;
        large.turns = {{Role::User, std::string(kMaxFrameBytes, 'x')}};
        QVERIFY(encode(ToEngine(large)).error().code == ChannelErrc::TooLarge);
    }

    void channelIsPatientForSoLongAndNoLonger()
    {
        std::array<int, 2> ends = {};
        QCOMPARE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        Count large;
        large.turns = {{Role::User, std::string(5 << 20, 'x')}};
        Channel engine(ends[1]);
        Channel patient(ends[0], std::chrono::seconds(30));
        std::thread reader([&engine] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            QVERIFY(engine.receiveToEngine());
        });
        QVERIFY(patient.send(ToEngine(large))); // it had to wait for the reader
        reader.join();

        Channel impatient(ends[0], std::chrono::milliseconds(50));
        QVERIFY(impatient.send(ToEngine(Cancel{.id = 1})));
        QVERIFY(impatient.send(ToEngine(large)).error().code == ChannelErrc::TimedOut);
        // What follows a frame that was cut off would be read as a part of it.
        QVERIFY(impatient.send(ToEngine(Cancel{.id = 2})).error().code == ChannelErrc::TimedOut);
        ::close(ends[0]);
        QVERIFY(engine.receiveToEngine());
        QVERIFY(engine.receiveToEngine().error().code == ChannelErrc::BadFrame);
        ::close(ends[1]);
    }

    void channelKeepsFramesWhole()
    {
        std::array<int, 2> ends = {};
        QCOMPARE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        Channel service(ends[0]);
        Channel engine(ends[1]);
        Count large;
        large.turns = {{Role::User, std::string(5 << 20, 'x')}}; // more than a socket buffers
        std::thread sender([&] {
            for (RequestId id = 1; id <= 3; ++id) {
                large.id = id;
                QVERIFY(service.send(ToEngine(large)));
            }
        });
        for (RequestId id = 1; id <= 3; ++id) {
            const auto got = engine.receiveToEngine();
            QVERIFY(got);
            QCOMPARE(std::get<Count>(*got).id, id);
        }
        sender.join();
        // A frame that stops in the middle, then the end.
        const std::string frame = framesFromEngine()[0];
        QCOMPARE(::write(ends[1], frame.data(), 9), ssize_t{9});
        ::close(ends[1]);
        QVERIFY(service.receiveFromEngine().error().code == ChannelErrc::BadFrame);
        QVERIFY(service.receiveFromEngine().error().code == ChannelErrc::Closed);
        // No SIGPIPE either.
        const auto sent = service.send(ToEngine(Cancel{.id = 1}));
        QVERIFY(!sent && sent.error().code == ChannelErrc::Closed);
        ::close(ends[0]);
    }
};

QTEST_GUILESS_MAIN(TestCodec)
#include "tst_codec.moc"
