// SPDX-License-Identifier: Apache-2.0
#include "inference/model/chat_template.h"

#include "inference/model/gguf.h"

#include <string>

namespace model {
namespace {

std::string_view nameOf(ChatRole role)
{
    switch (role) {
    case ChatRole::System:
        return "system";
    case ChatRole::User:
        return "user";
    case ChatRole::Assistant:
        break;
    }
    return "assistant";
}

} // namespace

Result<ChatTemplate> ChatTemplate::choose(const GgufFile& file, const Tokenizer& tokenizer)
{
    const auto start = tokenizer.vocabulary().special("<|im_start|>");
    const auto end = tokenizer.vocabulary().special("<|im_end|>");
    // A file may hold the tokens and yet be meant for another form: its own template tells.
    const auto own = file.string("tokenizer.chat_template");
    const bool meant = !own || own->find("<|im_start|>") != std::string_view::npos;
    if (!start || !end || !meant)
        return std::unexpected(
            Error{Errc::NoVocabulary, "no chat template of this program fits the file"});
    return ChatTemplate(*start, *end);
}

std::vector<std::int32_t> ChatTemplate::encode(std::span<const ChatTurn> turns,
                                               const Tokenizer& tokenizer) const
{
    std::vector<std::int32_t> tokens;
    if (const auto begin = tokenizer.vocabulary().beginOfText())
        tokens.push_back(*begin);
    for (const ChatTurn& turn : turns) {
        tokens.push_back(m_start);
        // Role, line end and text in one: a text that begins with a line end joins the first one.
        std::string text(nameOf(turn.role));
        text += '\n';
        text += turn.text;
        tokenizer.encode(text, Specials::AsText, tokens);
        tokens.push_back(m_end);
        tokenizer.encode("\n", Specials::AsText, tokens);
    }
    tokens.push_back(m_start);
    tokenizer.encode("assistant\n", Specials::AsText, tokens);
    return tokens;
}

} // namespace model
