// SPDX-License-Identifier: Apache-2.0
#include "inference/api/witness.h"

#include "audit/proof.h"

#include <span>

namespace api {

namespace {

constexpr std::string_view kFirstLine = "cloister-checkpoint 1\n";

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    return text;
}

} // namespace

std::optional<KeptCheckpoint> parseKept(std::string_view text)
{
    if (!text.starts_with(kFirstLine))
        return std::nullopt;
    text.remove_prefix(kFirstLine.size());
    const auto end = text.find('\n');
    if (end == std::string_view::npos || end == 0 || end + 1 == text.size())
        return std::nullopt;
    return KeptCheckpoint{.key = std::string(text.substr(0, end)),
                          .note = std::string(text.substr(end + 1))};
}

std::string formatKept(const KeptCheckpoint& kept)
{
    return std::string(kFirstLine) + std::string(trimmed(kept.key)) + "\n" + kept.note;
}

std::optional<std::uint64_t> sizeOf(const KeptCheckpoint& kept)
{
    const auto opened = audit::openCheckpoint(kept.note, kept.key);
    if (!opened)
        return std::nullopt;
    return opened->size;
}

Witness judge(const std::optional<KeptCheckpoint>& kept, const AuditState& now,
              std::string_view pinnedKey)
{
    const auto newer = audit::openCheckpoint(now.checkpoint, now.key);
    if (!newer)
        return Witness::BadSignature;
    if (!pinnedKey.empty() && trimmed(pinnedKey) != trimmed(now.key))
        return Witness::KeyChanged;
    if (!kept)
        return Witness::FirstSeen;
    if (trimmed(kept->key) != trimmed(now.key))
        return Witness::KeyChanged;
    const auto older = audit::openCheckpoint(kept->note, kept->key);
    // What is kept was verified when it was written: if it is damaged now, nothing is known.
    if (!older)
        return Witness::FirstSeen;
    const auto proof = std::as_bytes(std::span(now.consistency));
    return audit::checkConsistency(*older, *newer, proof) ? Witness::Consistent
                                                          : Witness::HistoryChanged;
}

} // namespace api
