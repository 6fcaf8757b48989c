// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/constraint.h"

#include "inference/engine/citations.h"
#include "inference/engine/json_schema.h"
#include "inference/engine/pattern.h"

#include <utility>

namespace engine {
namespace {

/// Masks that are kept: an answer comes back to few states, and each mask of a large vocabulary
/// takes 19 KB.
constexpr std::size_t kMaxMasks = 256;
/// Entries of the automaton after which its nodes are made anew: about 64 MB.
constexpr std::size_t kMaxEntries = std::size_t{8} << 20;
/// Entries that one mask may look at. Only expressions made to be bad ones need more; what lies
/// behind is then not allowed in one token.
constexpr std::size_t kMaxEntriesOfMask = std::size_t{1} << 19;

Compiled<std::vector<Expression>> rulesOf(const wire::Constraint& wanted)
{
    const auto alone = [](Expression expression) {
        std::vector<Expression> rules;
        rules.push_back(std::move(expression));
        return rules;
    };
    switch (wanted.kind) {
    case wire::Constraint::Kind::Pattern:
        return parsePattern(wanted.text, Anchored::Always).transform(alone);
    case wire::Constraint::Kind::JsonSchema:
        return rulesOfSchema(wanted.text);
    case wire::Constraint::Kind::AnyJson:
        return rulesOfAnyObject();
    case wire::Constraint::Kind::Citations:
        return textWithCitations(wanted.citations).transform(alone);
    case wire::Constraint::Kind::None:
        break;
    }
    return std::unexpected(ConstraintError{ConstraintError::Code::Unsupported, "no constraint"});
}

} // namespace

Compiled<Constraint> Constraint::compile(const wire::Constraint& wanted, const TokenTrie& trie)
{
    if (trie.ends().empty())
        return std::unexpected(ConstraintError{ConstraintError::Code::Empty,
                                               "no token of the vocabulary ends a turn"});
    const auto rules = rulesOf(wanted);
    if (!rules)
        return std::unexpected(rules.error());
    auto grammar = Grammar::build(*rules, trie.singleBytes());
    if (!grammar)
        return std::unexpected(grammar.error());
    return Constraint(*std::move(grammar), trie);
}

Constraint::Constraint(Grammar grammar, const TokenTrie& trie)
    : m_trie(&trie)
    , m_automaton(std::move(grammar), trie.plainBytes())
    , m_path(trie.height() + 1)
{
}

const TokenMask& Constraint::mask(const State& state)
{
    makeRoom();
    const Automaton::Node root = m_automaton.nodeOf(state);
    const auto found = m_masks.find(root);
    if (found != m_masks.end())
        return found->second;
    return m_masks.emplace(root, makeMask(root)).first->second;
}

Constraint::State Constraint::advance(const State& state, std::int32_t token)
{
    if (m_trie->isEnd(token))
        return state.complete ? state : State();
    makeRoom();
    Automaton::Node node = m_automaton.nodeOf(state);
    const std::string_view text = m_trie->text(token);
    if (text.empty())
        return {};
    for (const char byte : text)
        node = m_automaton.next(node, static_cast<std::uint8_t>(byte));
    return m_automaton.placeOf(node);
}

void Constraint::makeRoom()
{
    if (m_automaton.entries() > kMaxEntries) {
        m_automaton.forgetNodes();
        m_masks.clear();
        m_visited.clear();
    }
    if (m_masks.size() >= kMaxMasks)
        m_masks.clear();
}

/// Walks down the trie. Single bytes are looked at first, whatever they take: one of them always
/// goes on.
TokenMask Constraint::makeMask(Automaton::Node root)
{
    TokenMask mask(m_trie->vocabulary());
    if (m_automaton.placeOf(root).complete)
        for (const std::int32_t token : m_trie->ends())
            mask.allow(token);
    const auto nodes = m_trie->nodes();
    const std::size_t count = nodes.size() - 1;
    for (std::size_t i = 0; i < count; i = nodes[i].end)
        if (m_automaton.next(root, nodes[i].byte) != Automaton::kNowhere)
            allow(mask, i);

    ++m_visit;
    std::size_t entries = 0;
    m_path[0] = root;
    Automaton::Node* const path = m_path.data();
    const TokenTrie::Node* const tree = nodes.data(); // 300,000 steps: not checked one by one
    for (std::size_t i = 0; i < count;) {
        const TokenTrie::Node& node = tree[i];
        const Automaton::Node next = m_automaton.next(path[node.depth - 1U], node.byte);
        if (next == Automaton::kNowhere) {
            i = node.end;
            continue;
        }
        path[node.depth] = next;
        if (isFirstVisit(next))
            entries += m_automaton.placeOf(next).threads.size() + 1;
        if (entries > kMaxEntriesOfMask)
            break;
        // Most tokens are ordinary text, and most states treat it all alike.
        const bool skip = node.crown != 0 && fitsWhole(node);
        const std::size_t end = skip ? node.end : i + 1;
        for (std::uint32_t token = node.first; token < tree[end].first; ++token)
            mask.allow(m_trie->tokens().data()[token]);
        i = end;
    }
    return mask;
}

/// Whether every text above @p node can be read: as long as ordinary characters lead on. There are
/// no more of them than bytes.
bool Constraint::fitsWhole(const TokenTrie::Node& node)
{
    const TokenTrie::Crown& crown = m_trie->crowns()[node.crown];
    Automaton::Node at = m_path[node.depth - crown.begun];
    for (std::size_t i = 0; i < crown.begun + crown.height; ++i) {
        const Automaton::Node to = m_automaton.afterPlain(at);
        if (to == Automaton::kNowhere)
            return false;
        if (to == at)
            return true; // and so on
        at = to;
    }
    return true;
}

/// In this mask.
bool Constraint::isFirstVisit(Automaton::Node node)
{
    if (node >= m_visited.size())
        m_visited.resize(node + 1);
    return std::exchange(m_visited.data()[node], m_visit) != m_visit;
}

/// The tokens that end at @p node.
void Constraint::allow(TokenMask& mask, std::size_t node) const
{
    const auto nodes = m_trie->nodes();
    for (std::uint32_t i = nodes[node].first; i < nodes[node + 1].first; ++i)
        mask.allow(m_trie->tokens()[i]);
}

} // namespace engine
