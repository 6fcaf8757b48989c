// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace storage {

enum class Errc {
    Io,              // the disk refused; nothing was changed
    Corrupt,         // a file does not verify
    WrongPassphrase, // also: no such user (both take the same time)
    NotAdmitted,     // the user may sign in but holds no RecordsKey
    NotInitialised,  // the ceremony has not been held
    AlreadyExists,
    NotFound,
    Invalid,        // an argument breaks a rule (empty passphrase, wrong code, share, ...)
    NoLockedMemory, // keys could not be locked in memory
    TooNew,         // written by a newer version
    Database,       // SQLCipher refused
};

struct Error {
    Errc code;
    std::string detail; // for the log file; never patient text, never a secret
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace storage
