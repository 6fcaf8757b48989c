// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/question.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/words.h"

#include <array>
#include <regex>
#include <set>

namespace evidence {

namespace {

/// Longer questions tell a story; they are not look-ups (and std::regex recurses per character).
constexpr std::size_t kMaxBytes = 160;

using Text = std::string;

// The parts of all forms. Each ends or begins with the blank that separates it.
const Text kOpen = "(?:please )?(?:(?:can|could|would|will) you )?(?:please )?"
                   "(?:(?:tell|show|give) me |show |list |display |get |find |look up )?";
const Text kWhat = "(?:(?:what|which) (?:is |are |was |were )?)?";
const Text kWhose = "(?:(?:the |this |my )?patient |the |her |his |their )?";
const Text kSubject = "(?:(?:the |this |my )?patient|she|he|they)";
const Text kOf = "(?: (?:of|for|in) (?:(?:the |this |my )?patient|her|him|them))?";
const Text kTail =
    "(?: (?:please|now|today|currently|on (?:file|record)|recorded|documented|listed|"
    "in (?:the|her|his|their) (?:chart|record|records)))*";

struct Form {
    std::regex pattern;
    LookUp meaning;
};

Form form(const Text& pattern, LookUp meaning)
{
    return {std::regex(pattern, std::regex::ECMAScript | std::regex::optimize), std::move(meaning)};
}

using enum DirectAnswer::Kind;

void addAllergies(std::vector<Form>& forms)
{
    const Text adjectives = "(?:known |recorded |documented |current |active |all |any |listed )*";
    const Text allergies =
        adjectives +
        "(?:drug |medication |medicine |food |environmental )?"
        "(?:allergies|allergy|allergy list|allergies list|allergy status|allergic reactions)";
    const LookUp meaning{.kind = Allergies, .measurement = {}};
    for (const Text& pattern : {
             kOpen + kWhat + kWhose + allergies + kOf + kTail,
             "(?:does|do) " + kSubject + " have " + allergies + kTail,
             "(?:has|have) " + kSubject + " (?:got )?" + allergies + kTail,
             "(?:is|are) " + kSubject +
                 " allergic to (?:anything|something|any "
                 "(?:drugs?|medications?|medicines?|foods?))" +
                 kTail,
             kOpen + "what (?:is |are )?" + kSubject + "(?: is| are)? allergic to" + kTail,
             "(?:are|is) there " + allergies + kOf + kTail,
             "(?:what|which) " + allergies + " (?:does|do) " + kSubject + " have" + kTail,
         })
        forms.push_back(form(pattern, meaning));
}

void addMedications(std::vector<Form>& forms)
{
    const Text medications = "(?:medications?|medicines?|meds|drugs|prescriptions|medication list|"
                             "medicines list|meds list|med list|drug list)";
    const Text current = "(?:current|active|present|ongoing|regular)";
    const Text nowadays = "(?:currently|now|presently|at present|at the moment|today|still)";
    const Text past = "(?:past|previous|former|prior|stopped|discontinued|old|ended|inactive)";
    const LookUp active{.kind = ActiveMedications, .measurement = {}};
    for (const Text& pattern : {
             kOpen + kWhat + kWhose + "(?:any |all )?" + current + " " + medications + kOf + kTail,
             kOpen + kWhat + kWhose + "(?:any )?" + medications + kOf + kTail,
             "(?:what|which) (?:" + current + " )?" + medications + " (?:is|are) " + kSubject +
                 " (?:" + nowadays + " )?(?:on|taking|prescribed|receiving)(?: " + nowadays + ")?" +
                 kTail,
             "(?:what|which) (?:" + current + " )?" + medications + " (?:does|do) " + kSubject +
                 " (?:" + nowadays + " )?take(?: " + nowadays + ")?" + kTail,
             "what (?:is |are )?" + kSubject + " (?:" + nowadays +
                 " )?(?:on|taking)(?: " + nowadays + ")?",
             "(?:is|are) " + kSubject + " (?:" + nowadays + " )?(?:on|taking) any (?:" + current +
                 " )?" + medications + "(?: " + nowadays + ")?",
         })
        forms.push_back(form(pattern, active));

    const LookUp former{.kind = PastMedications, .measurement = {}};
    for (const Text& pattern : {
             kOpen + kWhat + kWhose + "(?:all |any )?" + past + " " + medications + kOf + kTail,
             "(?:what|which) " + medications + " (?:was|were) " + kSubject +
                 " (?:previously |formerly )?(?:on|taking|prescribed)"
                 "(?: before| previously| in the past)?",
             "(?:what|which) " + medications +
                 " (?:was|were|have been|has been) (?:stopped|discontinued|ended)",
             "(?:what|which) " + medications + " (?:has|have) " + kSubject +
                 " (?:taken|been on|been prescribed) (?:before|previously|in the past)",
         })
        forms.push_back(form(pattern, former));

    forms.push_back(form(
        kOpen + kWhat + kWhose + "(?:all (?:of )?" + kWhose + medications +
            "(?: ever)?|(?:full |complete |whole )?(?:medication|medicines) history|(?:" + past +
            " and " + current + "|" + current + " and " + past + "|active and past) " +
            medications + ")" + kOf + kTail,
        {.kind = AllMedications, .measurement = {}}));
}

void addProblems(std::vector<Form>& forms)
{
    const Text problems = "(?:problems|problem list|problems list|diagnoses|conditions|"
                          "(?:medical|health|chronic) (?:conditions|problems)|comorbidities|"
                          "co morbidities)";
    const Text known = "(?:current |active |ongoing |known |recorded )*";
    const Text past = "(?:past|previous|resolved|inactive|former|old)";
    forms.push_back(form(kOpen + kWhat + kWhose + known + problems + kOf + kTail,
                         {.kind = Problems, .measurement = {}}));
    forms.push_back(
        form("(?:what|which) " + known + problems + " (?:does|do) " + kSubject + " have" + kTail,
             {.kind = Problems, .measurement = {}}));
    forms.push_back(form(kOpen + kWhat + kWhose + past + " " + problems + kOf + kTail,
                         {.kind = Problems, .past = true, .measurement = {}}));
    forms.push_back(form(kOpen + kWhat + kWhose +
                             "(?:(?:past |previous |full )?medical history|pmh|pmhx|past history)" +
                             kOf + kTail,
                         {.kind = Problems, .all = true, .measurement = {}}));
    forms.push_back(form(kOpen + kWhat + kWhose + "all (?:of )?" + kWhose +
                             "(?:known |recorded )?" + problems + kOf + kTail,
                         {.kind = Problems, .all = true, .measurement = {}}));
}

// Group 1 of a measurement form is the name. It is lazy, so that what stands behind it belongs to
// the form; whether it is a name at all is decided by the chart.
const Text kName = "([a-z0-9][a-z0-9 ]*?)";

void addLastValues(std::vector<Form>& forms)
{
    const Text last = "(?:last|latest|most recent|newest|current)";
    const Text value =
        "(?: (?:level|levels|value|values|result|results|reading|readings|measurement|"
        "test|test result|lab|lab value|lab result))?";
    const Text taken = "(?:measured|checked|taken|done|recorded|tested)";
    const LookUp said{.kind = LastValue, .measurement = {}, .said = true};
    for (const Text& pattern : {
             kOpen + kWhat + kWhose + last + " (?:recorded |measured |known )?" + kName + value +
                 kOf + kTail,
             kOpen + kWhat + kWhose + last +
                 " (?:value|level|result|reading|measurement) (?:of|for) " + kWhose + kName + kOf +
                 kTail,
             "when was " + kWhose + last + " " + kName + value + "(?: " + taken + ")?",
             "when was " + kWhose + kName + value + " last " + taken,
             kOpen + kWhat + kWhose + kName + " (?:last|latest|most recent|newest)" + value + kOf +
                 kTail,
         })
        forms.push_back(form(pattern, said));
    const LookUp bare{.kind = LastValue, .measurement = {}};
    forms.push_back(form(kOpen + kWhat + kWhose + kName + value + kOf + kTail, bare));
}

void addAllValues(std::vector<Form>& forms)
{
    const Text values = "(?:values|results|levels|readings|measurements|trend|trends|history|"
                        "over time|time course|series|timeline)";
    const Text whole = "(?:trend|trends|time course|values|results|readings|levels|measurements|"
                       "all values|all results|all readings|all levels|all measurements)";
    const LookUp meaning{.kind = AllValues, .measurement = {}, .said = true};
    for (const Text& pattern : {
             kOpen + "how (?:has|have) " + kWhose + kName +
                 " (?:changed|developed|trended|evolved)(?: over (?:time|the years))?",
             kOpen + "how did " + kWhose + kName +
                 " (?:change|develop|evolve) over (?:time|the years)",
             kOpen + kWhat + kWhose + "(?:all (?:of )?)?" + kWhose +
                 "(?:recent |past |previous )?" + kName + " " + values + kOf + kTail,
             kOpen + kWhat + kWhose + whole + " (?:of|for|in) " + kWhose + kName +
                 "(?: over time)?" + kOf + kTail,
         })
        forms.push_back(form(pattern, meaning));
}

void addExtremes(std::vector<Form>& forms)
{
    const auto add = [&](const Text& words, bool highest) {
        const LookUp meaning{
            .kind = ExtremeValue, .measurement = {}, .said = true, .highest = highest};
        const Text value = "(?: (?:level|value|result|reading|measurement))?";
        forms.push_back(form(kOpen + kWhat + kWhose + words + " (?:ever |recorded |measured )?" +
                                 kName + value + "(?: ever| so far)?(?: recorded| measured)?" +
                                 kOf + kTail,
                             meaning));
        forms.push_back(form(kOpen + kWhat + kWhose + words +
                                 " (?:value|level|result|reading|measurement) (?:of|for) " +
                                 kWhose + kName + "(?: ever)?" + kOf + kTail,
                             meaning));
    };
    add("(?:highest|maximum|max|peak)", true);
    add("(?:lowest|minimum|min|nadir)", false);
}

void addDemographics(std::vector<Form>& forms)
{
    const auto add = [&](Field field, std::initializer_list<Text> patterns) {
        for (const Text& pattern : patterns)
            forms.push_back(
                form(pattern, {.kind = Demographics, .measurement = {}, .field = field}));
    };
    const Text lead = kOpen + kWhat + kWhose;
    add(Field::Age, {"how old (?:is|are) " + kSubject + kTail,
                     lead + "(?:current )?age" + kOf + kTail, kSubject + " is how old"});
    add(Field::Born,
        {lead + "(?:date of birth|dob|d o b|birth ?date|birthday|year of birth)" + kOf + kTail,
         "when (?:was|is) " + kSubject + " born" + kTail, "when is " + kWhose + "birthday"});
    add(Field::Gender,
        {lead + "(?:sex|gender)" + kOf + kTail,
         "is " + kSubject +
             " (?:a )?(?:male|female|man|woman|boy|girl)(?: or (?:a )?(?:male|female|man|woman|"
             "boy|girl))?"});
    add(Field::RecordNumber,
        {lead +
         "(?:mrn|medical record number|record number|hospital number|patient number|"
         "(?:patient )?id|(?:patient )?identifier)" +
         kOf + kTail});
    add(Field::Address, {lead + "(?:home |postal )?address" + kOf + kTail,
                         "where (?:does|do) " + kSubject + " live" + kTail});
    add(Field::Phone, {lead + "(?:(?:tele)?phone|mobile|contact)(?: number)?" + kOf + kTail});
}

std::vector<Form> makeForms()
{
    std::vector<Form> forms;
    addAllergies(forms);
    addMedications(forms);
    addProblems(forms);
    addDemographics(forms);
    addExtremes(forms);
    addAllValues(forms);
    addLastValues(forms);
    forms.push_back(form("how much does " + kSubject + " weigh",
                         {.kind = LastValue, .measurement = "weight", .said = true}));
    forms.push_back(form("how tall is " + kSubject,
                         {.kind = LastValue, .measurement = "height", .said = true}));
    return forms;
}

/// Words that go on from a question before.
bool isLead(const Text& word)
{
    return word == "and" || word == "also" || word == "then" || word == "so";
}

/// The question in lower-case words, the patient's own name told as "patient".
Text normalised(std::string_view question, const records::Patient& patient)
{
    std::set<Text> names;
    for (const Word& word : wordsOf(patient.given + " " + patient.family)) {
        if (word.text.size() > 1 && analyteNamed(word.text) == nullptr)
            names.insert(word.text);
    }
    constexpr std::array<std::string_view, 5> kTitles{"mr", "mrs", "ms", "miss", "dr"};
    std::vector<Text> words;
    for (const Word& word : wordsOf(question)) {
        const bool isName = names.contains(word.text);
        if (isName && !words.empty() && words.back() == "patient")
            continue;
        if (isName && !words.empty() && std::ranges::find(kTitles, words.back()) != kTitles.end())
            words.pop_back();
        words.push_back(isName ? "patient" : word.text);
    }
    // "And the last potassium?" asks for itself; what only refers back names nothing.
    while (words.size() > 1 && isLead(words.front()))
        words.erase(words.begin());
    Text text;
    for (const Text& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

bool goesOn(std::string_view question)
{
    const std::vector<Word> words = wordsOf(question);
    return !words.empty() && isLead(words.front().text);
}

/// A second sentence, a quotation or a comparison is more than a look-up.
bool isPlain(std::string_view question)
{
    const auto last = question.find_last_not_of(" \t\r\n");
    if (last == std::string_view::npos || question.size() > kMaxBytes)
        return false;
    const std::string_view inner = question.substr(0, last);
    return inner.find_first_of("?!;\n\"<>=") == std::string_view::npos &&
           inner.find(". ") == std::string_view::npos;
}

} // namespace

std::optional<LookUp> parseLookUp(std::string_view question, const records::Patient& patient)
{
    if (!isPlain(question))
        return std::nullopt;
    static const std::vector<Form> kForms = makeForms();
    const Text text = normalised(question, patient);
    for (const Form& known : kForms) {
        std::smatch match;
        if (!std::regex_match(text, match, known.pattern))
            continue;
        LookUp lookUp = known.meaning;
        if (match.size() > 1)
            lookUp.measurement = match[1].str();
        // "And potassium?" may ask for whatever was asked before.
        const bool bare = lookUp.kind == LastValue && !lookUp.said;
        return bare && goesOn(question) ? std::nullopt : std::optional(lookUp);
    }
    return std::nullopt;
}

} // namespace evidence
