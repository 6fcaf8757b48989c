// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/quote.h"

#include <QDate>
#include <QLocale>
#include <QRegularExpression>

#include <array>

namespace app {

namespace {
constexpr qsizetype kWidest = 160; // letters that fit a small box together

enum class Kind { Word, Number, Day };

struct Token {
    Kind kind = Kind::Word;
    QString meaning; // equal for equal meanings
    TextRange range;
};

bool isFiller(const QString& word)
{
    static const QSet<QString> kFillers{
        QStringLiteral("a"),       QStringLiteral("an"),   QStringLiteral("and"),
        QStringLiteral("any"),     QStringLiteral("are"),  QStringLiteral("as"),
        QStringLiteral("at"),      QStringLiteral("be"),   QStringLiteral("because"),
        QStringLiteral("been"),    QStringLiteral("but"),  QStringLiteral("by"),
        QStringLiteral("due"),     QStringLiteral("for"),  QStringLiteral("from"),
        QStringLiteral("had"),     QStringLiteral("has"),  QStringLiteral("have"),
        QStringLiteral("he"),      QStringLiteral("her"),  QStringLiteral("his"),
        QStringLiteral("in"),      QStringLiteral("is"),   QStringLiteral("it"),
        QStringLiteral("last"),    QStringLiteral("not"),  QStringLiteral("of"),
        QStringLiteral("on"),      QStringLiteral("or"),   QStringLiteral("patient"),
        QStringLiteral("reason"),  QStringLiteral("she"),  QStringLiteral("status"),
        QStringLiteral("that"),    QStringLiteral("the"),  QStringLiteral("their"),
        QStringLiteral("they"),    QStringLiteral("this"), QStringLiteral("to"),
        QStringLiteral("value"),   QStringLiteral("was"),  QStringLiteral("were"),
        QStringLiteral("which"),   QStringLiteral("with"), QStringLiteral("yes"),
        QStringLiteral("recorded")};
    return word.size() < 2 || kFillers.contains(word);
}

/// The day that a written date means; invalid for anything else.
QDate dayOf(const QString& written)
{
    static const std::array<QString, 7> kForms{
        QStringLiteral("yyyy-MM-dd"),  QStringLiteral("d-MMM-yyyy"), QStringLiteral("d MMM yyyy"),
        QStringLiteral("d MMMM yyyy"), QStringLiteral("MMM d yyyy"), QStringLiteral("MMMM d yyyy"),
        QStringLiteral("MMMM d, yyyy")};
    for (const QString& form : kForms) {
        if (const QDate day = QLocale::c().toDate(written, form); day.isValid())
            return day;
    }
    return {};
}

QString numberOf(const QString& digits)
{
    return QString::number(digits.toDouble(), 'g', 12);
}

QString meaningOf(const QString& word)
{
    const QString lower = word.toLower();
    const bool plural = lower.size() > 4 && lower.endsWith(QLatin1Char('s')) &&
                        !lower.endsWith(QStringLiteral("ss"));
    return plural ? lower.chopped(1) : lower;
}

QList<Token> tokensOf(const QString& text)
{
    static const QRegularExpression form(QStringLiteral(
        "(?<day>\\b\\d{4}-\\d{2}-\\d{2}(?!\\d)|\\b\\d{1,2}[- ]\\p{L}{3,9}[- ]\\d{4}\\b|"
        "\\b\\p{L}{3,9} \\d{1,2},? \\d{4}\\b)|(?<number>\\b\\d+(?:\\.\\d+)?(?![\\p{L}\\d]))|"
        "(?<word>\\p{L}[\\p{L}\\p{M}\\p{N}]*(?:/\\p{L}{1,3}\\b)?)"));
    QList<Token> tokens;
    for (qsizetype at = 0;;) {
        const auto match = form.match(text, at);
        if (!match.hasMatch())
            return tokens;
        at = match.capturedEnd();
        Token token{.range = {match.capturedStart(), match.capturedEnd()}};
        if (const QString written = match.captured(QStringLiteral("day")); !written.isEmpty()) {
            const QDate day = dayOf(written);
            if (!day.isValid()) { // "take 20 tablets 2019": read on behind its first letters
                static const QRegularExpression first(QStringLiteral("\\d+|\\p{L}+"));
                const auto part = first.match(text, match.capturedStart());
                at = part.capturedEnd();
                token.range.end = at;
                token.kind = part.captured().at(0).isDigit() ? Kind::Number : Kind::Word;
                token.meaning = token.kind == Kind::Number ? numberOf(part.captured())
                                                           : meaningOf(part.captured());
            } else {
                token.kind = Kind::Day;
                token.meaning = day.toString(Qt::ISODate);
            }
        } else if (const QString number = match.captured(QStringLiteral("number"));
                   !number.isEmpty()) {
            token.kind = Kind::Number;
            token.meaning = numberOf(number);
        } else {
            token.meaning = meaningOf(match.captured());
        }
        if (token.kind != Kind::Word || !isFiller(token.meaning))
            tokens += token;
    }
}

/// Nothing but white space and marks stands between two words of one phrase.
bool together(const QString& text, const TextRange& first, const TextRange& second)
{
    for (qsizetype i = first.end; i < second.begin; ++i) {
        if (text.at(i).isLetterOrNumber() || text.at(i) == QLatin1Char('\n'))
            return false;
    }
    return true;
}
} // namespace

Quote::Quote(const QString& sentence)
{
    for (const Token& token : tokensOf(sentence))
        m_said += token.meaning;
}

QList<TextRange> Quote::in(const QString& text) const
{
    QList<TextRange> found;
    for (const Token& token : tokensOf(text)) {
        if (!m_said.contains(token.meaning))
            continue;
        if (!found.isEmpty() && together(text, found.last(), token.range))
            found.last().end = token.range.end;
        else
            found += token.range;
    }
    return found;
}

int Quote::weightIn(const QString& text) const
{
    QSet<QString> seen;
    int weight = 0;
    for (const Token& token : tokensOf(text)) {
        if (!m_said.contains(token.meaning) || seen.contains(token.meaning))
            continue;
        seen += token.meaning;
        weight += token.kind == Kind::Word ? 1 : 2;
    }
    return weight;
}

bool Quote::sharesNumber(const QString& text) const
{
    for (const Token& token : tokensOf(text)) {
        if (token.kind == Kind::Number && m_said.contains(token.meaning))
            return true;
    }
    return false;
}

TextRange densest(const TextRange& whole, const QList<TextRange>& words)
{
    TextRange best = whole;
    qsizetype most = 0;
    for (qsizetype first = 0; first < words.size(); ++first) {
        if (!whole.holds(words.at(first)))
            continue;
        qsizetype letters = 0;
        for (qsizetype last = first; last < words.size() && whole.holds(words.at(last)); ++last) {
            if (last > first && words.at(last).end - words.at(first).begin > kWidest)
                break;
            letters += words.at(last).end - words.at(last).begin;
            if (letters > most) {
                most = letters;
                best = {words.at(first).begin, words.at(last).end};
            }
        }
    }
    return best;
}

} // namespace app
