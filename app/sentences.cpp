// SPDX-License-Identifier: Apache-2.0
#include "app/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace app {

namespace {
QString tr(const char* text)
{
    return QCoreApplication::translate("app::sentences", text);
}

struct Sentence {
    const char* code; // of the failure
    const char* text; // translated when it is shown
};

constexpr Sentence kSentences[] = {
    {"unreachable",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "The Cloister service does not answer on this computer. Nothing was lost; this "
         "window connects again by itself as soon as it is back.")},
    {"wrong_daemon",
     QT_TRANSLATE_NOOP("app::sentences", "The program that answers is not run by the Cloister "
                                         "service's user. Your passphrase was "
                                         "not sent. Tell your IT department.")},
    {"wrong_passphrase",
     QT_TRANSLATE_NOOP("app::sentences",
                       "User name and passphrase do not match. Check both and try again.")},
    {"unauthorized",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "Your session has ended. Sign in again; stored answers are in the conversation.")},
    {"locked",
     QT_TRANSLATE_NOOP("app::sentences", "Your session is locked. A running answer is finished "
                                         "and stored; sign in to see it.")},
    {"forbidden",
     QT_TRANSLATE_NOOP("app::sentences", "Your role does not allow this. Nothing was opened.")},
    {"not_admitted",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "You are signed in but not yet admitted to the records. Ask a steward to admit you.")},
    {"not_initialised",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "This service has not been set up yet. IT sets it up with: cloister-admin init.")},
    {"not_found",
     QT_TRANSLATE_NOOP("app::sentences",
                       "The service does not have this any more. Open the patient again.")},
    {"conflict",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "This was already done by somebody else. Open it again to see how it stands.")},
    {"audit_unavailable",
     QT_TRANSLATE_NOOP("app::sentences", "The audit log cannot be written, so no patient data "
                                         "is released. Tell your IT department.")},
    {"engine_unavailable",
     QT_TRANSLATE_NOOP("app::sentences", "The language model is not ready. Labs, medications "
                                         "and look-ups still work; ask again later.")},
    {"engine_failed",
     QT_TRANSLATE_NOOP(
         "app::sentences",
         "The language model stopped while it wrote. Your question is stored; ask it again.")},
    {"busy",
     QT_TRANSLATE_NOOP("app::sentences", "The service has too much to do at this moment. Try "
                                         "again in a few seconds.")},
    {"still_running",
     QT_TRANSLATE_NOOP("app::sentences", "Your last question is still being answered or "
                                         "stopped. Ask again in a moment.")},
    {"too_many_requests",
     QT_TRANSLATE_NOOP("app::sentences",
                       "Too many attempts in a short time. Wait a minute and try again.")},
    {"too_large",
     QT_TRANSLATE_NOOP("app::sentences",
                       "The question is too long to be sent. Shorten it; your text is kept.")},
    {"interrupted",
     QT_TRANSLATE_NOOP("app::sentences", "The connection broke while the answer was written. "
                                         "What was stored is in the conversation.")},
};

/// Null for a code without a sentence of its own.
const char* sourceTextFor(const QString& code)
{
    const auto* found = std::ranges::find_if(kSentences, [&code](const Sentence& sentence) {
        return code == QLatin1StringView(sentence.code);
    });
    return found == std::ranges::end(kSentences) ? nullptr : found->text;
}
} // namespace

QString sentenceFor(const Failure& failure)
{
    if (failure.code == QStringLiteral("context_too_long"))
        return tr("The question and its evidence take %1 tokens and the answer %2; the model reads "
                  "at most %3. "
                  "Ask a narrower question.")
            .arg(failure.prompt)
            .arg(failure.answer)
            .arg(failure.context);
    if (const char* text = sourceTextFor(failure.code))
        return tr(text);
    return tr("The service refused this (%1). Nothing was changed.").arg(failure.code);
}

QString sentenceFor(WitnessVerdict verdict)
{
    switch (verdict) {
    case WitnessVerdict::Consistent:
        return tr("The audit log still holds everything this computer has seen.");
    case WitnessVerdict::FirstSeen:
        return tr("This computer now remembers the audit log's state.");
    case WitnessVerdict::BadSignature:
        return tr("The audit log's signature is wrong. Do not enter patient data; call your "
                  "compliance officer.");
    case WitnessVerdict::KeyChanged:
        return tr("The audit log is signed by another key than before. Do not enter patient data; "
                  "call your "
                  "compliance officer.");
    case WitnessVerdict::HistoryChanged:
        return tr("The audit log no longer holds what this computer has seen of it: entries were "
                  "removed or "
                  "altered. Call your compliance officer.");
    case WitnessVerdict::NotKept:
        return tr("The audit log is consistent, but this computer could not remember its state.");
    }
    return {};
}

} // namespace app
