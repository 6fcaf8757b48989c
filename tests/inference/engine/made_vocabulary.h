// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/constraint.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

/// A vocabulary made for tests: bytes, longer tokens, and the end of a turn, the last token.
class MadeVocabulary {
public:
    MadeVocabulary(unsigned firstByte, unsigned lastByte, const std::vector<std::string>& longer)
    {
        for (unsigned byte = firstByte; byte <= lastByte; ++byte)
            m_texts.emplace_back(1, static_cast<char>(byte));
        m_texts.insert(m_texts.end(), longer.begin(), longer.end());
        m_texts.emplace_back(); // never written, like a special token
        m_texts.emplace_back();
    }

    [[nodiscard]] std::int32_t end() const { return static_cast<std::int32_t>(m_texts.size()) - 1; }
    [[nodiscard]] const std::string& text(std::int32_t token) const
    {
        return m_texts[static_cast<std::size_t>(token)];
    }
    [[nodiscard]] std::size_t size() const { return m_texts.size(); }
    [[nodiscard]] engine::TokenTrie trie() const
    {
        const std::vector<std::string_view> views(m_texts.begin(), m_texts.end());
        return {views, {end()}};
    }

private:
    std::vector<std::string> m_texts;
};

struct Walk {
    std::string text;
    bool ended = false;
    bool stuck = false; // a mask was empty
};

/// An answer of random tokens among those that the masks allow; once it is long, the end as soon as
/// it may come.
inline Walk walk(engine::Constraint& constraint, const MadeVocabulary& vocabulary,
                 std::mt19937& random, std::size_t length)
{
    Walk walk;
    auto state = constraint.begin();
    std::vector<std::int32_t> allowed;
    for (std::size_t step = 0; step < 200 * length; ++step) {
        const engine::TokenMask& mask = constraint.mask(state);
        allowed.clear();
        for (std::int32_t token = 0; token <= vocabulary.end(); ++token)
            if (mask.allows(token))
                allowed.push_back(token);
        if (allowed.empty()) {
            walk.stuck = true;
            return walk;
        }
        std::int32_t token = allowed[random() % allowed.size()];
        if (step > length && mask.allows(vocabulary.end()))
            token = vocabulary.end();
        state = constraint.advance(state, token);
        if (token == vocabulary.end()) {
            walk.ended = true;
            return walk;
        }
        walk.text += vocabulary.text(token);
    }
    return walk;
}

/// Whether @p text, byte by byte, is one of the constraint's.
inline bool accepts(engine::Constraint& constraint, const MadeVocabulary& bytes,
                    const std::string& text)
{
    auto state = constraint.begin();
    for (const char byte : text) {
        std::int32_t token = 0;
        while (bytes.text(token) != std::string(1, byte))
            ++token;
        const bool allowed = constraint.mask(state).allows(token);
        state = constraint.advance(state, token);
        if (allowed == (state == engine::Constraint::State()))
            return false; // mask and advance contradict each other
        if (!allowed)
            return false;
    }
    return engine::Constraint::isComplete(state);
}
