// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <filesystem>

namespace storage {

/// What ties the users' passphrases to this machine: without it a stolen copy of the state folder
/// cannot be tried against a list of passphrases. Left out of backups.
struct DeviceSecret {
    Secret secret;
    bool sealed = false;  // kept by the system's credential store, not as a plain file
    bool madeNow = false; // there was none: passphrases set before this no longer open anything
};

/// The 32 bytes of systemd's credential "cloister.device" where the unit passes one
/// ($CREDENTIALS_DIRECTORY; systemd-creds seals it by TPM or host key), else the file
/// @p folder/device.secret, made on first use ("reduced protection").
/// Errors: Io; Corrupt when what is there is not 32 bytes; NoLockedMemory.
Result<DeviceSecret> openDeviceSecret(const std::filesystem::path& folder);

} // namespace storage
