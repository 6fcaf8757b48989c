// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/tokenizer.h"

#include <span>
#include <string_view>
#include <vector>

namespace model {

enum class ChatRole { System, User, Assistant };

struct ChatTurn {
    ChatRole role = ChatRole::User;
    std::string_view text; // never parsed for special tokens
};

/// Writes turns the way the model was trained to read them. The templates are our own; the one in
/// the file, a program in a language of its own, is never run, only looked at for its markers.
///
/// ChatML: <|im_start|>ROLE\nTEXT<|im_end|>\n for every turn, then <|im_start|>assistant\n. No
/// system text is made up where the turns bring none.
/// Threads: const.
class ChatTemplate {
public:
    /// Errors: NoVocabulary when no template of ours fits the file.
    static Result<ChatTemplate> choose(const GgufFile& file, const Tokenizer& tokenizer);

    /// All tokens of the prompt, up to where the answer begins.
    [[nodiscard]] std::vector<std::int32_t> encode(std::span<const ChatTurn> turns,
                                                   const Tokenizer& tokenizer) const;

private:
    ChatTemplate(std::int32_t start, std::int32_t end)
        : m_start(start)
        , m_end(end)
    {
    }

    std::int32_t m_start; // <|im_start|>
    std::int32_t m_end;   // <|im_end|>
};

} // namespace model
