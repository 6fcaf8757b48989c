// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/client.h"

#include <QProcess>
#include <QTemporaryDir>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

/// What flow tests share: the real processes on a state folder of their own, and patients made up
/// anew in every run.
namespace flow {

struct Person {
    std::string name, passphrase;
};

/// A service as a hospital has it after its first morning: initialised, one clinician admitted.
/// Threads: the test's own.
class Ward {
public:
    /// Makes an empty state folder below the system's temporary folder.
    Ward();
    ~Ward();

    /// Starts cloisterd and returns once it listens; false when it does not within a minute.
    /// @p prefix is a program to run it under (strace …), @p environment NAME=VALUE lines.
    bool start(const QStringList& prefix = {}, const QStringList& environment = {});
    /// Options of cloisterd beyond --state, --socket and --model.
    QStringList extraOptions;
    /// SIGTERM; true when it ended by itself with status 0.
    bool stop();
    /// Sends @p signal to cloisterd and waits until it is gone.
    void kill(int signal);

    /// The ceremony, a clinician enrolled and admitted. Returns an empty string, or what failed.
    std::string init();
    /// Imports and waits until the document is merged. Same return.
    std::string import(const std::string& document);

    [[nodiscard]] std::unique_ptr<api::Client> client() const;
    /// Signed in, or nullptr.
    [[nodiscard]] std::unique_ptr<api::Client> signIn(const Person& person) const;

    /// The running processes below cloisterd whose name is @p name.
    [[nodiscard]] std::vector<int> workers(const std::string& name) const;
    /// The process that is cloisterd itself, also under a prefix.
    [[nodiscard]] int pid() const;
    /// Everything that the daemon wrote to standard error so far, over all starts.
    [[nodiscard]] QByteArray standardError();

    /// False: start without a model.
    bool withModel = true;
    /// A model other than the tiny one that the ward makes.
    QString modelFile;
    /// Where cloisterd is started; empty: where the test was.
    QString workingFolder;

    [[nodiscard]] std::filesystem::path state() const;
    [[nodiscard]] std::filesystem::path socket() const { return state() / "cloister.sock"; }

    Person admin{"it.adler", {}};
    Person steward{"steward.brandt", {}};
    Person compliance{"compliance.costa", {}};
    Person clinician{"dr.dahl", {}};
    std::vector<std::string> shares; // of the recovery key, after init()

private:
    QTemporaryDir m_folder;
    QTemporaryDir m_models;
    std::unique_ptr<QProcess> m_daemon;
    QByteArray m_standardError;
};

/// What @p call returns, once the service doesn't find it one request too many for a second.
template <typename Call>
auto withinTheRate(const Call& call)
{
    for (;;) {
        auto result = call();
        if (result || result.error().code != api::Errc::TooManyRequests)
            return result;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

/// A made-up patient: the bundle, and what a right answer must say.
struct MadeUpPatient {
    std::string family, given, mrn;
    std::string bundle;                 // FHIR R4 JSON
    std::string lastPotassium;          // "4.37"
    std::string lastDate;               // "2026-03-07"
    std::vector<std::string> potassium; // oldest first
    std::string stoppedDrug;            // "Lisinopril"
    std::string stopReason;             // the words of the note that tell why
    std::string note;                   // the note's text
    std::string activeDrug;
};

/// Other values in every call; words that occur nowhere else, so that a scan can find them.
MadeUpPatient makeUpPatient();

/// @p count random lower-case letters.
std::string randomWord(int count);

} // namespace flow
