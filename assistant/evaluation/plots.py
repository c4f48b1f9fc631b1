"""Bars with intervals as inline SVG: no script, no font, no file from elsewhere.

bars("ROUGE-L", [Bar("base", "base", 0.26, 0.22, 0.31)])
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

_COLOURS = {"tuned": "#1b7f5c", "base": "#5b7db1", "baseline": "#b9b4a7"}
_LABEL, _WIDTH, _ROW = 250, 640, 22  # pixels


@dataclass(frozen=True)
class Bar:
    """One value with its interval."""

    label: str
    role: str
    value: float
    low: float
    high: float


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Draw horizontal bars on one scale, each with a whisker for its interval."""
    top = max([1e-9, *(row.high for row in rows), *(row.value for row in rows)])
    scale = (_WIDTH - _LABEL - 60) / (1.0 if 0.3 < top <= 1.0 else top)
    height = _ROW * (len(rows) + 1)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">',
        f'<text x="0" y="14" class="t">{html.escape(title)}</text>',
    ]
    for place, row in enumerate(rows, 1):
        y = place * _ROW
        low, high = (_LABEL + max(0.0, end) * scale for end in (row.low, row.high))
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end">{html.escape(row.label[:38])}</text>',
            f'<rect x="{_LABEL}" y="{y + 3}" width="{max(0.0, row.value) * scale:.1f}" height="{_ROW - 8}" '
            f'fill="{_COLOURS.get(row.role, "#999")}"/>',
            f'<path d="M{low:.1f} {y + 10}H{high:.1f}M{low:.1f} {y + 6}v8M{high:.1f} {y + 6}v8" '
            'stroke="#222" fill="none"/>',
            f'<text x="{high + 6:.1f}" y="{y + 14}">{row.value:.3g}</text>',
        ]
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True)
class Point:
    """One bin of a reliability plot: the probability said, the share that was right, how many there were."""

    said: float
    right: float
    count: int


def reliability_plot(title: str, points: Sequence[Point]) -> str:
    """Draw said against true shares beside the diagonal on which both are the same; larger bins are larger dots."""
    size, edge = 300, 36
    most = max([1, *(point.count for point in points)])

    def place(share: float) -> float:
        return share * (size - 2 * edge)

    parts = [
        f'<svg viewBox="0 0 {size} {size}" width="{size}" height="{size}" role="img">',
        f'<text x="0" y="14" class="t">{html.escape(title)}</text>',
        f'<path d="M{edge} {edge}V{size - edge}H{size - edge}" stroke="#777" fill="none"/>',
        f'<path d="M{edge} {size - edge}L{size - edge} {edge}" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{edge}" y="{size - 18}">0</text><text x="{size - edge - 8}" y="{size - 18}">1 said</text>',
        f'<text x="4" y="{edge + 6}">1 true</text>',
    ]
    parts += [
        f'<circle cx="{edge + place(point.said):.1f}" cy="{size - edge - place(point.right):.1f}" '
        f'r="{3 + 7 * (point.count / most) ** 0.5:.1f}" fill="{_COLOURS["tuned"]}" fill-opacity="0.7">'
        f"<title>{point.count}: said {point.said:.2f}, true {point.right:.2f}</title></circle>"
        for point in points
    ]
    return "".join([*parts, "</svg>"])
