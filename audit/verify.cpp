// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include "audit/export_reader.h"
#include "audit/merkle.h"

#include <algorithm>

namespace audit {

namespace {

std::string entryText(std::uint64_t index)
{
    return "entry " + std::to_string(index);
}

/// What reading the entries one by one shows, before any signature is compared.
struct Walked {
    MerkleTree computed; // over the hashes of the records, up to the first finding
    std::vector<Hash>
        beside; // the hashes that stand beside the records, as far as frames can be read
    std::optional<Finding> first;
    std::optional<Finding> disclosure; // the first wrong one
    std::uint64_t committedFields = 0;
    std::uint64_t disclosedFields = 0;
};

std::optional<Finding> judgeFrame(const Frame& found, std::uint64_t index, Result<Entry>& entry)
{
    if (leafHash(found.record) != found.leaf)
        return Finding{
            Wrong::Damaged, index, {}, entryText(index) + " does not fit the hash beside it"};
    entry = decode(found.record);
    if (!entry)
        return Finding{
            Wrong::Damaged, index, {}, entryText(index) + " is not in the format's encoding"};
    if (entry->index != index)
        return Finding{Wrong::Misplaced,
                       index,
                       {},
                       entryText(entry->index) + " stands where " + entryText(index) + " belongs"};
    return std::nullopt;
}

void checkDisclosure(Walked& walked, const ExportSections& sections, const Entry& entry)
{
    walked.committedFields += entry.commitments.size();
    const auto shown = sections.disclosures.find(entry.index);
    if (shown == sections.disclosures.end())
        return;
    walked.disclosedFields += shown->second.fields.size();
    if (!opens(shown->second, entry) && !walked.disclosure)
        walked.disclosure = Finding{Wrong::Disclosure,
                                    entry.index,
                                    {},
                                    "what is disclosed of " + entryText(entry.index) +
                                        " is not what it commits to"};
}

/// @p signedFor: entries that signed checkpoints speak of.
Walked walk(const ExportSections& sections, std::uint64_t signedFor)
{
    Walked walked;
    Bytes rest = sections.entries;
    std::uint64_t index = 0;
    while (!rest.empty()) {
        const auto found = readFrame(rest);
        if (!found) {
            if (!walked.first)
                walked.first = Finding{Wrong::Damaged,
                                       index,
                                       {},
                                       entryText(index) + " is cut off or has a wrong length"};
            return walked;
        }
        walked.beside.push_back(found->leaf);
        if (!walked.first) {
            Result<Entry> entry;
            walked.first = judgeFrame(*found, index, entry);
            if (!walked.first) {
                walked.computed.append(found->leaf);
                checkDisclosure(walked, sections, *entry);
            }
            if (!walked.first && index >= signedFor)
                walked.first = Finding{Wrong::Unsigned,
                                       index,
                                       {},
                                       entryText(index) + " is not covered by a signed checkpoint"};
        }
        rest = rest.subspan(found->size);
        ++index;
    }
    if (!walked.first && index < signedFor)
        walked.first = Finding{Wrong::Missing,
                               index,
                               {},
                               "the log ends before " + entryText(index) + ", and " +
                                   std::to_string(signedFor) + " entries are signed for"};
    return walked;
}

/// Signed heads, by size.
using Heads = std::map<std::uint64_t, Hash>;

/// How signed heads and a list of leaf hashes agree.
struct Agreement {
    std::uint64_t proven = 0;            // leaves before this one have a signed root
    std::optional<std::uint64_t> broken; // the smallest signed size whose root they do not have
};

Agreement compare(const MerkleTree& tree, const Heads& heads)
{
    Agreement agreement;
    for (const auto& [size, root] : heads) {
        if (size > tree.size())
            break;
        if (tree.rootAt(size) == root)
            agreement.proven = size;
        else if (!agreement.broken)
            agreement.broken = size;
    }
    return agreement;
}

/// Signed at one size and contradicting what was signed at a smaller one.
std::optional<Finding> findFork(const Agreement& agreement)
{
    if (!agreement.broken || *agreement.broken > agreement.proven)
        return std::nullopt;
    return Finding{Wrong::Fork,
                   {},
                   {{0, *agreement.broken - 1}},
                   "the checkpoints of " + std::to_string(*agreement.broken) + " and of " +
                       std::to_string(agreement.proven) +
                       " entries are both signed, but one log cannot have had both"};
}

MerkleTree treeOf(std::span<const Hash> leaves)
{
    MerkleTree tree;
    for (const Hash& leaf : leaves)
        tree.append(leaf);
    return tree;
}

/// The first entry whose hash is not the true one, as far as true ones are known.
std::optional<std::uint64_t> firstDifference(std::span<const Hash> computed,
                                             std::span<const Hash> proven)
{
    const auto common = std::min(computed.size(), proven.size());
    const auto at = std::ranges::mismatch(computed.first(common), proven.first(common)).in1;
    const auto index = static_cast<std::uint64_t>(at - computed.begin());
    return index < common ? std::optional(index) : std::nullopt;
}

/// Settles which entry is the first wrong one, once something is.
Finding locate(const Walked& walked, const ExportSections& sections, const Heads& heads)
{
    const auto computed = walked.computed.leaves();
    const Agreement own = compare(walked.computed, heads);
    if (const auto fork = findFork(own))
        return *fork;
    std::uint64_t proven = own.proven; // entries before this one are right
    // Hashes are kept twice; either copy, if it still has a signed root, tells the true ones.
    for (const auto& copy :
         {std::span<const Hash>(sections.leaves), std::span<const Hash>(walked.beside)}) {
        const Agreement agreement = compare(treeOf(copy), heads);
        if (const auto fork = findFork(agreement))
            return *fork;
        const auto truth = copy.first(agreement.proven);
        if (const auto index = firstDifference(computed, truth))
            return {Wrong::Altered,
                    index,
                    {},
                    entryText(*index) + " is not the one that was signed for"};
        proven = std::max<std::uint64_t>(proven, std::min(truth.size(), computed.size()));
    }
    if (own.broken) {
        const std::uint64_t last = *own.broken - 1;
        return {Wrong::Range,
                {},
                {{proven, last}},
                "an entry from " + std::to_string(proven) + " to " + std::to_string(last) +
                    " is not the one that was signed for; hashes were recomputed"};
    }
    Finding finding = *walked.first; // without it a head would be broken
    if (*finding.entry > proven)
        finding.range = {proven, *finding.entry};
    return finding;
}

} // namespace

std::string_view nameOf(Wrong wrong)
{
    switch (wrong) {
    case Wrong::File:
        return "file";
    case Wrong::Checkpoint:
        return "checkpoint";
    case Wrong::Fork:
        return "fork";
    case Wrong::Damaged:
        return "damaged";
    case Wrong::Misplaced:
        return "misplaced";
    case Wrong::Altered:
        return "altered";
    case Wrong::Missing:
        return "missing";
    case Wrong::Unsigned:
        return "unsigned";
    case Wrong::Range:
        return "range";
    case Wrong::HashList:
        return "hash_list";
    case Wrong::Disclosure:
        return "disclosure";
    }
    return "file";
}

Verifier::Verifier(PublicKeys keys, std::string note, TreeHead head)
    : m_keys(std::move(keys))
    , m_olderNote(std::move(note))
    , m_older(head)
{
}

Result<Verifier> Verifier::create(std::string_view older, std::string_view publicKey)
{
    auto keys = parseKeyLine(publicKey);
    if (!keys)
        return std::unexpected(keys.error());
    const auto checkpoint = openNote(older, *keys);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    return Verifier(std::move(*keys), std::string(older), headOf(*checkpoint));
}

Verdict Verifier::verify(Bytes file) const
{
    const auto sections = readExport(file);
    if (!sections)
        return std::unexpected(Finding{Wrong::File, {}, {}, sections.error().detail});

    Heads heads{{m_older.size, m_older.root}};
    for (std::size_t i = 0; i < sections->notes.size(); ++i) {
        if (sections->notes[i] == m_olderNote)
            continue; // checked when it was given
        const auto checkpoint = openNote(sections->notes[i], m_keys);
        if (!checkpoint)
            return std::unexpected(Finding{Wrong::Checkpoint,
                                           {},
                                           {},
                                           "checkpoint " + std::to_string(i) +
                                               " of the file: " + checkpoint.error().detail});
        const auto head = headOf(*checkpoint);
        if (heads.emplace(head.size, head.root).first->second != head.root)
            return std::unexpected(Finding{Wrong::Fork,
                                           {},
                                           {},
                                           "two signed checkpoints of " +
                                               std::to_string(head.size) +
                                               " entries contradict each other"});
    }

    const auto walked = walk(*sections, heads.rbegin()->first);
    if (walked.first || compare(walked.computed, heads).broken)
        return std::unexpected(locate(walked, *sections, heads));
    if (walked.disclosure)
        return std::unexpected(*walked.disclosure);
    if (!sections->disclosures.empty() &&
        sections->disclosures.rbegin()->first >= walked.computed.size())
        return std::unexpected(
            Finding{Wrong::Disclosure, {}, {}, "something is disclosed of no entry"});
    if (!std::ranges::equal(sections->leaves, walked.computed.leaves())) {
        const auto at = firstDifference(walked.computed.leaves(), sections->leaves);
        return std::unexpected(
            Finding{Wrong::HashList,
                    at,
                    {},
                    "all entries are right, but the file's list of hashes is not theirs"});
    }
    return Verified{m_keys.name, walked.computed.size(), m_older.size, walked.committedFields,
                    walked.disclosedFields};
}

} // namespace audit
