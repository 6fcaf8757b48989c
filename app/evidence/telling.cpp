// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/telling.h"

#include <QHash>
#include <QStringList>

#include <algorithm>

namespace app {

namespace {
constexpr int kMeasured = 1000; // a measured value outweighs every note beside it

/// The paths that tell what a resource says, most telling first.
QStringList tellingPaths(const QString& resourceType)
{
    static const QHash<QString, QStringList> kPaths{
        {QStringLiteral("Observation"),
         {QStringLiteral("valueQuantity"), QStringLiteral("valueCodeableConcept"),
          QStringLiteral("valueString"), QStringLiteral("component"),
          QStringLiteral("dataAbsentReason")}},
        {QStringLiteral("AllergyIntolerance"), {QStringLiteral("code")}},
        {QStringLiteral("Condition"), {QStringLiteral("code")}},
        {QStringLiteral("MedicationRequest"),
         {QStringLiteral("medicationCodeableConcept"), QStringLiteral("medicationReference")}},
        {QStringLiteral("MedicationStatement"),
         {QStringLiteral("medicationCodeableConcept"), QStringLiteral("medicationReference")}},
        {QStringLiteral("Encounter"), {QStringLiteral("type"), QStringLiteral("class")}},
        {QStringLiteral("Procedure"), {QStringLiteral("code")}},
        {QStringLiteral("Immunization"), {QStringLiteral("vaccineCode")}},
        {QStringLiteral("FamilyMemberHistory"),
         {QStringLiteral("condition"), QStringLiteral("relationship")}},
        {QStringLiteral("Patient"), {QStringLiteral("name")}},
    };
    return kPaths.value(resourceType);
}

/// Members that name, link or classify: their words say nothing about the patient. Of the whole
/// resource's "text" only the machine-made narrative repeats all others.
bool speaks(const QString& path, const QString& resourceType)
{
    static const QSet<QString> kSilent{
        QStringLiteral("resourceType"), QStringLiteral("id"),        QStringLiteral("meta"),
        QStringLiteral("subject"),      QStringLiteral("patient"),   QStringLiteral("encounter"),
        QStringLiteral("system"),       QStringLiteral("url"),       QStringLiteral("reference"),
        QStringLiteral("extension"),    QStringLiteral("category"),  QStringLiteral("identifier"),
        QStringLiteral("div"),          QStringLiteral("contained"), QStringLiteral("requester")};
    QStringList members = path.split(QLatin1Char('.'));
    for (QString& member : members)
        member = member.section(QLatin1Char('['), 0, 0);
    if (members.first() == QStringLiteral("text") ||
        (members.size() > 1 && members.last() == QStringLiteral("code")))
        return false; // "code" inside a coding, not the resource's own
    return std::ranges::none_of(members, [&](const QString& member) {
        return kSilent.contains(member) && !(resourceType == QStringLiteral("Patient") &&
                                             member == QStringLiteral("identifier"));
    });
}

/// A member of the resource and what its leaves say.
struct Element {
    QString path;
    TextRange range;
    QStringList said;
    int weight = 0;
};

/// "component[1]" of "component[1].valueQuantity.value".
QString elementOf(const QString& path)
{
    return path.section(QLatin1Char('.'), 0, 0);
}

bool isLeaf(const JsonOutline& outline, const JsonOutline::Span& span)
{
    const QChar first = outline.text.at(span.value);
    return first != QLatin1Char('{') && first != QLatin1Char('[');
}

int weigh(const Element& element, const Quote& quote)
{
    const QString all = element.said.join(QLatin1Char('\n'));
    const bool value = element.path.startsWith(QStringLiteral("value")) ||
                       element.path.startsWith(QStringLiteral("component"));
    return quote.weightIn(all) + (value && quote.sharesNumber(all) ? kMeasured : 0);
}

/// "136/84": the values of two components.
bool hasSeveralValues(const QList<Element>& elements)
{
    return std::ranges::count_if(elements, [](const Element& element) {
               return element.weight >= kMeasured &&
                      element.path.startsWith(QStringLiteral("component"));
           }) > 1;
}

/// Less is more telling.
qsizetype rankOf(const QString& path, const QStringList& telling)
{
    const qsizetype rank = telling.indexOf(path.section(QLatin1Char('['), 0, 0));
    return rank < 0 ? telling.size() : rank;
}
} // namespace

Telling tellingOf(const JsonOutline& outline, const SourceRef& source, const QString& sentence)
{
    const Quote quote(sentence);
    Telling found;
    QList<Element> elements;
    for (const JsonOutline::Span& span : outline.spans) {
        if (!span.path.contains(QLatin1Char('.')))
            elements += {span.path, {span.begin, span.end}, {}, 0};
        if (!isLeaf(outline, span) || !speaks(span.path, source.resourceType))
            continue;
        const QString said = outline.text.mid(span.value, span.end - span.value);
        for (const TextRange& range : quote.in(said))
            found.words += {span.value + range.begin, span.value + range.end};
        const auto place = std::ranges::find(elements, elementOf(span.path), &Element::path);
        if (place != elements.end())
            place->said += said;
    }
    const QStringList telling = tellingPaths(source.resourceType);
    const Element* best = nullptr;
    for (Element& element : elements) {
        element.weight = weigh(element, quote);
        if (element.weight > 0 && (best == nullptr || element.weight > best->weight ||
                                   (element.weight == best->weight &&
                                    rankOf(element.path, telling) < rankOf(best->path, telling))))
            best = &element;
    }
    QStringList wanted = telling;
    if (best != nullptr)
        wanted.prepend(hasSeveralValues(elements) ? QStringLiteral("component") : best->path);
    if (!source.path.isEmpty())
        wanted.prepend(source.path);
    for (const QString& path : std::as_const(wanted)) {
        if (const JsonOutline::Span* span = outline.find(path)) {
            found.element = {span->begin, span->end};
            break;
        }
    }
    return found;
}

} // namespace app
