# SPDX-License-Identifier: Apache-2.0
"""docs/performance/bench.svg: for each row, how many times as fast as each peer, and the roof."""
from xml.sax.saxutils import escape

LEFT, WIDTH, LINE, TOP = 250, 520, 34, 56
COLOURS = {"llama.cpp": "#4477aa", "OpenVINO": "#cc6677"}


def bar(x, y, width, colour, text):
    return (f'<rect x="{x}" y="{y}" width="{width:.1f}" height="11" fill="{colour}"/>'
            f'<text x="{x + width + 5:.1f}" y="{y + 10}">{escape(text)}</text>')


def svg(book, plan):
    rows = [row for _, row in book.ordered(plan)
            if row.get("engines", {}).get("cloister", {}).get("speeds")]
    ratios = [entry["ratio"] for row in rows for name, entry in row["engines"].items()
              if name in COLOURS and entry.get("ratio")]
    scale = WIDTH / max([2.0, *ratios])
    height = TOP + LINE * len(rows) + 16
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 90}" height="{height}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="100%" height="100%" fill="#ffffff"/>',
             '<text x="12" y="22" font-size="15">Cloister: times as fast as each peer '
             '(share of the roof behind the name)</text>']
    for n, (name, colour) in enumerate(COLOURS.items()):
        parts.append(bar(LEFT + 120 * n, 32, 14, colour, name))
    one = LEFT + scale
    parts.append(f'<line x1="{one:.1f}" y1="{TOP - 6}" x2="{one:.1f}" y2="{height - 8}" '
                 'stroke="#333333" stroke-dasharray="3 3"/>')
    for n, row in enumerate(rows):
        y = TOP + LINE * n
        share = f" ({row['share']:.0%})" if row.get("share") else ""
        depth = f" at {row['depth']:,}" if row["depth"] else ""
        parts.append(f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">'
                     f"{escape(row['model'] + ' ' + row['label'] + depth + share)}</text>")
        for at, name in enumerate(COLOURS):
            ratio = row["engines"].get(name, {}).get("ratio")
            if ratio:
                parts.append(bar(LEFT, y + 13 * at, ratio * scale, COLOURS[name], f"{ratio:.2f}"))
    return "\n".join([*parts, "</svg>"]) + "\n"
