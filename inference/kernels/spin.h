// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace kernels {

/// A wait that burns time, by the clock: a pause takes 10 to 150 processor cycles, depending on the
/// make.
class Spin {
public:
    static constexpr std::chrono::microseconds kLongest{50};

    /// Waits a moment. False once the waiting has lasted kLongest in all.
    bool again()
    {
        for (int i = 0; i < kPausesBetweenLooks; ++i)
            __builtin_ia32_pause();
        return std::chrono::steady_clock::now() - m_begin < kLongest;
    }

private:
    static constexpr int kPausesBetweenLooks = 4;

    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
};

} // namespace kernels
