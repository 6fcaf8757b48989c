// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/byte_pairs.h"
#include "inference/model/pre_tokenizer.h"
#include "inference/model/vocabulary.h"

#include <span>
#include <string>

namespace model {

/// Whether the names of special tokens in a text mean these tokens. Text that comes from outside,
/// a record or a question, is always AsText: it can't forge a role or end a turn.
enum class Specials { AsText, Parsed };

/// Text to tokens and back, for byte-level vocabularies. Threads: const after load().
class Tokenizer {
public:
    /// Errors: as Vocabulary::load, preTokenizerNamed and BytePairs::load.
    static Result<Tokenizer> load(const GgufFile& file);

    /// Appends the tokens of @p text, which may be any bytes, to @p tokens. No token is added
    /// before or after it.
    void encode(std::string_view text, Specials specials, std::vector<std::int32_t>& tokens) const;

    /// The bytes that @p tokens stand for; of special tokens their names. A character may be cut at
    /// either end. Errors: BadToken.
    [[nodiscard]] Result<std::string> decode(std::span<const std::int32_t> tokens) const;

    [[nodiscard]] const Vocabulary& vocabulary() const { return m_vocabulary; }

private:
    Tokenizer(Vocabulary vocabulary, BytePairs pairs, PreTokenizer rules);
    void encodeText(std::string_view text, std::vector<std::int32_t>& tokens) const;
    [[nodiscard]] std::optional<std::int32_t> specialAt(std::string_view text) const;

    Vocabulary m_vocabulary;
    BytePairs m_pairs;
    PreTokenizer m_rules;
    /// Special tokens by their first byte, the longest name first.
    std::array<std::vector<std::int32_t>, 256> m_specialsByFirst;
};

} // namespace model
