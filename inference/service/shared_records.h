// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/records/record_store.h"
#include "storage/secret.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>

namespace service {

/// The records database while at least one signed-in user may open it. The key is counted over
/// sessions and wiped with the last. Threads: any; reads take turns on one connection.
class SharedRecords {
public:
    explicit SharedRecords(std::filesystem::path file);

    /// One more session brings the key. Errors: of RecordStore::open; nothing is then held.
    storage::Result<void> hold(storage::Secret key);
    /// One session fewer; with the last the database is closed and the key wiped.
    void release();
    [[nodiscard]] bool held() const;

    /// Calls @p use with the records::RecordStore. Errors: NotAdmitted while nobody holds the key.
    template <typename F>
    auto with(F use) -> std::invoke_result_t<F, records::RecordStore&>
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_store)
            return std::unexpected(
                storage::Error{storage::Errc::NotAdmitted, "nobody holds the records key"});
        return use(*m_store);
    }

    /// The merge thread's own copy of the key, for its own connection.
    [[nodiscard]] storage::Result<storage::Secret> key() const;
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }

private:
    std::filesystem::path m_file;
    mutable std::mutex m_mutex;
    std::size_t m_holders = 0;
    std::optional<storage::Secret> m_key;
    std::unique_ptr<records::RecordStore> m_store;
};

} // namespace service
