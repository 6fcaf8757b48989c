// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/kin.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

/// Stems; the first of each line stands for the others. Narrower than what a search takes for one
/// (vocabulary.h): a pregnancy lost is not "pregnant", alcohol not "alcoholic", a tumour no cancer.
constexpr std::array<View, 12> kKin{
    "operat operation operativ surgery surgical extraction",
    "wheez wheezy",
    "fractur broken broke",
    "vomit vomiting",
    "tir tired tiredness",
    "smok smoker",
    "diabet diabetic",
    "asthma asthmatic",
    "epilepsy epileptic",
    "bleed bled bleeding",
    "faint fainted syncop",
    "itch itchy itching",
};

bool holds(View line, View word)
{
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        if (line.substr(0, end) == word)
            return true;
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return false;
}

} // namespace

std::string kinOf(const Word& word)
{
    for (const View line : kKin) {
        if (holds(line, word.stem))
            return std::string(line.substr(0, line.find(' ')));
    }
    if (word.text.size() > 7 && (word.text.ends_with("ectomy") || word.text.ends_with("plasty")))
        return "operat";
    return word.stem;
}

} // namespace evidence
