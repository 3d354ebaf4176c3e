"""Compiles the pattern files in vocabulary/; their syntax is in `vocabulary/README.md`."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_LETTER = "[a-zа-яё]"
_BOUNDARY = rf"(?:(?<!{_LETTER})|(?!{_LETTER}))"
_ANYTHING = r"\W(?:.{0,60}\W)?"


def phrases_in(text: str, *names: str) -> list[str]:
    """The phrases of vocabulary files in a block, in lower case, as often as it has them; some count only at its start."""
    return _phrases(*names).findall(text.lower())


@lru_cache
def _phrases(*names: str) -> re.Pattern[str]:
    """A pattern for lower-case text: ignoring case would make it three times as slow."""
    at_start, anywhere = (list(map(_phrase, lines)) for lines in _by_place(*names))
    # Each alternative is tried at every character, so what they have in common stands before them.
    places = {r"\A\W*": at_start, _BOUNDARY: anywhere}
    return re.compile("|".join(f"{place}(?:{'|'.join(found)})" for place, found in places.items() if found))


def alternatives(name: str) -> tuple[str, str]:
    """The lines of a file that start with "^", without it, and the others, each joined for use within a longer pattern."""
    at_start, anywhere = _by_place(name)
    return "|".join(at_start), "|".join(anywhere)


def _by_place(*names: str) -> tuple[list[str], list[str]]:
    lines = [line for name in names for line in _lines(name)]
    at_start = [line[1:].replace("|^", "|") for line in lines if line.startswith("^")]
    return at_start, [line for line in lines if not line.startswith("^")]


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
    end = _BOUNDARY
    if line.endswith("$"):
        end, line = r"\W*$", line[:-1]
    return f"(?:{line.replace(' … ', _ANYTHING)}){end}"


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
