// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/automaton.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace engine {
namespace {

std::uint64_t keyOf(std::uint32_t high, std::uint32_t low)
{
    return std::uint64_t{high} << 32U | low;
}

/// FNV-1a over whole numbers.
std::uint64_t hashOf(const Automaton::Place& place)
{
    std::uint64_t hash = place.complete ? 1469598103934665603U : 1099511628211U;
    for (const auto& [state, calls] : place.threads)
        hash = (hash ^ keyOf(state, calls)) * 1099511628211U;
    return hash;
}

} // namespace

Automaton::Automaton(Grammar grammar, const Grammar::Bytes& plains)
    : m_grammar(std::move(grammar))
    , m_plains(plains)
    , m_classes(m_grammar.classes())
    , m_calls(1)
{
    forgetNodes();
}

void Automaton::forgetNodes()
{
    m_places.assign(1, {}); // kNowhere
    m_next.assign(m_classes, kNowhere);
    m_afterPlain.clear();
    m_nodesByHash.clear();
    m_nodesByHash.emplace(hashOf({}), kNowhere);
    m_entries = 0;
}

Automaton::Place Automaton::begin()
{
    Place place;
    m_seen.clear();
    reach({m_grammar.begin(0), 0}, place);
    return place;
}

Automaton::Node Automaton::nodeOf(const Place& place)
{
    const std::uint64_t hash = hashOf(place);
    const auto [first, last] = m_nodesByHash.equal_range(hash);
    for (const auto& [key, node] : std::ranges::subrange(first, last))
        if (m_places[node] == place)
            return node;
    const auto node = static_cast<Node>(m_places.size());
    m_places.push_back(place);
    m_next.resize(m_next.size() + m_classes, kUnknown);
    m_nodesByHash.emplace(hash, node);
    m_entries += place.threads.size() + m_classes;
    return node;
}

Automaton::Node Automaton::makeNext(Node node, std::uint8_t byte)
{
    Place place;
    m_seen.clear();
    const std::vector<Thread> threads = m_places[node].threads;
    for (const Thread& thread : threads)
        for (const Grammar::ByteEdge& edge : m_grammar.byteEdges(thread.state))
            if (byte >= edge.first && byte <= edge.last &&
                fits(m_calls[thread.calls].depth, edge.to))
                reach({edge.to, thread.calls}, place);
    // The same threads found in another order are the same place. Of one state they stay in the
    // order in which they were found: the numbers of stacks depend on what was read before.
    std::ranges::stable_sort(place.threads, {}, &Thread::state);
    const Node found = nodeOf(place);
    m_next[node * m_classes + m_grammar.classOf(byte)] = found;
    return found;
}

Automaton::Node Automaton::findAfterPlain(Node node)
{
    const Node to = next(node, 'e');
    const bool all = to != kNowhere && allLeadTo(to, node, {}, 0, 0xFF);
    if (m_afterPlain.size() < m_places.size())
        m_afterPlain.resize(m_places.size(), kUnknown);
    return m_afterPlain[node] = all ? to : kNowhere;
}

/// Whether every character that goes on from @p begun with one of these bytes leads to @p to.
bool Automaton::allLeadTo(Node to, Node node, const PlainText& begun, unsigned first, unsigned last)
{
    Node before = kNowhere;
    PlainText known; // with the byte before
    for (unsigned byte = first; byte <= last; ++byte) {
        if (begun.missing() == 0 && !m_plains[byte])
            continue;
        const Node there = next(node, static_cast<std::uint8_t>(byte));
        PlainText text = begun;
        text.add(static_cast<std::uint8_t>(byte));
        if (there == kNowhere || (text.missing() == 0 && there != to))
            return false;
        // Neighbours that lead to the same place, with the same to follow, need one look.
        const bool same = there == before && text == known;
        if (text.missing() > 0 && !same &&
            !allLeadTo(to, there, text, text.next().first, text.next().last))
            return false;
        before = there;
        known = text;
    }
    return true;
}

/// Adds what can be reached from @p thread without a byte.
void Automaton::reach(Thread thread, Place& place)
{
    m_open.assign(1, thread);
    while (!m_open.empty() && place.threads.size() < kMaxThreads) {
        const Thread next = m_open.back();
        m_open.pop_back();
        if (m_seen.insert(keyOf(next.state, next.calls)).second)
            expand(next, place);
    }
}

void Automaton::expand(Thread thread, Place& place)
{
    const auto [below, back, depth] = m_calls[thread.calls];
    if (m_grammar.isEnd(thread.state)) {
        if (thread.calls == 0)
            place.complete = true;
        else
            m_open.push_back({back, below});
        return;
    }
    if (!m_grammar.byteEdges(thread.state).empty())
        place.threads.push_back(thread);
    for (const Grammar::State to : m_grammar.emptyEdges(thread.state) | std::views::reverse)
        if (fits(depth, to))
            m_open.push_back({to, thread.calls});
    for (const Grammar::CallEdge& call : m_grammar.callEdges(thread.state)) {
        const Grammar::State begin = m_grammar.begin(call.rule);
        if (fits(depth, call.back) && fits(depth + 1, begin))
            m_open.push_back({begin, callsOn(thread.calls, call.back)});
    }
}

std::uint32_t Automaton::callsOn(std::uint32_t below, Grammar::State back)
{
    const auto next = static_cast<std::uint32_t>(m_calls.size());
    const auto [found, isNew] = m_callsByKey.try_emplace(keyOf(below, back), next);
    if (isNew)
        m_calls.push_back({below, back, m_calls[below].depth + 1});
    return found->second;
}

} // namespace engine
