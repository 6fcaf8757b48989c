// SPDX-License-Identifier: Apache-2.0
#include "storage/import/no_known_allergy.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace imports {

namespace {

struct Statement {
    std::string_view code, words;
};

/// SNOMED CT: situations in which an allergy is not known.
constexpr std::array<Statement, 9> kStatements{{
    {"716186003", "No known allergy"},
    {"160244002", "No known allergies"},
    {"409137002", "No known drug allergy"},
    {"429625007", "No known food allergy"},
    {"428607008", "No known environmental allergy"},
    {"716184000", "No known latex allergy"},
    {"1003774007", "No known Hevea brasiliensis latex allergy"},
    {"428197003", "No known insect allergy"},
    {"716220001", "No known animal allergy"},
}};

const Statement* statementOf(const records::Coding& coding)
{
    if (coding.system != "http://snomed.info/sct")
        return nullptr;
    const auto place = std::ranges::find(kStatements, coding.code, &Statement::code);
    return place == kStatements.end() ? nullptr : &*place;
}

/// The words in lower case; nothing where a letter, digit or sign is left that could say more.
std::optional<std::vector<std::string>> plainWords(std::string_view text)
{
    static constexpr std::string_view kBetween = " \t\r\n.,;:()[]-/&'\"*!";
    std::vector<std::string> words;
    bool inside = false;
    for (const char c : text) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper || (c >= 'a' && c <= 'z')) {
            if (!inside)
                words.emplace_back();
            words.back().push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
            inside = true;
        } else if (kBetween.contains(c)) {
            inside = false;
        } else {
            return std::nullopt;
        }
    }
    return words;
}

/// Walks through the words of one phrase; each step says whether it found what it wanted.
class Phrase {
public:
    explicit Phrase(const std::vector<std::string>& words)
        : m_words(words)
    {
    }

    bool atEnd() const { return m_at == m_words.size(); }

    bool take(std::initializer_list<std::string_view> wanted)
    {
        if (atEnd() || !std::ranges::contains(wanted, m_words[m_at]))
            return false;
        ++m_at;
        return true;
    }

    bool abbreviation() { return take({"nka", "nkda", "nkfa"}); }

    /// "drug", "food or drug", "environmental"
    void kinds()
    {
        while (take({"drug",        "drugs",     "medication", "medications",  "medicine",
                     "medicines",   "medicinal", "food",       "foods",        "environmental",
                     "environment", "seasonal",  "latex",      "insect",       "animal",
                     "pet",         "contact",   "hevea",      "brasiliensis", "other",
                     "or",          "and"})) {
        }
    }

    /// "drug allergies", "allergies to drugs or foods"
    bool allergies()
    {
        kinds();
        if (!take({"allergy", "allergies"}))
            return false;
        if (take({"to"})) {
            const std::size_t before = m_at;
            kinds();
            if (m_at == before)
                return false; // "to penicillin"
        }
        return true;
    }

    /// "NKDA", "(situation)": what may follow and says nothing more.
    bool end()
    {
        abbreviation();
        take({"situation", "finding", "disorder"});
        return atEnd();
    }

private:
    const std::vector<std::string>& m_words;
    std::size_t m_at = 0;
};

/// "None known", by itself or after "Allergies:".
bool isNone(Phrase phrase)
{
    if (phrase.abbreviation())
        return phrase.atEnd();
    if (!phrase.take({"none", "nil"}))
        return false;
    phrase.take({"known"});
    return phrase.end();
}

bool isDenial(Phrase phrase)
{
    phrase.take({"patient", "pt"});
    if (phrase.take({"not"}))
        return phrase.take({"allergic"}) && phrase.atEnd();
    if (phrase.take({"denies"})) {
        phrase.take({"any", "having", "history"});
        phrase.take({"any", "of"});
    } else if (phrase.take({"no", "nil"})) {
        if (phrase.take({"history"}) && !phrase.take({"of"}))
            return false;
    } else {
        return false;
    }
    phrase.take({"known"});
    if (!phrase.allergies())
        return false;
    phrase.take({"known"});
    return phrase.end();
}

} // namespace

bool saysNoKnownAllergy(std::string_view text)
{
    const auto words = plainWords(text);
    if (!words || words->empty())
        return false;
    Phrase phrase(*words);
    if (isNone(phrase) || isDenial(phrase))
        return true;
    // A lead that says nothing by itself: "Allergies: none known", "NKDA - no known drug
    // allergies".
    if (phrase.take({"allergy", "allergies"})) {
        phrase.take({"status"});
        return isNone(phrase) || isDenial(phrase);
    }
    return phrase.abbreviation() && (phrase.atEnd() || isDenial(phrase));
}

bool isNoKnownAllergy(const records::Concept& code)
{
    const auto says = [](const std::string& words) {
        return words.empty() || saysNoKnownAllergy(words);
    };
    const bool coded = std::ranges::any_of(
        code.codings, [](const records::Coding& coding) { return statementOf(coding) != nullptr; });
    if (!coded)
        return !code.name().empty() && saysNoKnownAllergy(code.name());
    return says(code.text) && std::ranges::all_of(code.codings, says, &records::Coding::display);
}

std::string_view wordsOfNoKnownAllergy(const records::Concept& code)
{
    const Statement* statement = nullptr;
    for (const records::Coding& coding : code.codings) {
        if (!code.text.empty() || !coding.display.empty())
            return {};
        statement = statement != nullptr ? statement : statementOf(coding);
    }
    return statement == nullptr ? std::string_view() : statement->words;
}

} // namespace imports
