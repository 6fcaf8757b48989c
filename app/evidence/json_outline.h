// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

namespace app {

/// A JSON text laid out for reading: members in their own order, numbers with their own digits,
/// only the white space is ours. Paths are written as in records: "component[1].valueQuantity".
struct JsonOutline {
    struct Span {
        QString path;
        qsizetype begin = 0, end = 0; // UTF-16 units of text, member name included
        qsizetype value = 0;          // where the value begins
    };
    QString text;
    QList<Span> spans;  // of every member and array item, outer ones before their content
    bool whole = false; // false: not JSON; text is then the input as it came

    /// The span of @p path, or nullptr.
    [[nodiscard]] const Span* find(const QString& path) const;
};

/// Lays out @p json (UTF-8). Never fails: what cannot be read comes back unchanged.
[[nodiscard]] JsonOutline outlineOf(const QByteArray& json);

} // namespace app
