"""Compiles the pattern files in vocabulary/; their syntax is in `vocabulary/README.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_LETTER = "[a-zа-яё]"
_BOUNDARY = rf"(?:(?<!{_LETTER})|(?!{_LETTER}))"
_ANYTHING = r"\W(?:.{0,60}\W)?"
_NOTHING = "(?!)"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of a vocabulary file: those that a block starts with, and those that may stand anywhere in it.

    Both patterns are in lower case and match lower-case text: ignoring case would make them three times as slow.
    """

    at_start: re.Pattern[str]
    anywhere: re.Pattern[str]

    def are_in(self, text: str) -> bool:
        """Whether the text has one of the phrases."""
        lower = text.lower()
        return bool(self.at_start.match(lower) or self.anywhere.search(lower))

    def all_in(self, text: str) -> list[str]:
        """The phrases that may stand anywhere, in lower case, as often as the text has them."""
        return self.anywhere.findall(text.lower())


@lru_cache
def phrases(*names: str) -> Phrases:
    """The phrases of vocabulary files."""
    at_start, anywhere = (list(map(_phrase, lines)) for lines in _by_place(*names))
    # Each alternative is tried at every character, so what they have in common stands before them.
    return Phrases(re.compile(rf"\W*{_any_of(at_start)}"), re.compile(rf"{_BOUNDARY}{_any_of(anywhere)}"))


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


def _any_of(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})" if patterns else _NOTHING


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
