// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/automaton.h"
#include "inference/engine/token_mask.h"
#include "inference/engine/token_trie.h"
#include "inference/wire/messages.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace engine {

/// Says before every token which ones keep an answer to what was asked for: a pattern
/// (pattern.h), a JSON schema (json_schema.h), one JSON object, or text whose citations exist
/// (citations.h).
///
/// A token may come when all its bytes may; the end of the turn when the text is complete. From
/// every state the text can be completed, so a mask is never empty, and it depends on the bytes so
/// far alone, not on what was asked before.
/// Threads: one at a time.
class Constraint {
public:
    /// Where an answer stands, for this object only. A value: copy it before guessed tokens, to go
    /// back.
    using State = Automaton::Place;

    /// @p trie outlives the object. Errors: what pattern or schema say; Unsupported for kind None;
    /// Empty also when the vocabulary has no token that ends the turn.
    static Compiled<Constraint> compile(const wire::Constraint& wanted, const TokenTrie& trie);

    [[nodiscard]] State begin() { return m_automaton.begin(); }
    /// Valid until the next call.
    [[nodiscard]] const TokenMask& mask(const State& state);
    /// After @p token, which mask(@p state) allows. After another one no token is allowed.
    [[nodiscard]] State advance(const State& state, std::int32_t token);
    /// The text may end here.
    [[nodiscard]] static bool isComplete(const State& state) { return state.complete; }

private:
    Constraint(Grammar grammar, const TokenTrie& trie);
    [[nodiscard]] TokenMask makeMask(Automaton::Node root);
    void allow(TokenMask& mask, std::size_t node) const;
    [[nodiscard]] bool fitsWhole(const TokenTrie::Node& node);
    [[nodiscard]] bool isFirstVisit(Automaton::Node node);
    void makeRoom();

    const TokenTrie* m_trie; // never null
    Automaton m_automaton;
    std::unordered_map<Automaton::Node, TokenMask> m_masks;
    std::vector<Automaton::Node> m_path;  // of the way down the trie
    std::vector<std::uint32_t> m_visited; // by node: in which mask last
    std::uint32_t m_visit = 0;
};

} // namespace engine
