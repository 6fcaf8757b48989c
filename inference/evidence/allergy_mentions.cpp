// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/allergy_mentions.h"

#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <map>

namespace evidence {

namespace {

bool isAllergen(std::string_view word)
{
    return !drugNamed(word).empty() ||
           isOneOf(
               word,
               "latex peanut peanuts nut nuts egg eggs shellfish seafood fish shrimp milk soy soya "
               "wheat "
               "gluten sesame iodine contrast bee wasp pollen dust mould mold dander cat dog "
               "plaster "
               "plasters adhesive nickel chlorhexidine strawberry strawberries kiwi banana lactose "
               "codeine sulfa sulpha opioids opiates nsaids");
}

/// Where the name of a substance cannot go on.
bool endsName(std::string_view word)
{
    return isOneOf(
        word,
        "and or with which but since causing caused resulting as in on when because after was is "
        "were has had noted reported documented but confirmed who that she he patient the "
        "presenting "
        "reaction reactions developed develops gets got history therefore so until avoid avoided "
        "years year from at for of to by not no none unknown nil nkda nka known anything listed "
        "list "
        "status reviewed updated see per testing test tested recorded today if");
}

struct Scan {
    std::string_view text;
    const std::vector<Word>& words;

    /// The characters between two neighbouring words.
    [[nodiscard]] std::string_view between(std::size_t i) const
    {
        if (i + 1 >= words.size())
            return {};
        return text.substr(words[i].end, words[i + 1].begin - words[i].end);
    }

    /// Up to three words from @p first on, as one substance; moves @p first behind them.
    [[nodiscard]] std::string nameFrom(std::size_t& first) const
    {
        std::string name;
        for (int taken = 0; first < words.size() && taken < 3; ++taken, ++first) {
            if (endsName(words[first].text))
                break;
            name += (name.empty() ? "" : " ") + words[first].text;
            if (between(first).find_first_not_of(" -") != std::string_view::npos) {
                ++first;
                break;
            }
        }
        return name;
    }
};

/// Substances from @p first on: "penicillin, latex and codeine".
std::vector<std::string> listFrom(const Scan& scan, std::size_t first)
{
    std::vector<std::string> names;
    while (first < scan.words.size()) {
        const std::size_t before = first;
        std::string name = scan.nameFrom(first);
        if (name.empty())
            break;
        // Only the first name may be any word; the others have to be known as allergens, because
        // "and" may lead to anything.
        const bool known = std::ranges::any_of(
            wordsOf(name), [](const Word& word) { return isAllergen(word.text); });
        if (!names.empty() && !known)
            break;
        names.push_back(std::move(name));
        if (first < scan.words.size() && isOneOf(scan.words[first].text, "and or"))
            ++first;
        else if (first == before || first == 0 ||
                 scan.between(first - 1).find(',') == std::string_view::npos)
            break;
    }
    return names;
}

std::vector<std::string> mentionedIn(std::string_view text)
{
    const std::vector<Word> words = wordsOf(text);
    const Scan scan{text, words};
    std::vector<std::string> found;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (isDenial(words[i].text) || isRelative(words[i].text))
            return {}; // one sentence is one statement: rather miss a mention than turn a denial
        const std::string_view next =
            i + 1 < words.size() ? std::string_view(words[i + 1].text) : "";
        const bool allergy = isOneOf(words[i].text, "allergy allergies");
        const bool reaction = isOneOf(words[i].text, "allergic anaphylaxis hypersensitivity");
        std::vector<std::string> names;
        if ((allergy || reaction) && next == "to")
            names = listFrom(scan, i + 2);
        else if (allergy && scan.between(i).find(':') != std::string_view::npos)
            names = listFrom(scan, i + 1);
        else if (words[i].text == "allergy" && i > 0 && isAllergen(words[i - 1].text))
            names = {words[i - 1].text};
        found.insert(found.end(), names.begin(), names.end());
    }
    return found;
}

/// "trimethoprim brought her out in an itchy rash", "asthma attack set off by ibuprofen": a
/// medicine and what it did; "" when the sentence tells no such thing.
std::string reactionIn(std::string_view text)
{
    std::string medicine;
    std::string blamed; // named behind "set off by", "triggered by"
    bool reaction = false;
    bool link = false;
    const std::vector<Word> words = wordsOf(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i].text;
        if (isDenial(word) || isRelative(word) || word == "if")
            return {};
        const bool drug = !drugNamed(word).empty();
        if (drug && medicine.empty())
            medicine = word;
        if (drug && i > 1 && words[i - 1].text == "by" &&
            isOneOf(words[i - 2].text, "off triggered caused provoked induced"))
            blamed = word;
        reaction =
            reaction ||
            isOneOf(word, "rash hives urticaria angioedema anaphylaxis wheeze wheezing attack");
        link =
            link ||
            isOneOf(word, "brought caused developed gave broke came reaction triggered provoked");
    }
    if (!reaction)
        return {};
    const bool attackOnly = text.find("attack") != std::string_view::npos;
    return !blamed.empty() ? blamed : link && !attackOnly ? medicine : std::string();
}

bool isListed(const std::string& substance, const records::Chart& chart)
{
    const std::set<std::string> ingredients = ingredientsOf(substance);
    return std::ranges::any_of(chart.allergies, [&](const records::Allergy& allergy) {
        if (allergy.noKnownAllergy)
            return false;
        const std::string& name = allergy.code.name();
        const std::vector<Word> listed = wordsOf(name);
        for (const Word& word : wordsOf(substance)) {
            if (word.text.size() > 2 && std::ranges::contains(listed, word.stem, &Word::stem))
                return true;
        }
        return std::ranges::any_of(ingredientsOf(name), [&](const std::string& ingredient) {
            return ingredients.contains(ingredient);
        });
    });
}

} // namespace

std::vector<AllergyMention> unlistedAllergies(const records::Chart& chart)
{
    constexpr std::size_t kMaxPlaces = 3;
    constexpr std::array<std::string_view, 12> kHints{"llerg",    "LLERG",     "naphyl", "ypersens",
                                                      "rash",     "Rash",      "hives",  "Hives",
                                                      "rticaria", "ngioedema", "attack", "wheez"};
    std::map<std::string, AllergyMention> mentions;
    for (std::size_t i = 0; i < chart.documents.size(); ++i) {
        const std::string joined = unwrapped(chart.documents[i].text);
        const std::string_view text = joined;
        for (const TextSpan& span : piecesOf(text)) {
            const std::string_view piece = text.substr(span.begin, span.end - span.begin);
            // Cheap, for charts with thousands of pages.
            const bool worthReading = std::ranges::any_of(kHints, [&](std::string_view hint) {
                return piece.find(hint) != std::string_view::npos;
            });
            if (!worthReading)
                continue;
            std::vector<std::string> substances = mentionedIn(piece);
            if (std::string medicine = reactionIn(piece); !medicine.empty())
                substances.push_back(std::move(medicine));
            // Named twice in one place is told once.
            std::ranges::sort(substances);
            const auto repeated = std::ranges::unique(substances);
            substances.erase(repeated.begin(), repeated.end());
            for (const std::string& substance : substances) {
                if (substance.size() > 2 && !isListed(substance, chart))
                    mentions[substance].places.push_back({i, span});
            }
        }
    }
    std::vector<AllergyMention> found;
    for (auto& [substance, mention] : mentions) {
        mention.substance = substance;
        std::ranges::stable_sort(mention.places, [&](const auto& a, const auto& b) {
            return records::earlier(chart.documents[b.document].date,
                                    chart.documents[a.document].date);
        });
        if (mention.places.size() > kMaxPlaces)
            mention.places.resize(kMaxPlaces);
        found.push_back(std::move(mention));
    }
    return found;
}

} // namespace evidence
