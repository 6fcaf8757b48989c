// SPDX-License-Identifier: Apache-2.0
#include "app/patients/similar_names.h"

#include <QRegularExpression>

#include <algorithm>
#include <vector>

namespace app {

namespace {

struct Name {
    QString family, given;
};

/// Lower case, letters only, accents taken off.
QString plain(const QString& part)
{
    QString letters;
    for (const QChar c : part.normalized(QString::NormalizationForm_KD)) {
        if (c.isLetter())
            letters += c.toLower();
    }
    return letters;
}

/// "SMITH, Anna Maria (Ms)"
Name nameOf(const QString& shown)
{
    static const QRegularExpression prefix(QStringLiteral("\\s*\\([^)]*\\)\\s*$"));
    QString bare = shown;
    bare.remove(prefix);
    const qsizetype comma = bare.indexOf(QLatin1Char(','));
    const QString given = comma < 0 ? QString() : bare.mid(comma + 1).trimmed();
    return {plain(bare.left(comma < 0 ? bare.size() : comma)),
            plain(given.section(QLatin1Char(' '), 0, 0))};
}

/// Letters to add, drop, change or swap with their neighbour; anything above @p limit is limit + 1.
int distance(const QString& a, const QString& b, int limit)
{
    if (qAbs(a.size() - b.size()) > limit)
        return limit + 1;
    const auto width = static_cast<std::size_t>(b.size()) + 1;
    std::vector<int> beforeLast(width), last(width), now(width);
    for (std::size_t j = 0; j < width; ++j)
        last[j] = static_cast<int>(j);
    for (qsizetype i = 1; i <= a.size(); ++i) {
        now[0] = static_cast<int>(i);
        for (std::size_t j = 1; j < width; ++j) {
            const auto at = static_cast<qsizetype>(j);
            const int changed = a[i - 1] == b[at - 1] ? 0 : 1;
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + changed});
            if (i > 1 && at > 1 && a[i - 1] == b[at - 2] && a[i - 2] == b[at - 1])
                now[j] = std::min(now[j], beforeLast[j - 2] + 1);
        }
        std::swap(beforeLast, last);
        std::swap(last, now);
    }
    return std::min(last[width - 1], limit + 1);
}

/// Short names differ by one letter and are other names: "Li" and "Lu".
bool isNear(const QString& a, const QString& b)
{
    const qsizetype letters = std::min(a.size(), b.size());
    const int limit = letters >= 9 ? 2 : letters >= 5 ? 1 : 0;
    return letters > 0 && distance(a, b, limit) <= limit;
}

bool areSimilar(const Name& a, const Name& b)
{
    const bool given = a.given.isEmpty() || b.given.isEmpty() || a.given[0] == b.given[0] ||
                       isNear(a.given, b.given);
    return (given && isNear(a.family, b.family)) ||
           (isNear(a.family, b.given) && isNear(a.given, b.family));
}

} // namespace

bool areSimilar(const QString& first, const QString& second)
{
    return areSimilar(nameOf(first), nameOf(second));
}

QList<bool> withSimilarNames(const QList<PatientSummary>& patients)
{
    QList<Name> names;
    for (const PatientSummary& patient : patients)
        names += nameOf(patient.name);
    QList<bool> similar(patients.size(), false);
    for (qsizetype i = 0; i < names.size(); ++i) {
        for (qsizetype j = i + 1; j < names.size(); ++j) {
            if (areSimilar(names[i], names[j]))
                similar[i] = similar[j] = true;
        }
    }
    return similar;
}

} // namespace app
