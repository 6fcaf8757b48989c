// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/scheduler.h"

namespace engine {

using kernels::kPageTokens;

model::Result<std::vector<std::byte>> Scheduler::save(Scope scope,
                                                      std::span<const std::int32_t> tokens,
                                                      std::uint32_t begin, std::uint32_t end)
{
    const std::vector<model::KvBlock> known =
        m_prefixes.find(scope, tokens.first(std::size_t{end} * kPageTokens));
    if (known.size() < end)
        return {};
    model::KvSequence sequence(*m_pool);
    if (!sequence.append(known))
        return std::unexpected(
            model::Error{model::Errc::Unsupported, "a window has let go of what comes before"});
    return sequence.save(begin, end);
}

model::Result<void> Scheduler::restore(Scope scope, std::span<const std::int32_t> tokens,
                                       std::uint32_t begin, std::span<const std::byte> saved)
{
    if (!inVocabulary(tokens))
        return std::unexpected(
            model::Error{model::Errc::BadToken, "a kept token is not in the vocabulary"});
    if (tokens.size() > m_network.config().contextLength)
        return std::unexpected(
            model::Error{model::Errc::ContextTooLong, "more was kept than the context holds"});
    const std::vector<model::KvBlock> known = m_prefixes.find(scope, tokens);
    const std::size_t pages = tokens.size() / kPageTokens;
    if (known.size() == pages)
        return {};
    model::KvSequence sequence(*m_pool);
    if (known.size() < begin || !sequence.append(std::span(known).first(begin)))
        return std::unexpected(
            model::Error{model::Errc::BadFile, "what comes before the kept pages is not known"});
    // What answers hold is not given up for it, so nobody's prompts are where that is too much.
    if (pages - begin > m_pool->freePages() + m_prefixes.pages())
        return std::unexpected(
            model::Error{model::Errc::OutOfPages, "no room for what was kept of a prompt"});
    auto restored = sequence.restore(saved);
    while (!restored && restored.error().code == model::Errc::OutOfPages &&
           m_prefixes.evict(1 + pages - begin) > 0)
        restored = sequence.restore(saved);
    if (!restored)
        return restored;
    if (sequence.length() != tokens.size())
        return std::unexpected(
            model::Error{model::Errc::BadFile, "not as many kept pages as tokens"});
    m_prefixes.insert(scope, tokens, sequence.blocks(0, static_cast<std::uint32_t>(pages)));
    return {};
}

} // namespace engine
