// SPDX-License-Identifier: Apache-2.0
// asking-client SOCKET [TOKENS]: a client that tests may kill or trace; signs in, then asks until
// it is ended, for answers of at most TOKENS tokens. Standard input: user, passphrase, patient, one
// a line, then one question a line. Standard output: "signed in", "acknowledged CONVERSATION TURN"
// when a question was accepted, "streaming" with the answer's first token, "done TURN KIND" when it
// was answered, "failed NAME" when not, "answer TEXT" with what came of it until then.

#include "tests/flow/ward.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <stop_token>
#include <string>

namespace {

void say(const std::string& line)
{
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

/// In one line, as all that is said here.
std::string line(std::string text)
{
    std::ranges::replace(text, '\n', ' ');
    return text;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2 || argc > 3)
        return 2;
    const std::uint32_t maxTokens =
        argc == 3 ? static_cast<std::uint32_t>(std::stoul(argv[2])) : 48;
    std::string user, passphrase, patient;
    std::getline(std::cin, user);
    std::getline(std::cin, passphrase);
    std::getline(std::cin, patient);

    api::Client client(api::Client::Options{.socket = argv[1]});
    if (!flow::withinTheRate(
            [&] { return client.signIn({.user = user, .passphrase = passphrase}); }))
        return 1;
    say("signed in");

    api::Client::Events events;
    events.accepted = [](const api::Accepted& accepted) {
        say("acknowledged " + accepted.conversation + " " + accepted.turn);
    };
    std::string streamed;
    events.token = [&streamed](const std::string& text) {
        if (streamed.empty())
            say("streaming");
        streamed += text;
    };
    for (std::string question; std::getline(std::cin, question);) {
        streamed.clear();
        const auto done = client.ask(patient, {.question = question, .maxTokens = maxTokens},
                                     events, std::stop_token());
        say(done ? "done " + done->turn + " " + done->answer.kind : "failed " + done.error().name);
        say("answer " + line(done ? done->answer.text : streamed));
    }
    return 0;
}
