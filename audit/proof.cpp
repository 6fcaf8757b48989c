// SPDX-License-Identifier: Apache-2.0
#include "audit/proof.h"

#include "audit/merkle.h"
#include "audit/note.h"

#include <algorithm>

namespace audit {

Result<Checkpoint> openCheckpoint(std::string_view note, std::string_view publicKey)
{
    const auto keys = parseKeyLine(publicKey);
    if (!keys)
        return std::unexpected(keys.error());
    return openNote(note, *keys);
}

Result<void> checkConsistency(const Checkpoint& older, const Checkpoint& newer,
                              std::span<const std::byte> proof)
{
    const auto wrong = [](const char* what) { return std::unexpected(Error{Errc::Corrupt, what}); };
    if (older.origin != newer.origin)
        return wrong("the checkpoints are of two logs");
    if (older.root.size() != kHashBytes || newer.root.size() != kHashBytes ||
        proof.size() % kHashBytes != 0)
        return wrong("a root or the proof has a wrong length");
    std::vector<Hash> path(proof.size() / kHashBytes);
    for (std::size_t i = 0; i < path.size(); ++i)
        std::ranges::copy(proof.subspan(i * kHashBytes, kHashBytes), path[i].begin());
    if (!verifyConsistency(headOf(older), headOf(newer), path))
        return wrong("the newer log does not begin with the older one");
    return {};
}

} // namespace audit
