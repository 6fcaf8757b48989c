// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/token_trie.h"

#include "inference/engine/plain_text.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace engine {
namespace {

std::size_t sharedBytes(std::string_view a, std::string_view b)
{
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

} // namespace

TokenTrie::TokenTrie(std::span<const std::string_view> texts, std::vector<std::int32_t> ends)
    : m_ends(std::move(ends))
{
    build(texts);
}

TokenTrie::TokenTrie(const model::Vocabulary& vocabulary)
{
    const auto count = static_cast<std::int32_t>(vocabulary.size());
    std::vector<std::string_view> texts;
    texts.reserve(vocabulary.size());
    for (std::int32_t token = 0; token < count; ++token) {
        const bool ends = vocabulary.endsTurn(token);
        if (ends)
            m_ends.push_back(token);
        const bool isText = vocabulary.kind(token) == model::TokenKind::Normal && !ends;
        texts.push_back(isText ? vocabulary.bytes(token) : std::string_view());
    }
    build(texts);
}

void TokenTrie::build(std::span<const std::string_view> texts)
{
    for (const std::string_view text : texts) {
        m_begins.push_back(static_cast<std::uint32_t>(m_bytes.size()));
        // Longer ones than a node can count are never written; no tokenizer has them.
        if (text.size() <= std::numeric_limits<std::uint16_t>::max())
            m_bytes += text;
    }
    m_begins.push_back(static_cast<std::uint32_t>(m_bytes.size()));
    for (std::int32_t token = 0; token < static_cast<std::int32_t>(texts.size()); ++token)
        if (!text(token).empty())
            m_tokens.push_back(token);
    std::ranges::stable_sort(m_tokens, {}, [this](std::int32_t token) { return text(token); });

    std::string_view before;
    std::vector<std::uint32_t> open; // nodes of before, whose subtrees go on
    for (std::uint32_t i = 0; i < m_tokens.size(); ++i) {
        const std::string_view text = this->text(m_tokens[i]);
        const std::size_t shared = sharedBytes(text, before);
        while (open.size() > shared) {
            m_nodes[open.back()].end = static_cast<std::uint32_t>(m_nodes.size());
            open.pop_back();
        }
        for (std::size_t at = shared; at < text.size(); ++at) {
            open.push_back(static_cast<std::uint32_t>(m_nodes.size()));
            m_nodes.push_back({.first = i,
                               .depth = static_cast<std::uint16_t>(at + 1),
                               .byte = static_cast<std::uint8_t>(text[at])});
        }
        if (text.size() == 1)
            m_singles.set(static_cast<std::uint8_t>(text[0]));
        m_height = std::max(m_height, text.size());
        before = text;
    }
    for (const std::uint32_t node : open)
        m_nodes[node].end = static_cast<std::uint32_t>(m_nodes.size());
    m_nodes.push_back({.first = static_cast<std::uint32_t>(m_tokens.size())});
    findPlains();
    addCrowns();
}

void TokenTrie::findPlains()
{
    bool goOn = true; // every byte within a character is a token
    for (std::size_t byte = 0x80; byte <= 0xBF; ++byte)
        goOn = goOn && m_singles[byte];
    for (unsigned byte = 0; byte < 256; ++byte)
        m_plains[byte] = m_singles[byte] &&
                         (PlainText::isPlainAscii(byte) || (goOn && PlainText::isPlainLead(byte)));
}

void TokenTrie::addCrowns()
{
    constexpr std::uint32_t kLeastNodes = 8;
    const std::size_t count = m_nodes.size() - 1;
    // Down the tree: how far each node's text is ordinary. Up again: whether all above it is.
    std::vector<PlainText> texts(m_height + 1); // of the way to the present node
    std::vector<std::uint32_t> begun(count);
    std::vector<std::uint32_t> heights(count);
    std::vector<bool> ordinary(count);
    for (std::size_t i = 0; i < count; ++i) {
        PlainText& text = texts[m_nodes[i].depth];
        text = texts[m_nodes[i].depth - 1U];
        ordinary[i] = text.missing() > 0 || m_plains[m_nodes[i].byte];
        text.add(m_nodes[i].byte);
        ordinary[i] = ordinary[i] && text.isPlain();
        begun[i] = text.begun();
    }
    m_crowns.resize(1);
    for (std::size_t i = count; i-- > 0;) {
        for (std::size_t child = i + 1; child < m_nodes[i].end; child = m_nodes[child].end) {
            heights[i] = std::max(heights[i], heights[child] + 1);
            ordinary[i] = ordinary[i] && ordinary[child];
        }
        if (ordinary[i] && m_nodes[i].end - i > kLeastNodes) {
            m_nodes[i].crown = static_cast<std::uint32_t>(m_crowns.size());
            m_crowns.push_back({begun[i], heights[i]});
        }
    }
}

std::string_view TokenTrie::text(std::int32_t token) const
{
    const auto index = static_cast<std::size_t>(token);
    assert(index < vocabulary());
    return std::string_view(m_bytes).substr(m_begins[index], m_begins[index + 1] - m_begins[index]);
}

bool TokenTrie::isEnd(std::int32_t token) const
{
    return std::ranges::find(m_ends, token) != m_ends.end();
}

} // namespace engine
