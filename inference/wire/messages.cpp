// SPDX-License-Identifier: Apache-2.0
#include "inference/wire/messages.h"

namespace wire {

std::string_view nameOf(Errc code)
{
    switch (code) {
    case Errc::BadFrame:
        return "bad_frame";
    case Errc::BadRequest:
        return "bad_request";
    case Errc::ContextTooLong:
        return "context_too_long";
    case Errc::NoVocabulary:
        return "no_vocabulary";
    case Errc::ModelUnusable:
        return "model_unusable";
    case Errc::OutOfMemory:
        return "out_of_memory";
    case Errc::Internal:
        return "internal";
    case Errc::WorkerGone:
        return "worker_gone";
    case Errc::Busy:
        return "busy";
    case Errc::Cancelled:
        return "cancelled";
    case Errc::BadConstraint:
        return "bad_constraint";
    }
    return "unknown";
}

std::string_view nameOf(DraftModel draft)
{
    switch (draft) {
    case DraftModel::None:
        return "none";
    case DraftModel::InUse:
        return "ready";
    case DraftModel::OtherVocabulary:
        return "other_vocabulary";
    case DraftModel::DoesNotFit:
        return "does_not_fit";
    case DraftModel::Unusable:
        return "unusable";
    }
    return "unknown";
}

} // namespace wire
