// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/receipt.h"
#include "storage/error.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

/// Sealed imports that wait for somebody who holds the RecordsKey. Names are running numbers: a
/// file name given by a user is never repeated. Threads: locks inside.
class Inbox {
public:
    struct Refusal {
        std::string ticket;
        std::string reason; // a code
        std::string when;
    };

    static Result<std::unique_ptr<Inbox>> open(std::filesystem::path folder);
    ~Inbox();

    /// Returns the ticket once the sealed bytes are on disk.
    Result<std::string> put(std::span<const std::byte> sealed, const audit::Receipt& receipt);
    [[nodiscard]] Result<std::vector<std::string>> waiting() const; // oldest first
    [[nodiscard]] Result<std::vector<std::byte>> read(std::string_view ticket) const;
    Result<void> done(std::string_view ticket);
    Result<void> refuse(std::string_view ticket, std::string_view reason);
    [[nodiscard]] Result<std::vector<Refusal>> refusals() const;

private:
    struct State;
    explicit Inbox(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace storage
