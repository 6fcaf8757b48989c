// SPDX-License-Identifier: Apache-2.0
#include "app/checkpoint_file.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QStandardPaths>

namespace app {

namespace {
constexpr qint64 kLargest = 64LL * 1024; // a note is about 7 kB
constexpr int kNameDigits = 16;
} // namespace

CheckpointFile::CheckpointFile(const QString& socketPath)
{
    const QByteArray digest =
        QCryptographicHash::hash(socketPath.toUtf8(), QCryptographicHash::Sha256).toHex();
    m_path = QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
             QStringLiteral("/cloister/checkpoint-") +
             QString::fromLatin1(digest.left(kNameDigits));
}

std::optional<api::KeptCheckpoint> CheckpointFile::load() const
{
    QFile file(m_path);
    if (!file.open(QIODevice::ReadOnly) || file.size() > kLargest)
        return std::nullopt;
    return api::parseKept(file.readAll().toStdString());
}

bool CheckpointFile::save(const api::KeptCheckpoint& kept) const
{
    if (!QDir().mkpath(QFileInfo(m_path).path()))
        return false;
    QSaveFile file(m_path);
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    const std::string text = api::formatKept(kept);
    return file.write(text.data(), static_cast<qint64>(text.size())) ==
               static_cast<qint64>(text.size()) &&
           file.commit();
}

std::string CheckpointFile::pinnedKey()
{
    QFile file(QStringLiteral("/etc/cloister/audit.pub"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return file.read(kLargest).toStdString();
}

} // namespace app
