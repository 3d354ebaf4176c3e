"""Sentences of English, Chinese and Russian text, and of text that mixes them, as exact spans.

Candidates are runs of end marks with the quotes and brackets that close after them; `boundaries.py` judges each by its context
in windows of fixed size, so that time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coopbot.domain import Span
from coopbot.text.boundaries import FULL_STOPS, Boundary, ends_sentence

CLAUSE_END = "；"
"""It ends a sentence to be quoted, but not what a writer calls a sentence."""

_LINE = re.compile(r"[^\r\n\u2028\u2029]*(?:\r\n|[\r\n\u2028\u2029]|$)")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_ITEM = re.compile(r"[ \t]*(?:[-*+•·▪]|\d{1,2}[.)])[ \t]")
# A line that looks like a list item begins a list only after these; else it may be a dash or a number at a line break.
_BEFORE_LIST = tuple(":;.!?…：；。！？")

_MARK = rf"[.!?…．{FULL_STOPS}]"
_CLOSER = r"[\"'”’»›)\]}）］」』】》〉〕*_]"  # * and _ are Markdown's
# Addresses come first, so that no mark inside one is a candidate. A note, "[1]", belongs to the sentence before it.
_CANDIDATE = re.compile(
    r"(?P<address>(?:https?://|www\.)[!-~]*[A-Za-z0-9/])"
    rf"|(?P<marks>{CLAUSE_END}|{_MARK}+(?:{_CLOSER}+{_MARK}+)*)(?P<closers>{_CLOSER}*)(?:\[[^\[\]\r\n]{{1,30}}\])*"
)
_SAYS_SOMETHING = re.compile(r"[^\W_]")
_ANSWER = re.compile(r"(?:[\s,，、;；:：]|的(?![确士]))*+(.+?)[\s,，、;；:：]*", re.DOTALL)


def split_sentences(text: str) -> list[Span]:
    """Sentences of `text` in order, trimmed of white space; every other character is in exactly one of them.

    A blank line ends a sentence, a single line break does not. A Markdown heading is one span, a list item begins a new one.
    """
    return [span for start, end in _blocks(text) for span in _sentences(text, start, end)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs, headings and list items; no sentence extends beyond one."""
    start, in_list, previous = 0, False, ""
    for match in _LINE.finditer(text):
        line = match[0].strip()
        item = bool(_ITEM.match(match[0])) and (in_list or not previous or previous.endswith(_BEFORE_LIST))
        if not line or item or line.startswith("#") or previous.startswith("#"):
            yield start, match.start()
            start, in_list = match.start(), item
        previous = line
    yield start, len(text)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Sentences of one block."""
    candidates = () if _HEADING.match(text, start) else _CANDIDATE.finditer(text, start, end)
    scanned, says_something, quotes = start, False, 0
    for match in candidates:
        says_something = says_something or bool(_SAYS_SOMETHING.search(text, scanned, match.start()))
        quotes += text.count('"', scanned, match.start())
        stop = _without_opening_quote(match, quotes, end)
        quotes += text.count('"', match.start(), match.end())
        scanned = match.end()
        if match["address"]:
            says_something = True
        elif says_something and ends_sentence(Boundary(text, start, match.start(), match.end("marks"), stop, end)):
            yield from _trimmed(text, start, stop)
            start, says_something = stop, False
    yield from _trimmed(text, start, end)


def _without_opening_quote(match: re.Match[str], quotes_before: int, end: int) -> int:
    """The end offset of the mark and its closers. In Chinese without spaces, a straight quote after 。 may open a sentence."""
    stop, closers = match.end(), match["closers"]
    if not closers or closers[-1] != '"' or stop != match.end("closers") or match["marks"][-1] not in FULL_STOPS:
        return stop
    followed = stop < end and not match.string[stop].isspace()
    opens = (quotes_before + closers.count('"')) % 2 == 1
    return stop - 1 if followed and opens else stop


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without surrounding white space; nothing if it is all white space."""
    piece = text[start:end]
    if stripped := piece.strip():
        start += len(piece) - len(piece.lstrip())
        yield Span(start_char=start, end_char=start + len(stripped))


def answer_words(text: str) -> Span:
    """Words that a reader found, without the white space and commas around them, and in Chinese without a particle in front,
    which belongs to the word before: 的最大能力 is 最大能力.
    """
    found = _ANSWER.fullmatch(text)
    return Span(start_char=found.start(1), end_char=found.end(1)) if found else Span(start_char=0, end_char=len(text))
