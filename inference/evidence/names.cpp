// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/evidence.h"

namespace evidence {

const char* nameOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Supported:
        return "supported";
    case Verdict::Partly:
        return "partly";
    case Verdict::NotSupported:
        return "not_supported";
    case Verdict::Computed:
        return "computed";
    case Verdict::NoClaim:
        return "no_claim";
    }
    return "";
}

const char* nameOf(Reason reason)
{
    using enum Reason;
    switch (reason) {
    case Number:
        return "number";
    case Unit:
        return "unit";
    case Comparator:
        return "comparator";
    case Date:
        return "date";
    case DateTooFine:
        return "date_too_fine";
    case DateAmbiguous:
        return "date_ambiguous";
    case Pairing:
        return "pairing";
    case Drug:
        return "drug";
    case Measurement:
        return "measurement";
    case Negation:
        return "negation";
    case Side:
        return "side";
    case Subject:
        return "subject";
    case Status:
        return "status";
    case Past:
        return "past";
    case Unreal:
        return "unreal";
    case Contradicted:
        return "contradicted";
    case Frequency:
        return "frequency";
    case Direction:
        return "direction";
    case Cause:
        return "cause";
    case Wording:
        return "wording";
    case NothingCited:
        return "nothing_cited";
    case UnknownCitation:
        return "unknown_citation";
    }
    return "";
}

std::string explain(const Finding& finding)
{
    using enum Reason;
    const std::string& what = finding.what;
    switch (finding.reason) {
    case Number:
        return "number " + what + " is not in the cited evidence";
    case Unit:
        return what + ": the unit is not the one in the cited evidence";
    case Comparator:
        return what + ": less than, more than or exactly differs from the cited evidence";
    case Date:
        return "date " + what + " is not in the cited evidence";
    case DateTooFine:
        return "date " + what + " is more exact than recorded";
    case DateAmbiguous:
        return "date " + what + " can be read in two ways";
    case Pairing:
        return what + " do not stand together in the cited evidence";
    case Drug:
        return "medicine " + what + " is not in the cited evidence";
    case Measurement:
        return "measurement " + what + " is not in the cited evidence";
    case Negation:
        return what + ": denied in one and stated in the other";
    case Side:
        return what + ": the side differs from the cited evidence";
    case Subject:
        return what + ": the cited evidence speaks of another person";
    case Status:
        return what + ": the status differs from the cited evidence";
    case Past:
        return what + ": the cited evidence tells of it as over";
    case Unreal:
        return what + ": the cited evidence does not say that it is so";
    case Contradicted:
        return "evidence " + what + " says otherwise or is newer";
    case Frequency:
        return what + ": the frequency differs from the cited evidence";
    case Direction:
        return what + ": high, low, rising or falling differs from the cited evidence";
    case Cause:
        return "reason " + what + " is not in the cited evidence";
    case Wording:
        return what + " is not in the cited evidence";
    case NothingCited:
        return "no evidence is cited and none was found";
    case UnknownCitation:
        return "citation " + what + " does not exist";
    }
    return {};
}

const char* nameOf(Abstention::Reason reason)
{
    switch (reason) {
    case Abstention::Reason::NotRecorded:
        return "not_recorded";
    case Abstention::Reason::OutOfScope:
        return "out_of_scope";
    case Abstention::Reason::OnlyUnreadable:
        return "only_unreadable";
    }
    return "";
}

const char* nameOf(DirectAnswer::Kind kind)
{
    using enum DirectAnswer::Kind;
    switch (kind) {
    case Allergies:
        return "allergies";
    case ActiveMedications:
        return "active_medications";
    case PastMedications:
        return "past_medications";
    case AllMedications:
        return "all_medications";
    case Problems:
        return "problems";
    case LastValue:
        return "last_value";
    case AllValues:
        return "all_values";
    case ExtremeValue:
        return "extreme_value";
    case Demographics:
        return "demographics";
    }
    return "";
}

} // namespace evidence
