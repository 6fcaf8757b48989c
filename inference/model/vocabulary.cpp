// SPDX-License-Identifier: Apache-2.0
#include "inference/model/vocabulary.h"

#include "inference/model/gguf.h"

#include <algorithm>
#include <array>
#include <format>

namespace model {
namespace {

constexpr std::size_t kPrintableCodes = 256 + 68; // the highest code that stands for a byte is 323

/// Bytes that are printable in Latin-1 stand for themselves; the other 68, in order, are written as
/// the characters from 256 on. -1: stands for none.
constexpr std::array<std::int16_t, kPrintableCodes> makeByteOfCode()
{
    std::array<std::int16_t, kPrintableCodes> table = {};
    table.fill(-1);
    std::size_t next = 256;
    for (std::int16_t byte = 0; byte < 256; ++byte) {
        const bool itself =
            (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        table[itself ? static_cast<std::size_t>(byte) : next++] = byte;
    }
    return table;
}
constexpr auto kByteOfCode = makeByteOfCode();

std::unexpected<Error> none(std::string why)
{
    return std::unexpected(Error{Errc::NoVocabulary, std::move(why)});
}

} // namespace

bool appendBytesOf(std::string_view printable, std::string& bytes)
{
    const std::size_t before = bytes.size();
    for (std::size_t at = 0; at < printable.size(); ++at) {
        std::uint32_t code = static_cast<unsigned char>(printable[at]);
        // All codes that stand for bytes are UTF-8 of one byte, or of two that begin with C2 to C5.
        if (code >= 0xC2 && code <= 0xC5 && at + 1 < printable.size() &&
            (static_cast<unsigned char>(printable[at + 1]) & 0xC0U) == 0x80)
            code = (code & 0x1FU) << 6U | (static_cast<unsigned char>(printable[++at]) & 0x3FU);
        else if (code >= 0x80)
            code = kPrintableCodes;
        if (code >= kPrintableCodes || kByteOfCode[code] < 0) {
            bytes.resize(before);
            return false;
        }
        bytes += static_cast<char>(kByteOfCode[code]);
    }
    return true;
}

Result<Vocabulary> Vocabulary::load(const GgufFile& file)
{
    if (!file.has("tokenizer.ggml.tokens"))
        return none("the file has no vocabulary");
    const auto kind = file.string("tokenizer.ggml.model");
    if (!kind)
        return std::unexpected(kind.error());
    if (*kind != "gpt2")
        return none("the tokenizer " + quoted(*kind) + " is not supported");

    Vocabulary vocabulary;
    if (const auto done = vocabulary.loadTokens(file); !done)
        return std::unexpected(done.error());
    if (const auto done = vocabulary.loadSpecials(file); !done)
        return std::unexpected(done.error());
    return vocabulary;
}

Result<void> Vocabulary::loadTokens(const GgufFile& file)
{
    const auto tokens = file.strings("tokenizer.ggml.tokens");
    if (!tokens)
        return std::unexpected(tokens.error());
    if (tokens->size() > static_cast<std::size_t>(INT32_MAX))
        return std::unexpected(
            Error{Errc::BadFile, "metadata 'tokenizer.ggml.tokens' is too long"});
    std::vector<std::int64_t> kinds(tokens->size(), static_cast<std::int64_t>(TokenKind::Normal));
    if (file.has("tokenizer.ggml.token_type")) {
        auto given = file.integers("tokenizer.ggml.token_type");
        if (!given)
            return std::unexpected(given.error());
        kinds = *std::move(given);
    }
    if (kinds.size() != tokens->size())
        return std::unexpected(
            Error{Errc::BadFile,
                  std::format("metadata 'tokenizer.ggml.token_type' has {} entries for {} tokens",
                              kinds.size(), tokens->size())});

    for (std::size_t id = 0; id < tokens->size(); ++id) {
        if (kinds[id] < 1 || kinds[id] > 6)
            return std::unexpected(
                Error{Errc::BadFile,
                      std::format("metadata 'tokenizer.ggml.token_type': kind {} of token {}",
                                  kinds[id], id)});
        const auto kind = static_cast<TokenKind>(kinds[id]);
        if (kind != TokenKind::Normal || !appendBytesOf((*tokens)[id], m_bytes))
            m_bytes += (*tokens)[id];
        m_ends.push_back(m_bytes.size());
        m_kinds.push_back(kind);
    }
    return {};
}

Result<void> Vocabulary::loadSpecials(const GgufFile& file)
{
    const auto count = static_cast<std::int32_t>(size());
    for (std::int32_t id = 0; id < count; ++id)
        if (isSpecial(id) && !bytes(id).empty())
            m_specials.push_back(id);
    std::ranges::stable_sort(m_specials, {}, [this](std::int32_t id) { return bytes(id); });

    const auto idAt = [&](std::string_view key) -> Result<std::optional<std::int32_t>> {
        if (!file.has(key))
            return std::optional<std::int32_t>();
        const auto id = file.unsignedInteger(key);
        if (!id)
            return std::unexpected(id.error());
        if (*id >= size())
            return std::unexpected(
                Error{Errc::BadFile,
                      std::format("metadata {} names token {} of {}", quoted(key), *id, size())});
        return std::optional(static_cast<std::int32_t>(*id));
    };
    for (const std::string_view key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id"}) {
        const auto id = idAt(key);
        if (!id)
            return std::unexpected(id.error());
        if (*id)
            m_endsOfTurn.push_back(**id);
    }
    for (const std::string_view name : {"<|im_end|>", "<|endoftext|>"})
        if (const auto id = special(name))
            m_endsOfTurn.push_back(*id);

    const auto begin = idAt("tokenizer.ggml.bos_token_id");
    if (!begin)
        return std::unexpected(begin.error());
    const auto wanted = file.booleanOr("tokenizer.ggml.add_bos_token", false);
    if (!wanted)
        return std::unexpected(wanted.error());
    if (*wanted)
        m_beginOfText = *begin;
    return {};
}

std::string_view Vocabulary::bytes(std::int32_t id) const
{
    const auto index = static_cast<std::size_t>(id);
    const std::size_t begin = index == 0 ? 0 : m_ends[index - 1];
    return std::string_view(m_bytes).substr(begin, m_ends[index] - begin);
}

std::optional<std::int32_t> Vocabulary::special(std::string_view name) const
{
    const auto nameOfId = [this](std::int32_t id) { return bytes(id); };
    const auto found = std::ranges::lower_bound(m_specials, name, {}, nameOfId);
    if (found == m_specials.end() || bytes(*found) != name)
        return std::nullopt;
    return *found;
}

bool Vocabulary::endsTurn(std::int32_t id) const
{
    return std::ranges::find(m_endsOfTurn, id) != m_endsOfTurn.end();
}

} // namespace model
