// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/grammar.h"

#include <algorithm>
#include <format>
#include <string_view>

namespace engine {

using State = Grammar::State;

/// Lays expressions out between two states. Once there are too many it lays nothing more.
class GrammarBuilder {
public:
    GrammarBuilder(Grammar& grammar, const Grammar::Bytes& known)
        : m_grammar(grammar)
        , m_known(known)
    {
    }

    State newState()
    {
        if (!full())
            m_grammar.m_states.emplace_back();
        return static_cast<State>(m_grammar.m_states.size() - 1);
    }
    [[nodiscard]] bool full() const { return m_grammar.m_states.size() >= Grammar::kMaxStates; }

    void lay(const Expression& expression, State from, State to)
    {
        if (full())
            return;
        switch (expression.kind) {
        case Expression::Kind::Characters:
            return layCharacters(expression.ranges, from, to);
        case Expression::Kind::Text:
            return layText(expression.text, from, to);
        case Expression::Kind::Sequence:
            return laySequence(expression.parts, from, to);
        case Expression::Kind::Choice:
            for (const Expression& part : expression.parts)
                layApart(part, from, to);
            return;
        case Expression::Kind::Repeat:
            return layRepeat(expression, from, to);
        case Expression::Kind::Members:
            return layMembers(expression, from, to);
        case Expression::Kind::Call:
            m_grammar.m_states[from].calls.push_back({expression.rule, to});
            return;
        }
    }

private:
    void layEmpty(State from, State to) { m_grammar.m_states[from].empties.push_back(to); }

    /// With states of its own at both ends: a loop inside must not reach what stands beside it.
    void layApart(const Expression& part, State from, State to)
    {
        const State begin = newState();
        const State end = newState();
        layEmpty(from, begin);
        lay(part, begin, end);
        layEmpty(end, to);
    }

    /// Only bytes that are known get an edge; runs of them, as far as they go.
    void layBytes(unsigned first, unsigned last, State from, State to)
    {
        for (unsigned byte = first; byte <= last; ++byte) {
            if (!m_known[byte])
                continue;
            unsigned end = byte;
            while (end < last && m_known[end + 1])
                ++end;
            m_grammar.m_states[from].bytes.push_back(
                {static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(end), to});
            byte = end;
        }
    }

    void layText(std::string_view text, State from, State to)
    {
        State at = from;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const State next = i + 1 == text.size() ? to : newState();
            const auto byte = static_cast<std::uint8_t>(text[i]);
            layBytes(byte, byte, at, next);
            at = next;
        }
        if (text.empty())
            layEmpty(from, to);
    }

    void laySequence(std::span<const Expression> parts, State from, State to)
    {
        State at = from;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const State next = i + 1 == parts.size() ? to : newState();
            lay(parts[i], at, next);
            at = next;
        }
        if (parts.empty())
            layEmpty(from, to);
    }

    void layRepeat(const Expression& repeat, State from, State to)
    {
        const Expression& part = repeat.parts.front();
        State at = from;
        for (std::uint32_t i = 0; i < repeat.least && !full(); ++i) {
            const State next = newState();
            layApart(part, at, next);
            at = next;
        }
        if (repeat.most == Expression::kNoLimit) {
            const State loop = newState();
            layEmpty(at, loop);
            layApart(part, loop, loop);
            return layEmpty(loop, to);
        }
        for (std::uint32_t i = repeat.least; i < repeat.most && !full(); ++i) {
            layEmpty(at, to);
            const State next = newState();
            layApart(part, at, next);
            at = next;
        }
        layEmpty(at, to);
    }

    /// Two tracks: on the first no member was written yet, so none is separated.
    void layMembers(const Expression& members, State from, State to)
    {
        State none = newState();
        State some = newState();
        layEmpty(from, none);
        for (std::size_t i = 1; i < members.parts.size() && !full(); ++i) {
            const State member = newState();
            const State nextNone = newState();
            const State nextSome = newState();
            layEmpty(none, member);
            layApart(members.parts.front(), some, member);
            layApart(members.parts[i], member, nextSome);
            if (!members.required[i - 1]) {
                layEmpty(none, nextNone);
                layEmpty(some, nextSome);
            }
            none = nextNone;
            some = nextSome;
        }
        layEmpty(none, to);
        layEmpty(some, to);
    }

    void layCharacters(std::span<const CodeRange> ranges, State from, State to)
    {
        // Where the number of bytes changes, and around the surrogates, which are no characters.
        constexpr std::array<CodeRange, 5> kForms = {
            {{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, kLastCode}}};
        for (const CodeRange& range : ranges)
            for (const CodeRange& form : kForms) {
                const char32_t first = std::max(range.first, form.first);
                const char32_t last = std::min(range.last, form.last);
                if (first > last)
                    continue;
                const auto [low, length] = utf8Of(first);
                const auto [high, same] = utf8Of(last);
                layForms(std::span(low).first(length), std::span(high).first(same), from, to);
            }
    }

    static std::pair<std::array<std::uint8_t, 4>, std::size_t> utf8Of(char32_t code)
    {
        const auto continued = [code](unsigned shift) {
            return static_cast<std::uint8_t>(0x80U | (code >> shift & 0x3FU));
        };
        if (code < 0x80)
            return {{static_cast<std::uint8_t>(code)}, 1};
        if (code < 0x800)
            return {{static_cast<std::uint8_t>(0xC0U | code >> 6U), continued(0)}, 2};
        if (code < 0x10000)
            return {{static_cast<std::uint8_t>(0xE0U | code >> 12U), continued(6), continued(0)},
                    3};
        return {{static_cast<std::uint8_t>(0xF0U | code >> 18U), continued(12), continued(6),
                 continued(0)},
                4};
    }

    /// All forms from @p low to @p high, which are equally long: the first byte of the lower one
    /// with what follows at least, those between with everything, that of the higher one with what
    /// follows at most.
    void layForms(std::span<const std::uint8_t> low, std::span<const std::uint8_t> high, State from,
                  State to)
    {
        if (low.size() == 1)
            return layBytes(low[0], high[0], from, to);
        constexpr std::array<std::uint8_t, 3> kLeast = {0x80, 0x80, 0x80};
        constexpr std::array<std::uint8_t, 3> kMost = {0xBF, 0xBF, 0xBF};
        const auto least = std::span(kLeast).first(low.size() - 1);
        const auto most = std::span(kMost).first(low.size() - 1);
        const auto layFrom = [&](unsigned first, unsigned last, auto lowRest, auto highRest) {
            const State next = newState();
            layBytes(first, last, from, next);
            layForms(lowRest, highRest, next, to);
        };
        unsigned first = low[0];
        unsigned last = high[0];
        if (first == last)
            return layFrom(first, last, low.subspan(1), high.subspan(1));
        if (!std::ranges::equal(low.subspan(1), least))
            layFrom(first++, low[0], low.subspan(1), most);
        if (!std::ranges::equal(high.subspan(1), most))
            layFrom(last--, high[0], least, high.subspan(1));
        if (first <= last)
            layFrom(first, last, least, most);
    }

    Grammar& m_grammar;
    const Grammar::Bytes& m_known;
};

Compiled<Grammar> Grammar::build(std::span<const Expression> rules, const Bytes& known)
{
    Grammar grammar;
    GrammarBuilder builder(grammar, known);
    std::vector<State> ends;
    for (const Expression& rule : rules) {
        grammar.m_begins.push_back(builder.newState());
        ends.push_back(builder.newState());
        builder.lay(rule, grammar.m_begins.back(), ends.back());
    }
    if (builder.full())
        return std::unexpected(ConstraintError{ConstraintError::Code::TooLarge,
                                               std::format("more than {} states", kMaxStates)});
    grammar.m_isEnd.resize(grammar.m_states.size());
    for (const State end : ends)
        grammar.m_isEnd[end] = true;
    grammar.findNeeds();
    grammar.findClasses();
    if (grammar.need(grammar.begin(0)) > kMaxDepth)
        return std::unexpected(
            ConstraintError{ConstraintError::Code::Empty, "no text of this vocabulary fits"});
    return grammar;
}

/// Backwards from the ends: first what needs no call, then what needs one, and so on.
void Grammar::findNeeds()
{
    std::vector<std::vector<State>> before(m_states.size());  // by an edge
    std::vector<std::vector<State>> callers(m_begins.size()); // states that call the rule
    for (State state = 0; state < m_states.size(); ++state) {
        for (const ByteEdge& edge : m_states[state].bytes)
            before[edge.to].push_back(state);
        for (const State to : m_states[state].empties)
            before[to].push_back(state);
        for (const CallEdge& edge : m_states[state].calls) {
            before[edge.back].push_back(state);
            callers[edge.rule].push_back(state);
        }
    }
    m_needs.assign(m_states.size(), kMaxDepth + 1);
    const auto reaches = [this](State state, std::uint32_t depth) {
        const Edges& edges = m_states[state];
        return m_isEnd[state] ||
               std::ranges::any_of(edges.bytes, [&](auto& e) { return m_needs[e.to] <= depth; }) ||
               std::ranges::any_of(edges.empties, [&](State to) { return m_needs[to] <= depth; }) ||
               std::ranges::any_of(edges.calls, [&](auto& e) {
                   return m_needs[e.back] <= depth && m_needs[m_begins[e.rule]] < depth;
               });
    };
    std::vector<State> open;
    for (State state = 0; state < m_states.size(); ++state)
        if (m_isEnd[state])
            open.push_back(state);
    for (std::uint32_t depth = 0; depth <= kMaxDepth; ++depth) {
        while (!open.empty()) {
            const State state = open.back();
            open.pop_back();
            if (m_needs[state] <= depth || !reaches(state, depth))
                continue;
            m_needs[state] = depth;
            open.insert(open.end(), before[state].begin(), before[state].end());
        }
        // Rules that were reached at this depth can be called at the next.
        for (std::size_t rule = 0; rule < m_begins.size(); ++rule)
            if (m_needs[m_begins[rule]] == depth)
                open.insert(open.end(), callers[rule].begin(), callers[rule].end());
    }
}

void Grammar::findClasses()
{
    std::bitset<257> begins; // of classes
    for (const Edges& edges : m_states)
        for (const ByteEdge& edge : edges.bytes) {
            begins.set(edge.first);
            begins.set(std::size_t{edge.last} + 1);
        }
    std::uint8_t number = 0;
    for (std::size_t byte = 0; byte < 256; ++byte) {
        if (byte > 0 && begins[byte])
            ++number;
        m_classes[byte] = number;
    }
}

} // namespace engine
