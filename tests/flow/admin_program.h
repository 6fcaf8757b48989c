// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/flow/ward.h"

namespace flow {

struct AdminRan {
    int status = -1;
    QByteArray out, err;
};

/// Runs cloister-admin against @p ward with @p arguments, @p secrets one a line on its descriptor
/// 0.
inline AdminRan runAdmin(const Ward& ward, const QStringList& arguments,
                         const std::vector<std::string>& secrets = {})
{
    QProcess program;
    program.start(QStringLiteral(PROGRAMS "/cloister-admin"),
                  QStringList{QStringLiteral("--socket"),
                              QString::fromStdString(ward.socket().string()),
                              QStringLiteral("--passphrase-fd"), QStringLiteral("0")} +
                      arguments);
    for (const std::string& secret : secrets)
        program.write(QByteArray::fromStdString(secret) + '\n');
    program.closeWriteChannel();
    if (!program.waitForFinished(60000))
        return {.status = -1, .out = {}, .err = "did not end"};
    return {program.exitCode(), program.readAllStandardOutput(), program.readAllStandardError()};
}

/// @p words behind --as NAME.
inline QStringList as(const Person& person, const QStringList& words)
{
    return QStringList{QStringLiteral("--as"), QString::fromStdString(person.name)} + words;
}

} // namespace flow
