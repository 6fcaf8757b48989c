// SPDX-License-Identifier: Apache-2.0
#include "tests/flow/ward.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QRandomGenerator>
#include <QThread>

#include <csignal>

namespace flow {

namespace {

constexpr int kPatienceMs = 60'000;

std::string randomPassphrase()
{
    return randomWord(6) + "-" + randomWord(6) + "-" + randomWord(6);
}

int parentOf(int pid)
{
    QFile status(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const QByteArray line = status.readAll();
    // The name stands in parentheses and may hold anything; the parent is the second field after
    // it.
    return line.mid(line.lastIndexOf(')') + 2).split(' ').value(1).toInt();
}

QByteArray nameOf(int pid)
{
    QFile name(QStringLiteral("/proc/%1/comm").arg(pid));
    return name.open(QIODevice::ReadOnly) ? name.readAll().trimmed() : QByteArray();
}

/// Every process below @p ancestor called @p name (the kernel keeps 15 bytes of a name).
std::vector<int> descendants(int ancestor, const QByteArray& name)
{
    std::vector<int> found;
    for (const QString& entry : QDir(QStringLiteral("/proc")).entryList(QDir::Dirs)) {
        const int pid = entry.toInt();
        if (pid <= 0 || nameOf(pid) != name.left(15))
            continue;
        for (int above = parentOf(pid); above > 1; above = parentOf(above)) {
            if (above == ancestor) {
                found.push_back(pid);
                break;
            }
        }
    }
    return found;
}

} // namespace

std::string randomWord(int count)
{
    std::string word;
    for (int i = 0; i < count; ++i)
        word += static_cast<char>('a' + QRandomGenerator::system()->bounded(26));
    return word;
}

Ward::Ward()
{
    for (Person* person : {&admin, &steward, &compliance, &clinician})
        person->passphrase = randomPassphrase();
}

Ward::~Ward()
{
    if (m_daemon)
        kill(SIGKILL);
}

std::filesystem::path Ward::state() const
{
    return m_folder.filePath(QStringLiteral("state")).toStdString();
}

bool Ward::start(const QStringList& prefix, const QStringList& environment)
{
    std::filesystem::create_directories(state());
    std::filesystem::permissions(state(), std::filesystem::perms(0711)); // the socket lies in it
    const QString model =
        modelFile.isEmpty() ? m_models.filePath(QStringLiteral("tiny.gguf")) : modelFile;
    if (withModel && !QFile::exists(model) &&
        QProcess::execute(QStringLiteral(PROGRAMS "/tiny-model"), {model}) != 0)
        return false;

    const QString folder = QString::fromStdString(state().string());
    QStringList command = prefix;
    command << QStringLiteral(PROGRAMS "/cloisterd") << QStringLiteral("--state") << folder
            << QStringLiteral("--socket") << folder + QStringLiteral("/cloister.sock");
    if (withModel)
        command << QStringLiteral("--model") << model;
    command << extraOptions;

    m_daemon = std::make_unique<QProcess>();
    m_daemon->setWorkingDirectory(workingFolder);
    m_daemon->setProcessEnvironment(QProcessEnvironment::systemEnvironment());
    if (!environment.isEmpty())
        m_daemon->setEnvironment(m_daemon->environment() + environment);
    m_daemon->start(command.first(), command.mid(1));
    QElapsedTimer clock;
    clock.start();
    QByteArray said;
    while (clock.elapsed() < kPatienceMs && m_daemon->state() != QProcess::NotRunning) {
        m_daemon->waitForReadyRead(100);
        said += m_daemon->readAllStandardOutput();
        if (said.contains("listening"))
            return true;
    }
    m_standardError += m_daemon->readAllStandardError();
    return false;
}

bool Ward::stop()
{
    ::kill(pid(), SIGTERM);
    const bool ended = m_daemon->waitForFinished(kPatienceMs);
    m_standardError += m_daemon->readAllStandardError();
    return ended && m_daemon->exitStatus() == QProcess::NormalExit && m_daemon->exitCode() == 0;
}

void Ward::kill(int signal)
{
    if (m_daemon->state() == QProcess::NotRunning)
        return;
    ::kill(pid(), signal);
    m_daemon->waitForFinished(kPatienceMs);
    m_standardError += m_daemon->readAllStandardError();
}

int Ward::pid() const
{
    const int started = static_cast<int>(m_daemon->processId());
    if (nameOf(started) == "cloisterd")
        return started;
    const auto below = descendants(started, "cloisterd");
    return below.empty() ? started : below.front();
}

std::vector<int> Ward::workers(const std::string& name) const
{
    return descendants(pid(), QByteArray::fromStdString(name));
}

QByteArray Ward::standardError()
{
    if (m_daemon)
        m_standardError += m_daemon->readAllStandardError();
    return m_standardError;
}

std::unique_ptr<api::Client> Ward::client() const
{
    return std::make_unique<api::Client>(api::Client::Options{.socket = socket()});
}

std::unique_ptr<api::Client> Ward::signIn(const Person& person) const
{
    auto signedIn = client();
    const auto session = withinTheRate(
        [&] { return signedIn->signIn({.user = person.name, .passphrase = person.passphrase}); });
    return session ? std::move(signedIn) : nullptr;
}

std::string Ward::init()
{
    auto anybody = client();
    const auto made = anybody->init({.admin = {admin.name, admin.passphrase},
                                     .steward = {steward.name, steward.passphrase},
                                     .compliance = {compliance.name, compliance.passphrase}});
    if (!made)
        return "init: " + made.error().name;
    shares = *made;

    const auto it = signIn(admin);
    if (!it)
        return "the admin cannot sign in";
    const auto added = it->addUser(clinician.name, "clinician");
    if (!added)
        return "add: " + added.error().name;
    const auto enrolled = anybody->enrol(
        {.user = clinician.name, .code = added->code, .passphrase = clinician.passphrase});
    if (!enrolled)
        return "enrol: " + enrolled.error().name;
    const auto opener = signIn(steward);
    if (!opener)
        return "the steward cannot sign in";
    const auto admitted = opener->admit(added->id);
    return admitted ? std::string() : "admit: " + admitted.error().name;
}

std::string Ward::import(const std::string& document)
{
    const auto opener = signIn(clinician);
    if (!opener)
        return "the clinician cannot sign in";
    const auto taken = opener->import(std::as_bytes(std::span(document)));
    if (!taken)
        return "import: " + taken.error().name;
    for (int tries = 0; tries < kPatienceMs / 100; ++tries) {
        const auto status = opener->status();
        if (!status)
            return "status: " + status.error().name;
        if (status->waiting == 0)
            return {};
        QThread::msleep(100);
    }
    return "the import was not merged within a minute";
}

} // namespace flow
