// SPDX-License-Identifier: Apache-2.0
#include "app/chat/claim_line.h"

#include "app/chat/citation_chip.h"
#include "app/format.h"
#include "app/label.h"
#include "app/palette.h"

#include <QEvent>
#include <QPainter>
#include <QStyle>
#include <QStyleOption>
#include <QTextLayout>
#include <QTextOption>

namespace app {

namespace {
constexpr double kLineHeight = 1.45; // of the font size
constexpr int kMargin = 4;
constexpr int kGap = 4;
} // namespace

/// Where the lines of text and the chips go at one width.
struct ClaimLine::Placed {
    struct Line {
        int start = 0, length = 0;
        int top = 0, height = 0;
    };
    QList<Line> lines;
    QList<QRect> chips;
    int height = 0;
};

ClaimLine::ClaimLine(const Claim& claim, Look look, QWidget* parent)
    : QWidget(parent)
    , m_look(look)
{
    setAttribute(Qt::WA_StyledBackground);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    setText(withoutMarks(claim.sentence));
    if (look == Look::Provisional)
        return;
    QList<int> numbers = withoutRepeats(claim.cited);
    if (numbers.isEmpty() && claim.verdict != Verdict::NoClaim)
        numbers = {0};
    for (const int number : numbers) {
        auto* chip = new CitationChip(number, claim.verdict, m_text, this);
        connect(chip, &CitationChip::peeked, this, &ClaimLine::peeked);
        connect(chip, &CitationChip::entered, this, &ClaimLine::entered);
        connect(chip, &CitationChip::focusChanged, this,
                [this](bool focused) { restyle(this, "tinted", focused); });
        m_chips += chip;
    }
    setAccessibleName(tr("%1 (%2)").arg(m_text, wordOf(claim.verdict)));
}

void ClaimLine::setText(const QString& text)
{
    m_text = text;
    setAccessibleName(text);
    updateGeometry();
    moveChips();
    update();
}

ClaimLine::Placed ClaimLine::place(int width) const
{
    Placed placed;
    const int inner = qMax(40, width - 2 * kMargin);
    const int pitch =
        qMax(qRound(kLineHeight * QFontInfo(font()).pixelSize()), fontMetrics().height());
    QTextLayout layout(m_text, font());
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    layout.beginLayout();
    int top = 2;
    int end = kMargin;
    for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
        line.setLineWidth(inner);
        placed.lines += {line.textStart(), line.textLength(), top, pitch};
        end = kMargin + qCeil(line.naturalTextWidth());
        top += pitch;
    }
    layout.endLayout();

    int rowTop = placed.lines.isEmpty() ? top : placed.lines.last().top;
    int rowHeight = pitch;
    int x = end + kGap;
    for (const CitationChip* chip : m_chips) {
        const QSize size = chip->sizeHint();
        if (x + size.width() > width - kMargin && x > kMargin) {
            rowTop += rowHeight + 2;
            x = kMargin;
        }
        rowHeight = qMax(pitch, size.height());
        placed.chips += QRect(QPoint(x, rowTop + (rowHeight - size.height()) / 2), size);
        x += size.width() + kGap;
    }
    if (!m_chips.isEmpty() && !placed.lines.isEmpty() && rowTop == placed.lines.last().top)
        placed.lines.last().height = rowHeight;
    placed.height = rowTop + rowHeight + 2;
    return placed;
}

int ClaimLine::heightForWidth(int width) const
{
    return place(width).height;
}

QSize ClaimLine::sizeHint() const
{
    const int wanted = width() > 0 ? width() : 480;
    return {qMin(480, fontMetrics().horizontalAdvance(m_text) + 80), heightForWidth(wanted)};
}

QSize ClaimLine::minimumSizeHint() const
{
    return {120, fontMetrics().height()};
}

void ClaimLine::paintEvent(QPaintEvent* /*event*/)
{
    QPainter painter(this);
    QStyleOption option;
    option.initFrom(this);
    style()->drawPrimitive(QStyle::PE_Widget, &option, &painter, this);

    QFont drawn = font();
    drawn.setStrikeOut(m_look == Look::Struck);
    painter.setFont(drawn);
    painter.setPen(m_look == Look::Plain ? palette().color(QPalette::Text)
                                         : secondaryText(palette()));
    const Placed placed = place(width());
    for (const auto& line : placed.lines) {
        const QRect box(kMargin, line.top, width() - kMargin, line.height);
        painter.drawText(box,
                         Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine | Qt::TextDontClip,
                         m_text.mid(line.start, line.length).trimmed());
    }
}

void ClaimLine::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    moveChips();
}

void ClaimLine::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        updateGeometry();
        moveChips();
    }
}

void ClaimLine::moveChips()
{
    const Placed placed = place(width());
    for (qsizetype i = 0; i < m_chips.size(); ++i)
        m_chips.at(i)->setGeometry(placed.chips.at(i));
}

} // namespace app
