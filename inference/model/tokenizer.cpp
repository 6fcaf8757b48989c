// SPDX-License-Identifier: Apache-2.0
#include "inference/model/tokenizer.h"

#include "inference/model/gguf.h"
#include "inference/model/unicode.h"

#include <algorithm>
#include <format>
#include <utility>

namespace model {

Result<Tokenizer> Tokenizer::load(const GgufFile& file)
{
    auto vocabulary = Vocabulary::load(file);
    if (!vocabulary)
        return std::unexpected(vocabulary.error());
    const auto name = file.string("tokenizer.ggml.pre");
    if (!name)
        return std::unexpected(Error{Errc::NoVocabulary, name.error().detail});
    const auto rules = preTokenizerNamed(*name);
    if (!rules)
        return std::unexpected(rules.error());
    auto pairs = BytePairs::load(file, *vocabulary);
    if (!pairs)
        return std::unexpected(pairs.error());
    return Tokenizer(*std::move(vocabulary), *std::move(pairs), *rules);
}

Tokenizer::Tokenizer(Vocabulary vocabulary, BytePairs pairs, PreTokenizer rules)
    : m_vocabulary(std::move(vocabulary))
    , m_pairs(std::move(pairs))
    , m_rules(rules)
{
    for (const std::int32_t id : m_vocabulary.specials())
        m_specialsByFirst[static_cast<unsigned char>(m_vocabulary.bytes(id)[0])].push_back(id);
    for (auto& ids : m_specialsByFirst)
        std::ranges::stable_sort(ids, std::ranges::greater(),
                                 [this](std::int32_t id) { return m_vocabulary.bytes(id).size(); });
}

std::optional<std::int32_t> Tokenizer::specialAt(std::string_view text) const
{
    for (const std::int32_t id : m_specialsByFirst[static_cast<unsigned char>(text[0])])
        if (text.starts_with(m_vocabulary.bytes(id)))
            return id;
    return std::nullopt;
}

void Tokenizer::encode(std::string_view text, Specials specials,
                       std::vector<std::int32_t>& tokens) const
{
    if (specials == Specials::AsText) {
        encodeText(text, tokens);
        return;
    }
    std::size_t begin = 0; // of the text since the last special token
    for (std::size_t at = 0; at < text.size();) {
        if (const auto id = specialAt(text.substr(at))) {
            encodeText(text.substr(begin, at - begin), tokens);
            tokens.push_back(*id);
            at += m_vocabulary.bytes(*id).size();
            begin = at;
        } else {
            ++at;
        }
    }
    encodeText(text.substr(begin), tokens);
}

void Tokenizer::encodeText(std::string_view text, std::vector<std::int32_t>& tokens) const
{
    std::string normal;
    if (m_rules == PreTokenizer::Qwen2) { // this family's own tokenizer normalises first
        normal = toNfc(text);
        text = normal;
    }
    for (const std::string_view piece : split(m_rules, text))
        m_pairs.encode(piece, tokens);
}

Result<std::string> Tokenizer::decode(std::span<const std::int32_t> tokens) const
{
    std::string bytes;
    for (const std::int32_t id : tokens) {
        if (!m_vocabulary.contains(id))
            return std::unexpected(
                Error{Errc::BadToken, std::format("token {} is not in the vocabulary of {}", id,
                                                  m_vocabulary.size())});
        bytes += m_vocabulary.bytes(id);
    }
    return bytes;
}

} // namespace model
