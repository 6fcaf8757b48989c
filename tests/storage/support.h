// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "storage/key_store.h"

#include <QtTest>

#include <filesystem>
#include <memory>
#include <string>

/// A folder that goes with the test, and an audit log in it: only a log makes receipts.
class Scratch {
public:
    Scratch()
    {
        auto opened = audit::Log::open({.folder = folder() / "audit",
                                        .signingKey = folder() / "signing.key",
                                        .origin = "cloister/test",
                                        .seal = {}});
        if (opened)
            m_log = std::move(*opened);
        else
            qFatal("no audit log for a test: %s", opened.error().detail.c_str());
    }

    [[nodiscard]] std::filesystem::path folder() const { return m_folder.path().toStdString(); }

    [[nodiscard]] audit::Receipt receipt(audit::Kind kind = audit::Kind::QuestionIntent)
    {
        audit::Event event;
        event.kind = kind;
        auto receipt = m_log->append(event);
        if (!receipt)
            qFatal("no receipt for a test: %s", receipt.error().detail.c_str());
        return *receipt;
    }

private:
    QTemporaryDir m_folder;
    std::unique_ptr<audit::Log> m_log;
};

/// The value, or the end of the test with the error.
template <typename T>
T valueOf(storage::Result<T> result)
{
    if (!result)
        qFatal("unexpected error %d: %s", static_cast<int>(result.error().code),
               result.error().detail.c_str());
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

/// The code of a failure; a success ends the test.
template <typename T>
storage::Errc errorOf(const storage::Result<T>& result)
{
    if (result)
        qFatal("a success where an error was expected");
    return result.error().code;
}

inline const storage::Ceremony kCeremony{
    {"admin", "admin passphrase one"},
    {"steward", "steward passphrase two"},
    {"officer", "officer passphrase three"},
};

/// Argon2 with the least memory: the product's cost is measured in one test only.
inline std::unique_ptr<storage::KeyStore> openKeys(const std::filesystem::path& folder)
{
    return valueOf(storage::KeyStore::open({.folder = folder, .argonKiB = 64}));
}
