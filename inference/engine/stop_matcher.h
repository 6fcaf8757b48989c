// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Ends an answer before any of several texts, and shows nothing of them meanwhile: what may be
/// the beginning of one is held back until it is clear.
///
/// The text that is complete first ends the answer (of several the one that began first), so the
/// result does not depend on how the answer is cut into pieces.
/// Threads: one at a time. Copyable, so that guessed tokens can be tried and taken back.
class StopMatcher {
public:
    /// Empty texts are ignored. Given whole UTF-8 characters, whole characters come out.
    explicit StopMatcher(const std::vector<std::string>& stops = {});

    /// Takes the next piece of the answer and returns what may be shown. Nothing once stopped().
    [[nodiscard]] std::string push(std::string_view piece);
    /// The end of the answer: what was held back.
    [[nodiscard]] std::string finish();
    [[nodiscard]] bool stopped() const { return m_stopped; }

private:
    struct Stop {
        std::string text;
        std::vector<std::size_t> shorter; // [n]: the longest true prefix that also ends text[0, n)
        std::size_t matched = 0;          // bytes of text that the answer ends with
    };
    [[nodiscard]] static std::size_t matchedAfter(const Stop& stop, std::size_t matched, char next);
    [[nodiscard]] std::string release(std::size_t kept);

    std::vector<Stop> m_stops;
    std::string m_held; // as long as the longest beginning of a stop text that it ends with
    bool m_stopped = false;
};

} // namespace engine
