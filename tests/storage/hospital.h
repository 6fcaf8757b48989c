// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/storage/support.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

inline bool same(const storage::Secret& a, const storage::Secret& b)
{
    return std::ranges::equal(a.bytes(), b.bytes());
}

inline std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

/// One hospital with a clinician who was enrolled but not yet admitted.
struct Hospital {
    Hospital()
        : keys(openKeys(scratch.folder() / "keys"))
        , shares(valueOf(keys->init(kCeremony, scratch.receipt(audit::Kind::Init))))
    {
        const auto code = valueOf(keys->addUser("clinician", storage::Role::Clinician,
                                                scratch.receipt(audit::Kind::UserAdd)));
        valueOf(keys->enrol("clinician", code, "clinician passphrase", scratch.receipt()));
    }

    storage::User user(std::string_view name) const
    {
        const auto users = keys->users();
        return *std::ranges::find(users, name, &storage::User::name);
    }
    void admitClinician()
    {
        const auto steward = valueOf(keys->signIn("steward", kCeremony.steward.passphrase));
        valueOf(keys->admit(steward, user("clinician").id, scratch.receipt(audit::Kind::Admit)));
    }
    void reopen()
    {
        keys.reset();
        keys = openKeys(scratch.folder() / "keys");
    }

    Scratch scratch;
    std::unique_ptr<storage::KeyStore> keys;
    std::vector<std::string> shares;
};
