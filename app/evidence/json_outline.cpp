// SPDX-License-Identifier: Apache-2.0
#include "app/evidence/json_outline.h"

#include <QStringDecoder>

namespace app {

namespace {
constexpr int kDeepest = 64;

/// Copies tokens from the input to the text; each function returns false where the input is
/// not JSON. Numbers and words are copied as they stand.
class Printer {
public:
    explicit Printer(const QString& input)
        : m_input(input)
    {
    }

    bool run(JsonOutline& outline)
    {
        m_outline = &outline;
        skip();
        if (!value({}, 0))
            return false;
        skip();
        return m_at == m_input.size();
    }

private:
    void skip()
    {
        while (m_at < m_input.size() && m_input.at(m_at).isSpace())
            ++m_at;
    }

    void newLine(int depth)
    {
        m_outline->text += QLatin1Char('\n') + QString(2LL * depth, QLatin1Char(' '));
    }

    bool string(QString* content)
    {
        const qsizetype begin = m_at;
        for (++m_at; m_at < m_input.size(); ++m_at) {
            if (m_input.at(m_at) == QLatin1Char('\\')) {
                ++m_at;
            } else if (m_input.at(m_at) == QLatin1Char('"')) {
                ++m_at;
                m_outline->text += m_input.mid(begin, m_at - begin);
                if (content != nullptr)
                    *content = m_input.mid(begin + 1, m_at - begin - 2);
                return true;
            }
        }
        return false;
    }

    bool word()
    {
        const qsizetype begin = m_at;
        while (m_at < m_input.size() && (m_input.at(m_at).isLetterOrNumber() ||
                                         QStringLiteral("+-.").contains(m_input.at(m_at))))
            ++m_at;
        m_outline->text += m_input.mid(begin, m_at - begin);
        return m_at > begin;
    }

    bool value(const QString& path, int depth)
    {
        if (m_at >= m_input.size() || depth > kDeepest)
            return false;
        const QChar first = m_input.at(m_at);
        if (first == QLatin1Char('{'))
            return group(path, depth, QLatin1Char('}'));
        if (first == QLatin1Char('['))
            return group(path, depth, QLatin1Char(']'));
        return first == QLatin1Char('"') ? string(nullptr) : word();
    }

    bool item(const QString& path, int depth, int index, bool named)
    {
        const auto span = m_outline->spans.size();
        m_outline->spans += {{}, m_outline->text.size(), 0, 0};
        QString inner = QStringLiteral("%1[%2]").arg(path).arg(index);
        if (named) {
            QString name;
            if (m_at >= m_input.size() || m_input.at(m_at) != QLatin1Char('"') || !string(&name))
                return false;
            skip();
            if (m_at >= m_input.size() || m_input.at(m_at) != QLatin1Char(':'))
                return false;
            ++m_at;
            skip();
            m_outline->text += QStringLiteral(": ");
            inner = path.isEmpty() ? name : path + QLatin1Char('.') + name;
        }
        const qsizetype begin = m_outline->text.size();
        if (!value(inner, depth + 1))
            return false;
        m_outline->spans[span].path = inner;
        m_outline->spans[span].value = begin;
        m_outline->spans[span].end = m_outline->text.size();
        return true;
    }

    bool group(const QString& path, int depth, QChar close)
    {
        m_outline->text += m_input.at(m_at++);
        skip();
        for (int index = 0; m_at < m_input.size() && m_input.at(m_at) != close; ++index) {
            newLine(depth + 1);
            if (!item(path, depth, index, close == QLatin1Char('}')))
                return false;
            skip();
            if (m_at < m_input.size() && m_input.at(m_at) == QLatin1Char(',')) {
                m_outline->text += QLatin1Char(',');
                ++m_at;
                skip();
            } else if (m_at >= m_input.size() || m_input.at(m_at) != close) {
                return false;
            }
        }
        if (m_at >= m_input.size())
            return false;
        ++m_at;
        if (!m_outline->text.endsWith(QLatin1Char('{')) &&
            !m_outline->text.endsWith(QLatin1Char('[')))
            newLine(depth);
        m_outline->text += close;
        return true;
    }

    const QString& m_input;
    qsizetype m_at = 0;
    JsonOutline* m_outline = nullptr;
};
} // namespace

const JsonOutline::Span* JsonOutline::find(const QString& path) const
{
    for (const Span& span : spans) {
        if (span.path == path)
            return &span;
    }
    return nullptr;
}

JsonOutline outlineOf(const QByteArray& json)
{
    const QString input = QString::fromUtf8(json);
    JsonOutline outline;
    if (Printer(input).run(outline)) {
        outline.whole = true;
        return outline;
    }
    return {.text = input, .spans = {}, .whole = false};
}

} // namespace app
