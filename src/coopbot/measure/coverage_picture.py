"""A picture of what a corpus covers: subjects by year, the darker the more articles. Readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from coopbot.measure.coverage import Coverage

_LEFT, _TOP, _CELL, _ROW, _GAP = 270, 34, 44, 24, 2
_LEAST_SHADE = 0.15

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.few{fill:#1f2328}.many{fill:#fff}.cell{fill:#0969da}.page{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.few{fill:#e6edf3}.many{fill:#0d1117}.cell{fill:#58a6ff}.page{fill:#0d1117}}"
)


def draw(found: Coverage) -> str:
    """The picture as SVG."""
    years, subjects = found.publication_years, found.subjects
    width, height = _LEFT + _CELL * len(years) + _GAP, _TOP + _ROW * len(subjects) + _GAP
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            "<title>Articles by subject and year of publication</title>",
            f"<style>{_STYLE}</style>",
            # Its own ground: a page may be dark where the system is light.
            f'<rect class="page" width="{width}" height="{height}"/>',
            *(
                _text(_LEFT + _CELL * (place + 0.5), _TOP - 12, "middle", "undated" if year is None else str(year))
                for place, year in enumerate(years)
            ),
            *_rows(found),
            "</svg>",
            "",
        ]
    )


def _rows(found: Coverage) -> Iterator[str]:
    most = max(found.by_year.values(), default=1)
    for row, subject in enumerate(found.subjects):
        top = _TOP + _ROW * row
        yield _text(_LEFT - 10, top + 16, "end", subject)
        for place, year in enumerate(found.publication_years):
            if number := found.by_year.get((subject, year), 0):
                share = number / most
                left, shade = _LEFT + _CELL * place, _LEAST_SHADE + (1 - _LEAST_SHADE) * share
                yield (
                    f'<rect class="cell" x="{left}" y="{top}" width="{_CELL - _GAP}" height="{_ROW - _GAP}" rx="3" '
                    f'fill-opacity="{shade:.2f}"/>'
                )
                # On a strong colour the figure is in the colour of the page.
                yield _text(left + (_CELL - _GAP) / 2, top + 16, "middle", str(number), "many" if shade > 0.55 else "few")


def _text(x: float, y: float, anchor: str, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
