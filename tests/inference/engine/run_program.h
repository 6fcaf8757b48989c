// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QProcess>
#include <QString>
#include <QTemporaryDir>

#include <fstream>

struct Ran {
    int status = -1; // -1: it did not end by itself
    QByteArray out;
    QByteArray err;
};

/// Runs a built program to its end, as a person would by hand. @p folder: where it is started;
/// empty: where the tests are.
inline Ran run(const char* program, const QStringList& arguments, const QByteArray& input = {},
               const QString& folder = {})
{
    static const QTemporaryDir cache; // never the one of the person who runs the tests
    QProcess process;
    process.setWorkingDirectory(folder);
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_CACHE_HOME"), cache.path());
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(PROGRAMS) + u'/' + QString::fromLatin1(program), arguments);
    process.write(input);
    process.closeWriteChannel();
    process.waitForFinished(60000);
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
            process.readAllStandardOutput(), process.readAllStandardError()};
}

inline void writeFile(const QString& path, const QByteArray& bytes)
{
    std::ofstream(path.toStdString(), std::ios::binary)
        << std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size()));
}
