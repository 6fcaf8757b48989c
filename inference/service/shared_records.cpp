// SPDX-License-Identifier: Apache-2.0
#include "inference/service/shared_records.h"

namespace service {

SharedRecords::SharedRecords(std::filesystem::path file)
    : m_file(std::move(file))
{
}

storage::Result<void> SharedRecords::hold(storage::Secret key)
{
    const std::scoped_lock lock(m_mutex);
    if (!m_store) {
        storage::Result<std::unique_ptr<records::RecordStore>> store =
            records::RecordStore::open(m_file, key);
        if (!store)
            return std::unexpected(store.error());
        m_store = std::move(*store);
        m_key = std::move(key);
    }
    ++m_holders;
    return {};
}

void SharedRecords::release()
{
    const std::scoped_lock lock(m_mutex);
    if (m_holders == 0 || --m_holders > 0)
        return;
    m_store.reset();
    m_key.reset();
}

bool SharedRecords::held() const
{
    const std::scoped_lock lock(m_mutex);
    return m_store != nullptr;
}

storage::Result<storage::Secret> SharedRecords::key() const
{
    const std::scoped_lock lock(m_mutex);
    if (!m_key)
        return std::unexpected(
            storage::Error{storage::Errc::NotAdmitted, "nobody holds the records key"});
    return m_key->clone();
}

} // namespace service
