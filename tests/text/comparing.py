"""How two answers are held against each other in tests."""

from __future__ import annotations

from itertools import product

from coopbot.text.figures import find_figures


def differ(one: str, other: str) -> bool:
    """Whether they give figures of one unit that contradict each other, and none that agree."""
    alike = [(a, b) for a, b in product(find_figures(one), find_figures(other)) if a.unit == b.unit]
    return any(a.contradicts(b) for a, b in alike) and not any(a.agrees(b) for a, b in alike)
