// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/grammar.h"
#include "inference/engine/plain_text.h"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace engine {

/// Reads bytes by a grammar. Its nodes are the sets of threads that the grammar can be in, made as
/// they are met, so that a byte costs one look into a table once it has been read before.
/// Threads (of the program): one at a time.
class Automaton {
public:
    /// A state of the grammar and the calls it stands in.
    struct Thread {
        Grammar::State state = 0;
        std::uint32_t calls = 0; // 0: none
        bool operator==(const Thread&) const = default;
    };
    /// Everything that can be true after the bytes so far. Depends on them alone.
    struct Place {
        std::vector<Thread> threads; // those with a byte to come
        bool complete = false;       // the text may end here
        bool operator==(const Place&) const = default;
    };
    using Node = std::uint32_t;
    static constexpr Node kNowhere = 0; // nothing fits that begins so

    /// @p plains: the bytes that begin an ordinary character, for afterPlain().
    Automaton(Grammar grammar, const Grammar::Bytes& plains);

    [[nodiscard]] Place begin();
    /// Valid until forgetNodes().
    [[nodiscard]] Node nodeOf(const Place& place);
    [[nodiscard]] Node next(Node node, std::uint8_t byte)
    {
        // Every byte of every mask comes by here: not checked again, node and class are ours.
        const Node known = m_next.data()[node * m_classes + m_grammar.classOf(byte)];
        return known != kUnknown ? known : makeNext(node, byte);
    }
    /// Where every ordinary character (plain_text.h) of those that begin with a plain byte leads
    /// from @p node; kNowhere when not all lead to one place.
    [[nodiscard]] Node afterPlain(Node node)
    {
        return node < m_afterPlain.size() && m_afterPlain[node] != kUnknown ? m_afterPlain[node]
                                                                            : findAfterPlain(node);
    }

    [[nodiscard]] const Place& placeOf(Node node) const { return m_places[node]; }

    /// What the nodes take, in entries of a few bytes.
    [[nodiscard]] std::size_t entries() const { return m_entries; }
    /// Frees the nodes; places stay good.
    void forgetNodes();

private:
    static constexpr Node kUnknown = ~Node{0};
    /// Ways to read the same bytes beyond these are not followed: each of the others can be
    /// finished too, so less may be written, but never nothing.
    static constexpr std::size_t kMaxThreads = 4096;

    struct Calls {
        std::uint32_t below = 0;
        Grammar::State back = 0;
        std::uint32_t depth = 0;
    };

    Node makeNext(Node node, std::uint8_t byte);
    Node findAfterPlain(Node node);
    [[nodiscard]] bool allLeadTo(Node to, Node node, const PlainText& begun, unsigned first,
                                 unsigned last);
    void reach(Thread thread, Place& place);
    void expand(Thread thread, Place& place);
    [[nodiscard]] bool fits(std::uint32_t depth, Grammar::State state) const
    {
        return depth + m_grammar.need(state) <= Grammar::kMaxDepth;
    }
    [[nodiscard]] std::uint32_t callsOn(std::uint32_t below, Grammar::State back);

    Grammar m_grammar;
    Grammar::Bytes m_plains;
    std::size_t m_classes;
    std::vector<Place> m_places; // of nodes
    std::vector<Node> m_next;    // [node, class]
    std::vector<Node> m_afterPlain;
    std::unordered_multimap<std::uint64_t, Node> m_nodesByHash;
    std::size_t m_entries = 0;
    // Every stack of calls once. Never freed: there are few per token of an answer.
    std::vector<Calls> m_calls;
    std::unordered_map<std::uint64_t, std::uint32_t> m_callsByKey;
    std::unordered_set<std::uint64_t> m_seen; // threads of the place that is being made
    std::vector<Thread> m_open;               // of these, not yet followed
};

} // namespace engine
