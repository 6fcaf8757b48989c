// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/phrases.h"

#include "inference/evidence/analytes.h"
#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace evidence {

namespace {

using View = std::string_view;

struct Entry {
    Role role;
    std::string name;
};
using Table = std::unordered_map<std::string, Entry>;

// The first of each line is the name that the others stand for.
constexpr std::array<View, 34> kDiseases{
    "hypertension|high blood pressure|htn|arterial hypertension",
    "type 2 diabetes|type 2 diabetes mellitus|type ii diabetes|type ii diabetes mellitus|t2dm|t2d|"
    "diabetes mellitus type 2|diabetes type 2|type two diabetes",
    "type 1 diabetes|type 1 diabetes mellitus|t1dm|t1d|diabetes mellitus type 1",
    "myocardial infarction|heart attack|mi|stemi|nstemi",
    "atrial fibrillation|af|afib|a fib",
    "heart failure|congestive heart failure|chf|hf|cardiac failure",
    "chronic kidney disease|ckd|chronic renal disease|chronic renal failure",
    "chronic obstructive pulmonary disease|copd",
    "coronary artery disease|cad|coronary heart disease|ischaemic heart disease|ischemic heart "
    "disease|ihd",
    "stroke|cerebrovascular accident|cva|ischaemic stroke|ischemic stroke",
    "transient ischaemic attack|transient ischemic attack|tia",
    "shortness of breath|sob|dyspnoea|dyspnea|breathlessness",
    "urinary tract infection|uti",
    "deep vein thrombosis|dvt|deep venous thrombosis",
    "pulmonary embolism|pe|pulmonary embolus",
    "gastro oesophageal reflux disease|gastroesophageal reflux disease|gord|gerd|acid reflux",
    "hyperkalaemia|hyperkalemia|high potassium",
    "hypokalaemia|hypokalemia|low potassium",
    "hyperlipidaemia|hyperlipidemia|high cholesterol|hypercholesterolaemia|hypercholesterolemia",
    "hypoglycaemia|hypoglycemia|low blood sugar",
    "anaemia|anemia",
    "acute kidney injury|aki",
    "rheumatoid arthritis|ra",
    "osteoarthritis|oa",
    "benign prostatic hyperplasia|bph",
    "obstructive sleep apnoea|obstructive sleep apnea|osa",
    "oedema|edema|swelling",
    "diarrhoea|diarrhea",
    "haemorrhage|hemorrhage|bleeding|bleed",
    "nausea",
    "hives|urticaria",
    "anaphylaxis|anaphylactic reaction|anaphylactic shock",
    "peripheral arterial disease|pad|peripheral vascular disease|pvd",
    "multiple sclerosis",
};

struct Group {
    Role role;
    View phrases;
};
constexpr std::array kGroups{
    Group{Role::Allergy, "allergy|allergies|allergic|hypersensitivity|allergic reaction"},
    Group{Role::Stop, "stopped|stop|stopping|discontinued|discontinue|discontinuation|ceased|"
                      "withdrawn|ended|no longer|"
                      "cessation|came off|taken off|completed|cancelled|canceled|has not taken"},
    Group{Role::Active, "active|currently|continues|continued|continue|ongoing|still|is "
                        "taking|takes|is on|remains on|"
                        "continuing|takes currently|are taking"},
    Group{Role::Start, "started|start|starting|commenced|commence|initiated|begun|began|prescribed|"
                       "newly prescribed|introduced|was added|were added|been added|was put on"},
    Group{Role::Resume, "restarted|restart|restarting|resumed|resume|resuming|reintroduced"},
    Group{Role::Hold, "held|on hold|is on hold|was on hold|remains on hold|put on "
                      "hold|withheld|paused|suspended"},
    Group{Role::Resolved, "resolved|inactive|in remission"},
    Group{Role::High, "high|elevated|raised|above range|above normal|above the range|critically "
                      "high|above the reference "
                      "range|above the normal range|too high"},
    Group{Role::Low, "low|below range|below normal|below the range|critically low|below the "
                     "reference range|below the "
                     "normal range|too low"},
    Group{Role::Normal,
          "normal|within range|within normal limits|within the normal range|within the "
          "reference range|unremarkable|in range"},
    Group{Role::Rise,
          "rose|risen|rising|increased|rise|increase|increasing|went up|climbed|higher"},
    Group{Role::Fall,
          "fell|fallen|falling|decreased|decrease|decreasing|dropped|went down|declined|"
          "reduced|lower|improved to"},
    Group{Role::Cause, "because|because of|due to|owing to|secondary to|caused by|as a result of|"
                       "on account of|triggered by|attributed to|the reason was|in response to"},
};

/// Words of measurements that are too short or too common to be trusted in prose: only before a
/// number ("K 4.1") and written with a capital.
bool isShortName(View word)
{
    constexpr std::array<View, 16> kShort{"k",  "na", "cr",    "pt",      "pct",  "rr",
                                          "hr", "tg", "bg",    "protein", "iron", "sugar",
                                          "ck", "t4", "creat", "temp"};
    return std::ranges::find(kShort, word) != kShort.end();
}

void addFrequencies(Table& table)
{
    const auto put = [&](View phrases, const std::string& name) {
        eachPart(phrases, '|',
                 [&](View phrase) { table[std::string(phrase)] = {Role::Frequency, name}; });
    };
    put("daily|once daily|once a day|every day|qd|od|each day|per day|a day|one time daily|1 time "
        "daily|"
        "every 24 hours|once per day|1 time per day|every 1 day",
        "1/day");
    put("twice daily|twice a day|twice per day|bid|bd|every 12 hours|b i d", "2/day");
    put("tid|tds|thrice daily|every 8 hours|t i d", "3/day");
    put("qid|qds|every 6 hours", "4/day");
    constexpr std::array<View, 3> kWords{"two", "three", "four"};
    for (int n = 2; n <= 4; ++n) {
        const std::string name = std::to_string(n) + "/day";
        for (const std::string& count :
             {std::to_string(n), std::string(kWords.at(static_cast<std::size_t>(n) - 2))}) {
            for (const View rest : {" times daily", " times a day", " times per day", " per day",
                                    " times every day", " times each day"})
                table[count + std::string(rest)] = {Role::Frequency, name};
        }
    }
    put("weekly|once weekly|once a week|every week|per week", "1/week");
    put("monthly|once a month|every month", "1/month");
    put("as needed|prn|when required|as required|when needed", "as needed");
    put("at night|nightly|at bedtime|every night|nocte", "night");
    put("in the morning|every morning|mane", "morning");
}

const Table& table()
{
    static const Table kTable = [] {
        Table table;
        for (const View line : kDiseases) {
            const std::string name(firstName(line));
            eachPart(line, '|',
                     [&](View phrase) { table[std::string(phrase)] = {Role::Disease, name}; });
        }
        for (const Group& group : kGroups)
            eachPart(group.phrases, '|',
                     [&](View phrase) { table[std::string(phrase)] = {group.role, {}}; });
        for (const Analyte& analyte : analytes()) {
            eachPart(analyte.synonyms, '|', [&](View phrase) {
                table.try_emplace(std::string(phrase),
                                  Entry{Role::Measurement, std::string(analyte.name)});
            });
        }
        addFrequencies(table);
        return table;
    }();
    return kTable;
}

constexpr std::size_t kLongestPhrase = 6;

std::optional<Entry> entryFor(View text, const std::vector<Word>& words, std::size_t first,
                              std::size_t count, const std::vector<std::string>& drugs)
{
    std::string joined;
    for (std::size_t i = first; i < first + count; ++i)
        joined += (joined.empty() ? "" : " ") + words[i].text;
    if (count == 1) {
        if (std::string drug = drugNamed(joined); !drug.empty())
            return Entry{Role::Drug, std::move(drug)};
        if (std::ranges::binary_search(drugs, joined))
            return Entry{Role::Drug, joined};
    }
    const auto found = table().find(joined);
    if (found == table().end())
        return std::nullopt;
    const Word& last = words[first + count - 1];
    if (count == 1 && isShortName(joined)) {
        const bool capital = text[last.begin] >= 'A' && text[last.begin] <= 'Z';
        const bool numberFollows =
            first + 1 < words.size() && words[first + 1].begin < last.end + 4 &&
            words[first + 1].text.front() >= '0' && words[first + 1].text.front() <= '9';
        if (!capital || !numberFollows)
            return std::nullopt;
    }
    // "pad", "mi" and "pe" are words or parts of names; the abbreviations are written in capitals.
    const bool capitals = text[last.end - 1] >= 'A' && text[last.end - 1] <= 'Z';
    if (count == 1 && found->second.role == Role::Disease && joined.size() <= 3 && !capitals)
        return std::nullopt;
    return found->second;
}

// Stems of words with no claim of their own, among them the scaffold of answers.
constexpr View kCommon =
    "a about according across actual add addition additional address after again against age ago "
    "all "
    "almost along already also although am an and another answer any anyone anything appear are "
    "area "
    "around as ask at available away back base based basis be became become been before being best "
    "better between both brief bring but by call came can care carry case certain chart check "
    "choose "
    "clear clinic clinical clinician close come common complete concern confirm consider consist "
    "contain context could current data date day detail determine did directly discuss do doctor "
    "document does done down due during each early either else end enough enter entry episode even "
    "event ever every evidence example except exist explain extra fact few file final find first "
    "focus follow for form found from full further gave general get give given go good got had "
    "hand "
    "happen has have having he health help her here him his history hospital how however i "
    "identify "
    "if important in include increas indicat individual information initial instead into is issue "
    "it "
    "item its itself just keep kind know known last late later latest least less let level like "
    "line "
    "list little long look made main make management many may me mean meant measur measurement "
    "medical medication medicine medicin drug mention might month more most move much multiple "
    "must my name need "
    "never new next no non none nor not note noted now number obtain occur of off offer office "
    "often "
    "on once one ongo only onto or order other our out over overall own page part particular past "
    "patient per perform period person place plan please point possible present previou previously "
    "prior procedur process provid provider question quit range rang rather read reading reason "
    "receiv recent recently recommend record recorded reference refer referenc regard regarding "
    "relat relevant remain report requir respectively respond response rest result result review "
    "said same saw say second section see seem seen separate sever show shown sign significant "
    "similar simple sinc so some something sometim soon sourc specific specifi specify state "
    "statement "
    "status step still such suggest summary support sure system tabl take taken taking team tell "
    "test "
    "text than that the their them then there therefor these they thi thing this those through thu "
    "time to today together told took total toward treat treatment two type typical under until up "
    "upon us use used usual valu value variou very via view visit wa want was way we week well "
    "were "
    "what when where whether which while who whom whose why will wish with within without word "
    "work "
    "should could would write year yes yet you your mg ml dos dose dosag dosage oral tablet daily "
    "documented ha "
    "dr mr mrs ms she s t also i.e shows suggests indicates describe describ detail evidenc lab "
    "laboratory vital observation problem condition statu letter discharge consultation "
    "appointment "
    "describes attend attended seen hold held there patients answer question above below following "
    "respectively note: summary key date dated day days measured taken taking prescribe prescrib "
    "prescription diagnos diagnosi diagnosed diagnosis suffer experienc experienced experience "
    "develop developed underwent undergo had having noted know old younger underly underlying "
    "confirmed confirm criticality criticalit categori category verifi verification entri "
    "hope hope let free feel ask assist normal rate count concentration sample specimen serum "
    "plasma blood";

/// "Time in range was 41 %" says of no value that it is in range.
bool isShareOfTime(const Entry& entry, const std::vector<Word>& words, std::size_t first)
{
    return entry.role == Role::Normal && first > 0 && words[first - 1].text == "time";
}

} // namespace

std::vector<Phrase> phrasesIn(View text, const std::vector<Word>& words,
                              const std::vector<std::string>& drugs)
{
    std::vector<Phrase> found;
    for (std::size_t i = 0; i < words.size();) {
        std::size_t taken = 1;
        for (std::size_t count = std::min(kLongestPhrase, words.size() - i); count > 0; --count) {
            if (auto entry = entryFor(text, words, i, count, drugs);
                entry && !isShareOfTime(*entry, words, i)) {
                found.push_back({entry->role, std::move(entry->name), i, i + count});
                taken = count;
                break;
            }
        }
        i += taken;
    }
    return found;
}

std::span<const View> diseases()
{
    return kDiseases;
}

View diseaseNamed(View words)
{
    for (const View line : kDiseases) {
        if (isOneOf(words, line, '|'))
            return firstName(line);
    }
    return {};
}

View synonymsOfDisease(View name)
{
    for (const View line : kDiseases) {
        if (firstName(line) == name)
            return line;
    }
    return {};
}

bool isCommon(const Word& word)
{
    static const std::unordered_set<std::string> kWords = [] {
        std::unordered_set<std::string> words;
        eachPart(kCommon, ' ', [&](View common) {
            words.emplace(common);
            words.insert(stemOf(common));
        });
        return words;
    }();
    return word.text.size() < 2 || kWords.contains(word.text) || kWords.contains(word.stem);
}

} // namespace evidence
