// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/error.h"

#include <filesystem>
#include <memory>
#include <string>

namespace service {

/// The daemon's folder on disk: docs/formats/state-folder.md. Held by one daemon at a time.
class StateFolder {
public:
    /// Makes what is missing, for the owner only. Errors: Conflict when another daemon holds it,
    /// Internal when it cannot be written.
    static api::Result<std::unique_ptr<StateFolder>> open(const std::filesystem::path& folder);
    ~StateFolder(); // lets go of the lock
    StateFolder(const StateFolder&) = delete;
    StateFolder& operator=(const StateFolder&) = delete;

    [[nodiscard]] std::filesystem::path keys() const { return m_folder / "keys"; }
    [[nodiscard]] std::filesystem::path vaults() const { return m_folder / "vaults"; }
    [[nodiscard]] std::filesystem::path records() const
    {
        return m_folder / "records" / "records.db";
    }
    [[nodiscard]] std::filesystem::path inbox() const { return m_folder / "inbox"; }
    [[nodiscard]] std::filesystem::path audit() const { return m_folder / "audit"; }
    [[nodiscard]] std::filesystem::path auditKey() const
    {
        return m_folder / "audit-key" / "signing.key";
    }
    [[nodiscard]] std::filesystem::path packs() const { return m_folder / "packs"; }
    [[nodiscard]] std::filesystem::path defaultSocket() const { return m_folder / "cloister.sock"; }
    /// First line of the audit log's checkpoints: "cloister/" and 32 hex digits, drawn once.
    [[nodiscard]] const std::string& origin() const { return m_origin; }

private:
    StateFolder(std::filesystem::path folder, int lock, std::string origin);

    std::filesystem::path m_folder;
    int m_lock; // descriptor
    std::string m_origin;
};

} // namespace service
