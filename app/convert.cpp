// SPDX-License-Identifier: Apache-2.0
#include "app/convert.h"

namespace app {

namespace {
QString text(const std::string& utf8)
{
    return QString::fromStdString(utf8);
}

QStringList texts(const std::vector<std::string>& values)
{
    QStringList list;
    for (const std::string& value : values)
        list += text(value);
    return list;
}

SourceRef viewOf(const api::Source& source)
{
    return {
        text(source.document), text(source.resourceType),         text(source.resourceId),
        text(source.path),     static_cast<qint64>(source.begin), static_cast<qint64>(source.end)};
}

Allergy viewOf(const api::Allergy& allergy)
{
    return {text(allergy.name),     text(allergy.criticality), text(allergy.verification),
            text(allergy.recorded), texts(allergy.reactions),  allergy.resolved,
            viewOf(allergy.source)};
}

Problem viewOf(const api::Problem& problem)
{
    return {text(problem.name),    text(problem.state),  text(problem.verification),
            text(problem.onset),   text(problem.abated), text(problem.recorded),
            viewOf(problem.source)};
}

Medication viewOf(const api::Medication& drug)
{
    Medication view{text(drug.name),    text(drug.state),  text(drug.kind),
                    text(drug.dosage),  text(drug.reason), text(drug.statusReason),
                    text(drug.started), text(drug.ended),  viewOf(drug.source)};
    for (const api::Disagreement& other : drug.disagrees)
        view.disagrees += {text(other.label), text(other.says)};
    return view;
}

Lab viewOf(const api::Lab& lab)
{
    return {text(lab.name),       text(lab.panel),   text(lab.category), text(lab.value),
            text(lab.comparator), text(lab.unit),    text(lab.text),     text(lab.interpretation),
            text(lab.low),        text(lab.high),    text(lab.range),    text(lab.standing),
            text(lab.date),       viewOf(lab.source)};
}

Encounter viewOf(const api::Encounter& visit)
{
    return {text(visit.type),    text(visit.classCode), text(visit.reason), text(visit.location),
            text(visit.started), text(visit.ended),     text(visit.status), viewOf(visit.source)};
}

OtherEntry viewOf(const api::OtherEntry& other)
{
    return {text(other.kind),   text(other.name), text(other.status),
            text(other.detail), text(other.date), viewOf(other.source)};
}

DocumentInfo viewOf(const api::DocumentEntry& entry)
{
    return {static_cast<int>(entry.index), text(entry.title), text(entry.author),  text(entry.date),
            text(entry.unreadableReason),  entry.readable,    viewOf(entry.source)};
}

/// viewsOf for the types above, which no other file needs.
template <typename T>
auto listOf(const std::vector<T>& values)
{
    QList<decltype(viewOf(values.front()))> list;
    for (const T& value : values)
        list += viewOf(value);
    return list;
}

QList<int> numbers(const std::vector<int>& cited)
{
    return {cited.begin(), cited.end()};
}

/// An unknown word is the verdict that claims least.
Verdict verdictOf(const std::string& word)
{
    if (word == "supported")
        return Verdict::Supported;
    if (word == "partly")
        return Verdict::Partly;
    if (word == "computed")
        return Verdict::Computed;
    return word == "no_claim" ? Verdict::NoClaim : Verdict::NotSupported;
}
} // namespace

Failure viewOf(const api::Error& error)
{
    Failure failure;
    switch (error.code) {
    case api::Errc::ConnectFailed:
    case api::Errc::Timeout:
        failure.code = QStringLiteral("unreachable");
        break;
    case api::Errc::ConnectionLost:
        failure.code = QStringLiteral("interrupted");
        break;
    case api::Errc::UntrustedPeer:
        failure.code = QStringLiteral("wrong_daemon");
        break;
    default:
        failure.code =
            error.name.empty() ? QString::fromUtf8(api::codeName(error.code)) : text(error.name);
    }
    if (error.counts) {
        failure.prompt = static_cast<int>(error.counts->prompt);
        failure.answer = static_cast<int>(error.counts->answer);
        failure.context = static_cast<int>(error.counts->context);
    }
    return failure;
}

ServiceInfo viewOf(const api::ServiceInfo& service)
{
    return {text(service.version), service.initialised, service.synthetic, text(service.protection),
            -1};
}

ModelInfo viewOf(const api::ModelStatus& model)
{
    return {text(model.state),   text(model.name),   text(model.architecture),
            text(model.weights), text(model.sha256), static_cast<int>(model.contextTokens)};
}

SessionInfo viewOf(const api::SignIn& session)
{
    return {text(session.user.id),
            text(session.user.name),
            text(session.user.role),
            session.user.admitted,
            session.synthetic,
            static_cast<int>(session.lease.heartbeatSeconds),
            static_cast<int>(session.lease.idleSeconds),
            viewOf(session.model)};
}

WitnessVerdict viewOf(api::Witness witness)
{
    switch (witness) {
    case api::Witness::Consistent:
        return WitnessVerdict::Consistent;
    case api::Witness::FirstSeen:
        return WitnessVerdict::FirstSeen;
    case api::Witness::KeyChanged:
        return WitnessVerdict::KeyChanged;
    case api::Witness::HistoryChanged:
        return WitnessVerdict::HistoryChanged;
    case api::Witness::BadSignature:
        break;
    }
    return WitnessVerdict::BadSignature;
}

PatientSummary viewOf(const api::PatientSummary& patient)
{
    return {text(patient.id),     text(patient.name), text(patient.born),    {},
            text(patient.gender), text(patient.mrn),  text(patient.dataAsOf)};
}

Chart viewOf(const api::Chart& chart)
{
    const api::Patient& patient = chart.patient;
    return {{text(patient.id), text(patient.name), text(patient.born), text(patient.died),
             text(patient.gender), text(patient.mrn), text(chart.dataAsOf)},
            text(chart.allergyStatement),
            text(chart.allergyWords),
            listOf(chart.allergies),
            listOf(chart.allergyStatements),
            listOf(chart.problems),
            listOf(chart.medications),
            listOf(chart.labs),
            listOf(chart.encounters),
            listOf(chart.others),
            listOf(chart.documents)};
}

api::Source wordsOf(const SourceRef& source)
{
    return {.document = source.document.toStdString(),
            .resourceType = source.resourceType.toStdString(),
            .resourceId = source.resourceId.toStdString(),
            .path = source.path.toStdString(),
            .begin = static_cast<std::uint64_t>(source.begin),
            .end = static_cast<std::uint64_t>(source.end)};
}

DocumentText viewOf(const api::DocumentText& document)
{
    return {static_cast<int>(document.index),
            text(document.title),
            text(document.author),
            text(document.date),
            QByteArray::fromStdString(document.text),
            viewOf(document.source)};
}

OriginalText viewOf(const api::OriginalText& original)
{
    return {text(original.sha256), static_cast<qint64>(original.begin),
            static_cast<qint64>(original.end), QByteArray::fromStdString(original.text)};
}

Accepted viewOf(const api::Accepted& accepted)
{
    return {text(accepted.conversation), text(accepted.turn), text(accepted.asked),
            static_cast<int>(accepted.place)};
}

EvidenceItem viewOf(const api::EvidenceItem& item)
{
    return {item.number,
            item.kind == "passage",
            text(item.label),
            text(item.text),
            text(item.date),
            viewOf(item.source),
            static_cast<int>(item.documentIndex),
            static_cast<qint64>(item.begin),
            static_cast<qint64>(item.end)};
}

Coverage viewOf(const api::Coverage& coverage)
{
    return {text(coverage.line), static_cast<int>(coverage.documents),
            static_cast<int>(coverage.searched), static_cast<int>(coverage.unreadable)};
}

Progress viewOf(const api::Progress& progress)
{
    return {text(progress.phase), static_cast<int>(progress.done),
            static_cast<int>(progress.total)};
}

Claim viewOf(const api::Claim& claim)
{
    return {text(claim.sentence), verdictOf(claim.verdict), numbers(claim.cited),
            claim.attached,       texts(claim.reasons),     numbers(claim.corrected)};
}

Answer viewOf(const api::Answer& answer)
{
    Answer view;
    view.kind = text(answer.kind);
    view.text = text(answer.text);
    view.claims = viewsOf(answer.claims);
    view.evidence = viewsOf(answer.evidence);
    view.coverage = viewOf(answer.coverage);
    for (const api::Conflict& conflict : answer.conflicts)
        view.conflicts += {text(conflict.sentence), numbers(conflict.cited)};
    view.state = text(answer.state);
    view.abstention = text(answer.abstention);
    if (answer.model) {
        view.modelName = text(answer.model->name);
        view.modelSha256 = text(answer.model->sha256);
    }
    view.promptTokens = static_cast<int>(answer.promptTokens);
    view.generatedTokens = static_cast<int>(answer.generatedTokens);
    view.secondsToFirstToken = answer.secondsToFirstToken;
    view.draft = answer.draft;
    return view;
}

ConversationSummary viewOf(const api::Conversation& conversation)
{
    return {text(conversation.id),      text(conversation.patient),
            text(conversation.title),   text(conversation.started),
            text(conversation.changed), static_cast<int>(conversation.turns)};
}

Conversation viewOf(const api::ConversationTurns& conversation)
{
    Conversation view{viewOf(conversation.conversation), {}};
    for (const api::Turn& turn : conversation.turns)
        view.turns += {text(turn.id), text(turn.asked), text(turn.question),
                       turn.answer ? std::optional(viewOf(*turn.answer)) : std::nullopt};
    return view;
}

} // namespace app
