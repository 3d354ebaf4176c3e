"""Traditional Chinese characters and their simplified forms."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from types import MappingProxyType

# Pairs: a traditional character, then its simplified form, the first choice of OpenCC's conversion t2s (Apache-2.0). They are
# those of Big5 whose simplified form is in GB 2312, and a few common variants. A table of our own, since OpenCC
# costs megabytes and a load time for one dictionary look-up.
_PAIRS = importlib.resources.files("coopbot.text").joinpath("simplified.txt").read_text(encoding="utf-8").split()

TO_SIMPLIFIED: Mapping[int, str] = MappingProxyType({ord(pair[0]): pair[1] for pair in _PAIRS})
"""For `str.translate`."""


def to_simplified(text: str) -> str:
    """The text with simplified characters for traditional ones; every character keeps its place."""
    return text if text.isascii() else text.translate(TO_SIMPLIFIED)
