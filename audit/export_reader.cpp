// SPDX-License-Identifier: Apache-2.0
#include "audit/export_reader.h"

#include "audit/bytes.h"

#include <algorithm>

namespace audit {

namespace {

std::unexpected<Error> corrupt(const char* what)
{
    return std::unexpected(Error{Errc::Corrupt, what});
}

/// Takes values from the front; nothing once the bytes do not suffice.
class Front {
public:
    explicit Front(Bytes bytes)
        : m_rest(bytes)
    {
    }

    std::optional<Bytes> take(std::uint64_t size)
    {
        if (size > m_rest.size())
            return std::nullopt;
        const Bytes taken = m_rest.first(size);
        m_rest = m_rest.subspan(size);
        return taken;
    }

    std::optional<std::uint64_t> number()
    {
        const auto bytes = take(sizeof(std::uint64_t));
        return bytes ? std::optional(littleEndian(*bytes)) : std::nullopt;
    }

    std::optional<Bytes> sized()
    {
        const auto size = number();
        return size ? take(*size) : std::nullopt;
    }

    [[nodiscard]] Bytes rest() const { return m_rest; }

private:
    Bytes m_rest;
};

Result<void> readDisclosures(Front& front, ExportSections& sections)
{
    const auto count = front.number();
    if (!count)
        return corrupt("the file ends before the disclosures");
    for (std::uint64_t i = 0; i < *count; ++i) {
        const auto bytes = front.sized();
        if (!bytes)
            return corrupt("the list of disclosures is cut off or has a wrong length");
        auto disclosure = decodeDisclosure(*bytes);
        if (!disclosure)
            return std::unexpected(disclosure.error());
        const std::uint64_t index = disclosure->index;
        if (!sections.disclosures.empty() && index <= sections.disclosures.rbegin()->first)
            return corrupt("the disclosures are not in the order of their entries");
        sections.disclosures.emplace_hint(sections.disclosures.end(), index,
                                          std::move(*disclosure));
    }
    return {};
}

} // namespace

Result<ExportSections> readExport(Bytes file)
{
    Front front(file);
    const auto magic = front.take(kExportMagic.size());
    if (!magic || !std::ranges::equal(asText(*magic), kExportMagic))
        return corrupt("the file is no audit export of version 1");
    ExportSections sections;
    const auto notes = front.number();
    if (!notes)
        return corrupt("the file ends before the checkpoints");
    for (std::uint64_t i = 0; i < *notes; ++i) {
        const auto note = front.sized();
        if (!note)
            return corrupt("the list of checkpoints is cut off or has a wrong length");
        sections.notes.push_back(asText(*note));
    }
    const auto leaves = front.number();
    if (!leaves || *leaves > front.rest().size() / kHashBytes)
        return corrupt("the list of leaf hashes is cut off or has a wrong length");
    sections.leaves.resize(*leaves);
    for (Hash& leaf : sections.leaves)
        std::ranges::copy(*front.take(kHashBytes), leaf.begin());
    if (const auto read = readDisclosures(front, sections); !read)
        return std::unexpected(read.error());
    sections.entries = front.rest();
    return sections;
}

} // namespace audit
