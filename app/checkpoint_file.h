// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/witness.h"

#include <QString>

namespace app {

/// The file in which this user's client remembers the audit log: docs/formats/client-checkpoint.md.
class CheckpointFile {
public:
    /// For the service behind @p socketPath, in the user's configuration folder.
    explicit CheckpointFile(const QString& socketPath);

    /// Nothing where there is no file or it is damaged.
    [[nodiscard]] std::optional<api::KeptCheckpoint> load() const;
    /// Replaces the file; false when it could not be written (it is then unchanged).
    [[nodiscard]] bool save(const api::KeptCheckpoint& kept) const;
    /// The key that IT laid down on this machine, empty where there is none.
    [[nodiscard]] static std::string pinnedKey();

    [[nodiscard]] const QString& path() const { return m_path; }

private:
    QString m_path;
};

} // namespace app
