// SPDX-License-Identifier: Apache-2.0
#include "app/format.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>

namespace app {

namespace {
QString tr(const char* text)
{
    return QCoreApplication::translate("app::format", text);
}

struct Parts {
    int year = 0, month = 0, day = 0;
    QString rest; // "08:14", "08:14 UTC"
};

Parts partsOf(const QString& recorded)
{
    static const QRegularExpression form(
        QStringLiteral("^(\\d{4})(?:-(\\d{2})(?:-(\\d{2})(?:T(\\d{2}:\\d{2})[0-9:.]*(Z|[+-]\\d{2}:"
                       "\\d{2})?)?)?)?$"));
    const auto match = form.match(recorded);
    Parts parts;
    if (!match.hasMatch())
        return parts;
    parts.year = match.captured(1).toInt();
    parts.month = match.captured(2).toInt();
    parts.day = match.captured(3).toInt();
    parts.rest = match.captured(4);
    if (match.captured(5) == QStringLiteral("Z"))
        parts.rest += QStringLiteral(" UTC");
    return parts;
}

QString dayOf(const Parts& parts)
{
    if (parts.month < 1 || parts.month > 12)
        return QString::number(parts.year);
    const QString month = QLocale().standaloneMonthName(parts.month, QLocale::ShortFormat);
    if (parts.day == 0)
        return QStringLiteral("%1-%2").arg(month).arg(parts.year);
    return QStringLiteral("%1-%2-%3")
        .arg(parts.day, 2, 10, QLatin1Char('0'))
        .arg(month)
        .arg(parts.year);
}

/// Whole years between two dates, or -1; exact only where both know their day.
int yearsBetween(const Parts& from, const Parts& to)
{
    if (from.year == 0 || to.year < from.year)
        return -1;
    int years = to.year - from.year;
    if (from.month != 0 && to.month != 0 &&
        (to.month < from.month ||
         (to.month == from.month && from.day != 0 && to.day != 0 && to.day < from.day)))
        --years;
    return years;
}

/// "Penicillin: anaphylaxis, severe": the reactions of the record without their brackets.
QString shownAllergy(const Allergy& allergy)
{
    static const QRegularExpression opening(QStringLiteral("[\\s,;]*[(\\[]\\s*"));
    static const QRegularExpression closing(QStringLiteral("\\s*[)\\]]"));
    QStringList reactions;
    bool split = false; // a reaction holds a comma of its own
    for (const QString& recorded : allergy.reactions) {
        QString flat = recorded;
        flat.replace(opening, QStringLiteral(", ")).remove(closing);
        static const QRegularExpression edges(QStringLiteral("^[\\s,]+|[\\s,]+$"));
        flat.remove(edges);
        // "Anaphylaxis" reads on in small letters; "MRSA" and "Stevens-Johnson" keep theirs.
        if (!flat.isEmpty() && flat.mid(1) == flat.mid(1).toLower())
            flat[0] = flat.at(0).toLower();
        split = split || flat.contains(QLatin1Char(','));
        reactions += flat;
    }
    reactions.removeAll(QString());
    if (reactions.isEmpty())
        return allergy.name;
    //: an allergy and the reactions to it
    return tr("%1: %2").arg(allergy.name,
                            reactions.join(split ? QStringLiteral("; ") : QStringLiteral(", ")));
}
} // namespace

QString shownDay(const QString& recorded)
{
    const Parts parts = partsOf(recorded);
    return parts.year == 0 ? recorded : dayOf(parts);
}

QString shownDate(const QString& recorded)
{
    const Parts parts = partsOf(recorded);
    if (parts.year == 0)
        return recorded;
    return parts.rest.isEmpty() ? dayOf(parts) : dayOf(parts) + QLatin1Char(' ') + parts.rest;
}

QString shownBirth(const PatientSummary& patient, QDate today)
{
    const Parts born = partsOf(patient.born);
    if (born.year == 0)
        return tr("Not Known");
    Parts until = partsOf(patient.died);
    if (until.year == 0)
        until = {today.year(), today.month(), today.day(), {}};
    const int years = yearsBetween(born, until);
    if (years < 0)
        return dayOf(born);
    //: a birth date and an age in years
    const QString form = born.day == 0 ? tr("%1 (about %2y)") : tr("%1 (%2y)");
    return form.arg(dayOf(born)).arg(years);
}

QString shownGender(const QString& code)
{
    if (code == QStringLiteral("male"))
        return tr("Male");
    if (code == QStringLiteral("female"))
        return tr("Female");
    if (code == QStringLiteral("other"))
        return tr("Other");
    return tr("Not Known");
}

QString shownValue(const Lab& lab)
{
    if (!lab.value.isEmpty())
        return lab.comparator + lab.value;
    return lab.text.isEmpty() ? tr("no value") : lab.text;
}

QString shownRange(const Lab& lab)
{
    if (!lab.low.isEmpty() && !lab.high.isEmpty())
        return QStringLiteral("%1–%2").arg(lab.low, lab.high);
    if (!lab.high.isEmpty())
        return QStringLiteral("≤ %1").arg(lab.high);
    if (!lab.low.isEmpty())
        return QStringLiteral("≥ %1").arg(lab.low);
    return lab.range;
}

QString shownAllergies(const Chart& chart)
{
    QStringList names;
    for (const Allergy& allergy : chart.allergies) {
        if (!allergy.resolved)
            names += shownAllergy(allergy);
    }
    if (!names.isEmpty())
        return names.join(QStringLiteral(" · "));
    if (chart.allergyStatement == QStringLiteral("none_known"))
        return chart.allergyWords.isEmpty() ? tr("No known allergies") : chart.allergyWords;
    if (chart.allergyStatement == QStringLiteral("recorded"))
        return tr("No current allergy (resolved ones in the record)");
    return tr("None recorded");
}

QList<int> withoutRepeats(const QList<int>& numbers)
{
    QList<int> once;
    for (const int number : numbers) {
        if (!once.contains(number))
            once += number;
    }
    return once;
}

QString withoutMarks(const QString& sentence)
{
    static const QRegularExpression marks(
        QStringLiteral("\\s*\\[\\d+(?:\\s*[,;\u2013-]\\s*\\d+)*\\s*\\]"));
    QString bare = sentence;
    bare = bare.remove(marks).trimmed();
    if (bare.endsWith(QStringLiteral("..")) && !bare.endsWith(QStringLiteral("...")))
        bare.chop(1); // "…requested. [1]." had a full stop on both sides of the mark
    return bare;
}

QChar shapeOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Supported:
        return QChar(0x25CF);
    case Verdict::Partly:
        return QChar(0x25D0);
    case Verdict::NotSupported:
        return QChar(0x25CB);
    case Verdict::Computed:
        return QChar(0x2211);
    case Verdict::NoClaim:
        break;
    }
    return QChar(0x00B7);
}

QString wordOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Supported:
        return tr("supported");
    case Verdict::Partly:
        return tr("partly supported");
    case Verdict::NotSupported:
        return tr("not supported");
    case Verdict::Computed:
        return tr("computed from the record");
    case Verdict::NoClaim:
        break;
    }
    return tr("no claim");
}

QString wireNameOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Supported:
        return QStringLiteral("supported");
    case Verdict::Partly:
        return QStringLiteral("partly");
    case Verdict::NotSupported:
        return QStringLiteral("not_supported");
    case Verdict::Computed:
        return QStringLiteral("computed");
    case Verdict::NoClaim:
        break;
    }
    return QStringLiteral("no_claim");
}

} // namespace app
