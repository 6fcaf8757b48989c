// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/evidence/context.h"
#include "inference/evidence/evidence.h"

#include <memory>
#include <string_view>

namespace evidence {

/// Checks sentences of a model's answer against the evidence they cite. Numbers, units, dates,
/// comparators, names of medicines and measurements, negation, side, subject and status must stand
/// in the cited items; a value is never accepted because it rounds to another. A sentence without
/// a citation is attached to the items that support it, else NotSupported. A sentence whose
/// citation does not support it is given that of the one item which supports the whole of it
/// (reattach.h). What the cited items support is still NotSupported where another item of all says
/// otherwise or is newer (contradictions.h). A whole sentence or entry, copied, is Supported.
class Checker {
public:
    /// Reads the items once; @p evidence is not kept.
    explicit Checker(const Evidence& evidence);
    ~Checker();
    Checker(Checker&&) noexcept;
    Checker& operator=(Checker&&) noexcept;

    /// @p sentence as the splitter gives it, citation marks included.
    [[nodiscard]] Sentence check(std::string_view sentence, const Context& context = {}) const;

private:
    struct Items;
    std::unique_ptr<Items> m_items;
};

/// One sentence alone.
[[nodiscard]] Sentence check(std::string_view sentence, const Evidence& evidence,
                             const Context& context = {});

} // namespace evidence
