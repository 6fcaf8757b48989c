// SPDX-License-Identifier: Apache-2.0
// A client that tests may kill or trace: signs in, then asks until it is ended. Standard input:
// user, passphrase, patient, one a line, then one question a line. Standard output: "signed in",
// "acknowledged CONVERSATION TURN" when a question was accepted, "done TURN KIND" when it was
// answered.

#include "tests/flow/ward.h"

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

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
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
    for (std::string question; std::getline(std::cin, question);) {
        const auto done =
            client.ask(patient, {.question = question, .maxTokens = 48}, events, std::stop_token());
        say(done ? "done " + done->turn + " " + done->answer.kind : "failed " + done.error().name);
    }
    return 0;
}
