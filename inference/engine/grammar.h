// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/expression.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace engine {

/// Rules as states with edges over bytes, edges over nothing, and calls of other rules. Characters
/// are UTF-8, so whatever fits is well-formed.
///
/// Calls nest kMaxDepth deep at most. need() says how deep a state must still go to reach its end,
/// so who never enters a state that needs more than is left can always finish: no path is a dead
/// end. Threads: const.
class Grammar {
public:
    using State = std::uint32_t;
    using Bytes = std::bitset<256>;
    static constexpr std::uint32_t kMaxDepth = 64;
    static constexpr std::size_t kMaxStates = 100000;

    struct ByteEdge {
        std::uint8_t first = 0;
        std::uint8_t last = 0; // included
        State to = 0;
    };
    struct CallEdge {
        std::uint32_t rule = 0;
        State back = 0; // where it goes on afterwards
    };

    /// @p rules call each other by their place; the first one is the whole answer. Only bytes of
    /// @p known can be written. Errors: TooLarge; Empty.
    static Compiled<Grammar> build(std::span<const Expression> rules, const Bytes& known);

    [[nodiscard]] State begin(std::uint32_t rule) const { return m_begins[rule]; }
    [[nodiscard]] bool isEnd(State state) const { return m_isEnd[state]; }
    [[nodiscard]] std::span<const ByteEdge> byteEdges(State state) const
    {
        return m_states[state].bytes;
    }
    [[nodiscard]] std::span<const State> emptyEdges(State state) const
    {
        return m_states[state].empties;
    }
    [[nodiscard]] std::span<const CallEdge> callEdges(State state) const
    {
        return m_states[state].calls;
    }
    /// Calls that the shortest way from @p state to the end of its rule nests; above kMaxDepth when
    /// there is none.
    [[nodiscard]] std::uint32_t need(State state) const { return m_needs[state]; }
    /// Bytes that no edge tells apart have the same class: 0 to classes() - 1.
    [[nodiscard]] std::uint8_t classOf(std::uint8_t byte) const { return m_classes[byte]; }
    [[nodiscard]] std::size_t classes() const { return std::size_t{m_classes[255]} + 1; }
    [[nodiscard]] std::size_t states() const { return m_states.size(); }

private:
    friend class GrammarBuilder;
    struct Edges {
        std::vector<ByteEdge> bytes;
        std::vector<State> empties;
        std::vector<CallEdge> calls;
    };
    void findNeeds();
    void findClasses();

    std::vector<Edges> m_states;
    std::vector<State> m_begins; // of rules
    std::vector<bool> m_isEnd;
    std::vector<std::uint32_t> m_needs;
    std::array<std::uint8_t, 256> m_classes = {};
};

} // namespace engine
