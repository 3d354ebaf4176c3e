"""Compiles the pattern files in vocabulary/; their syntax is in `vocabulary/README.md`."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_LETTER = "[a-zа-яё]"
_BOUNDARY = rf"(?:(?<!{_LETTER})|(?!{_LETTER}))"
_ANYTHING = r"\W(?:.{0,60}\W)?"


@lru_cache
def phrases(name: str) -> re.Pattern[str]:
    """A pattern that matches the phrases of a vocabulary file anywhere in a block."""
    return re.compile("|".join(map(_phrase, _lines(name))), re.I)


@lru_cache
def whole_lines(*names: str) -> re.Pattern[str]:
    """A pattern that matches lines made only of phrases from the files, digits and punctuation."""
    # Atomic, to avoid exponential backtracking on long lines; hence longer phrases come first.
    choices = sorted((choice for name in names for line in _lines(name) for choice in _choices(line)), key=len, reverse=True)
    return re.compile(rf"(?=.*[^\W\d_])(?:{_BOUNDARY}(?>(?:{'|'.join(choices)}){_BOUNDARY})|[\W\d_])++", re.I)


@lru_cache
def word_set(name: str) -> frozenset[str]:
    """The words of a file that lists plain words."""
    return frozenset(" ".join(_lines(name)).split())


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath("vocabulary", f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


def _phrase(line: str) -> str:
    start = _BOUNDARY
    if line.startswith("^"):
        start, line = r"^\W*", line[1:].replace("|^", "|")
    end = _BOUNDARY
    if line.endswith("$"):
        end, line = r"\W*$", line[:-1]
    return f"{start}(?:{line.replace(' … ', _ANYTHING)}){end}"


def _choices(line: str) -> list[str]:
    """A line's alternatives, split at the bars outside brackets."""
    choices, depth = [""], 0
    for char in line:
        depth += (char in "([") - (char in ")]")
        if char == "|" and not depth:
            choices.append("")
        else:
            choices[-1] += char
    return choices
