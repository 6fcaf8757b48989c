// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

namespace kernels {

/// Pages straight from the system: zero when new, taken up only when first written. Page-aligned.
class Memory {
public:
    /// Large pages spare address translation where everything is read from end to end; where only
    /// the beginnings of many parts are written they would take far more than is used.
    enum class Pages { Usual, Large };

    Memory() = default;
    /// An object without data() when the system has none left.
    static Memory allocate(std::size_t bytes, Pages pages = Pages::Usual);
    ~Memory();

    Memory(Memory&& other) noexcept
        : m_data(std::exchange(other.m_data, nullptr))
        , m_bytes(std::exchange(other.m_bytes, 0))
    {
    }
    Memory& operator=(Memory&& other) noexcept
    {
        std::swap(m_data, other.m_data);
        std::swap(m_bytes, other.m_bytes);
        return *this;
    }

    [[nodiscard]] std::byte* data() const { return m_data; }
    [[nodiscard]] std::size_t size() const { return m_bytes; }
    explicit operator bool() const { return m_data != nullptr; }

    template <typename T>
    [[nodiscard]] T* as() const
    {
        return reinterpret_cast<T*>(m_data);
    }

private:
    std::byte* m_data = nullptr;
    std::size_t m_bytes = 0;
};

/// Overwrites with zero in a way the compiler may not leave out.
void wipe(std::byte* data, std::size_t bytes);

} // namespace kernels
