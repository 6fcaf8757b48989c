// SPDX-License-Identifier: Apache-2.0
#include "storage/import/error.h"

namespace imports {

std::string_view nameOf(Errc code)
{
    switch (code) {
    case Errc::BadJson:
        return "bad_json";
    case Errc::NotABundle:
        return "not_a_bundle";
    case Errc::NoPatient:
        return "no_patient";
    case Errc::SeveralPatients:
        return "several_patients";
    case Errc::MixedPatients:
        return "mixed_patients";
    case Errc::TooLarge:
        return "too_large";
    case Errc::TooDeep:
        return "too_deep";
    case Errc::BadEncoding:
        return "bad_encoding";
    case Errc::Unreadable:
        return "unreadable";
    case Errc::Sandbox:
        return "no_sandbox";
    case Errc::Importer:
        return "importer_failed";
    case Errc::TimedOut:
        return "timed_out";
    }
    return "unknown";
}

} // namespace imports
