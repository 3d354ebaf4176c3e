"""Splits the output of a model into sentences with their citation numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coopbot.text.characters import plain_characters
from coopbot.text.sentences import split_sentences

# Some models write their reasoning first.
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_NUMBERS = r"[\[【]\s*\d{1,2}(?:\s*[,;，、]\s*\d{1,2})*\s*[\]】]"
_MARK = re.compile(rf"\s*{_NUMBERS}")
# Numbers after the end of a sentence belong to it, and are moved before its final punctuation.
_AFTER_END = re.compile(rf"([.!?…。！？]+)((?:\s*{_NUMBERS})+)")
_ITEM = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)]|\(\w\))\s+", re.MULTILINE)
_MARKUP = re.compile(r"\*\*|__|`|^#+\s*", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSentence:
    """text: without citation marks. numbers: the citations, in order, without duplicates; may be empty."""

    text: str
    numbers: tuple[int, ...]


def parse_sentences(text: str) -> list[WrittenSentence]:
    """The sentences of an answer, except those without letters."""
    plain = _ITEM.sub("", _MARKUP.sub("", _THOUGHTS.sub("", plain_characters(text))))
    plain = _AFTER_END.sub(lambda found: f"{found[2]}{found[1]}", plain)
    lines = [line for line in plain.splitlines() if line.strip()]
    pieces = [span.of(line) for line in lines for span in split_sentences(line)]
    return [sentence for sentence in map(_sentence, pieces) if any(map(str.isalpha, sentence.text))]


def _sentence(piece: str) -> WrittenSentence:
    numbers = [int(number) for mark in _MARK.findall(piece) for number in re.findall(r"\d+", mark)]
    return WrittenSentence(text=_MARK.sub("", piece).strip(), numbers=tuple(dict.fromkeys(numbers)))
