// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

class GgufFile;

/// The numbers are those of tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
};

/// The tokens of a model with a byte-level vocabulary ("gpt2"): the bytes each stands for, its
/// kind, and the ids with a meaning of their own. Threads: const after load().
class Vocabulary {
public:
    /// Errors: NoVocabulary when the file has none, or one of another kind; BadFile, WrongType when
    /// its lists contradict each other.
    static Result<Vocabulary> load(const GgufFile& file);

    [[nodiscard]] std::size_t size() const { return m_kinds.size(); }
    [[nodiscard]] bool contains(std::int64_t id) const
    {
        return id >= 0 && static_cast<std::uint64_t>(id) < size();
    }
    /// The bytes of a token; of a control token its name. @p id must be contained.
    [[nodiscard]] std::string_view bytes(std::int32_t id) const;
    [[nodiscard]] TokenKind kind(std::int32_t id) const
    {
        return m_kinds[static_cast<std::size_t>(id)];
    }
    /// Control and user-defined tokens: those that text can only mean when it is asked to.
    [[nodiscard]] bool isSpecial(std::int32_t id) const
    {
        return kind(id) == TokenKind::Control || kind(id) == TokenKind::UserDefined;
    }
    /// The special token with this name.
    [[nodiscard]] std::optional<std::int32_t> special(std::string_view name) const;
    /// All special tokens that have a name.
    [[nodiscard]] const std::vector<std::int32_t>& specials() const { return m_specials; }

    /// Ends an answer: the file's end of sequence, of turn and of message, <|im_end|>,
    /// <|endoftext|>.
    [[nodiscard]] bool endsTurn(std::int32_t id) const;
    /// Put before every text; nothing for most byte-level vocabularies.
    [[nodiscard]] std::optional<std::int32_t> beginOfText() const { return m_beginOfText; }

private:
    Vocabulary() = default;
    Result<void> loadTokens(const GgufFile& file);
    Result<void> loadSpecials(const GgufFile& file);

    std::string m_bytes;             // of all tokens, one after the other
    std::vector<std::size_t> m_ends; // in m_bytes
    std::vector<TokenKind> m_kinds;
    std::vector<std::int32_t> m_specials; // sorted by name
    std::vector<std::int32_t> m_endsOfTurn;
    std::optional<std::int32_t> m_beginOfText;
};

/// Byte-level vocabularies write every byte as a printable character. Turns @p printable back into
/// the bytes and appends them; false, and @p bytes as before, when it holds a character that stands
/// for no byte.
[[nodiscard]] bool appendBytesOf(std::string_view printable, std::string& bytes);

} // namespace model
