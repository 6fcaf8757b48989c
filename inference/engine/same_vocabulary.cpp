// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/same_vocabulary.h"

#include "inference/model/config.h"
#include "inference/model/vocabulary.h"

#include <algorithm>
#include <format>

namespace engine {
namespace {

std::string nameOf(const model::GgufFile& file)
{
    return model::quoted(file.string("general.name").value_or("without a name"));
}

model::Error differs(const model::GgufFile& answer, const model::GgufFile& draft,
                     const std::string& how)
{
    return {model::Errc::OtherVocabulary,
            std::format("the draft model {} has another vocabulary than the model {}: {}",
                        nameOf(draft), nameOf(answer), how)};
}

/// The first token that is not the same in both; their sizes when there is none.
std::size_t firstDifference(const model::Vocabulary& a, const model::Vocabulary& b)
{
    const std::size_t most = std::max(a.size(), b.size());
    for (std::size_t i = 0; i < most; ++i) {
        const auto id = static_cast<std::int32_t>(i);
        const bool same = i >= a.size()   ? b.kind(id) == model::TokenKind::Unused
                          : i >= b.size() ? a.kind(id) == model::TokenKind::Unused
                                          : a.kind(id) == b.kind(id) && a.bytes(id) == b.bytes(id);
        if (!same)
            return i;
    }
    return most;
}

} // namespace

std::optional<model::Error> otherVocabulary(const model::GgufFile& answer,
                                            const model::GgufFile& draft)
{
    const auto ofAnswer = model::Vocabulary::load(answer);
    const auto ofDraft = model::Vocabulary::load(draft);
    for (const auto* one : {&ofAnswer, &ofDraft})
        if (!*one && one->error().code != model::Errc::NoVocabulary)
            return one->error();
    if (ofAnswer.has_value() != ofDraft.has_value())
        return differs(answer, draft, "one of them has none that is known");
    if (ofAnswer) {
        const std::size_t first = firstDifference(*ofAnswer, *ofDraft);
        if (first == std::max(ofAnswer->size(), ofDraft->size()))
            return std::nullopt;
        return differs(answer, draft, std::format("token {} is not the same", first));
    }
    const auto a = model::readConfig(answer);
    const auto b = model::readConfig(draft);
    for (const auto* one : {&a, &b})
        if (!*one)
            return one->error();
    if (a->vocabularySize == b->vocabularySize)
        return std::nullopt;
    return differs(answer, draft,
                   std::format("{} tokens, not {}", b->vocabularySize, a->vocabularySize));
}

} // namespace engine
