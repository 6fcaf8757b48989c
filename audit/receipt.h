// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/event.h"

namespace audit {

class Log;

/// Proof that an event is on disk. Only Log::append makes one, so a function that takes a Receipt
/// cannot be called before the access it performs was recorded.
class Receipt {
public:
    [[nodiscard]] std::uint64_t index() const { return m_index; }
    [[nodiscard]] Kind kind() const { return m_kind; }

private:
    friend class Log;
    Receipt(std::uint64_t index, Kind kind)
        : m_index(index)
        , m_kind(kind)
    {
    }

    std::uint64_t m_index;
    Kind m_kind;
};

} // namespace audit
