"""Footnotes of an article: from the marks in its text and their definitions to attributions of whole sentences."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from coopbot.domain import Attribution, Source, When
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.tidy import one_line
from coopbot.text.characters import HAN, plain_characters
from coopbot.text.dates import find_dates
from coopbot.text.sentences import CLAUSE_END, split_sentences

MARK = re.compile(r"\[\^([^\s\[\]^]{1,80})\]")
DEFINITION = re.compile(rf" {{0,3}}{MARK.pattern}:[ \t]*")

# More is a mistake, and every sentence with the mark would carry them all.
_MOST_SOURCES = 20

_HAN = re.compile(f"[{HAN}]")
_OPEN_NUMBER, _REST_OF_NUMBER = re.compile(r"\d[.,]?$"), re.compile(r"[.,]?\d")

_LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
_ADDRESS = re.compile(r"<?\b[a-z][a-z0-9+.-]*:(?://)?[^\s<>\"]+>?", re.IGNORECASE)
_SCHEME = re.compile(r"<?[a-z][a-z0-9+.-]*:(?://|(?=\S+@))|<?(?:javascript|data|mailto|file):", re.IGNORECASE)
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|《([^》]+)》|(?<![\w*])\*([^*]+)\*")
_SEPARATORS = " \t,.;:–—-，。；：、"


class FootnoteError(Exception):
    """What is wrong with a footnote, and what to do. line: in the file, counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """A definition. line: where it begins in the file."""

    line: int
    sources: tuple[Source, ...]
    as_of: When | None = None
    valid_until: When | None = None
    planned_for: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark behind the first `at` characters of a text without marks. line: in the file."""

    label: str
    at: int
    line: int


def attributions(text: str, marks: Sequence[Mark], footnotes: Mapping[str, Footnote]) -> tuple[Attribution, ...]:
    """What the footnotes say of the sentences that their marks follow. marks: in order. Raises FootnoteError.

    A Chinese sentence is cut at its semicolons for quoting; a mark at its end is for all of its clauses that have none.
    """
    spans = split_sentences(text) if marks else []
    starts = [span.start_char for span in spans]
    found: dict[Attribution, None] = {}
    for mark in marks:
        footnote = footnotes.get(mark.label)
        if footnote is None:
            raise FootnoteError(mark.line, f"there is no footnote {mark.label}; define it, or remove the mark [^{mark.label}]")
        first = last = bisect_right(starts, mark.at - 1) - 1
        while first and (before := spans[first - 1]).of(text).endswith(CLAUSE_END):
            if any(before.start_char < one.at <= before.end_char for one in marks):
                break
            first -= 1
        found |= {
            Attribution(
                start_char=span.start_char,
                end_char=span.end_char,
                label=mark.label,
                sources=footnote.sources,
                as_of=footnote.as_of,
                valid_until=footnote.valid_until,
                planned_for=footnote.planned_for,
            ): None
            for span in spans[first : last + 1]
        }
    used = {mark.label for mark in marks}
    for label, footnote in footnotes.items():
        if label not in used:
            raise FootnoteError(footnote.line, f"no sentence has the footnote {label}; put [^{label}] behind one, or remove it")
    return tuple(sorted(found, key=lambda one: one.end_char))


def check_footnote(label: str, footnote: Footnote) -> None:
    """Raise FootnoteError unless the parts of a definition fit together."""
    line = footnote.line
    if not footnote.sources:
        raise FootnoteError(line, f"footnote {label} has no sources; name at least a publisher")
    if len(footnote.sources) > _MOST_SOURCES:
        raise FootnoteError(line, f"footnote {label} has more than {_MOST_SOURCES} sources; name the best ones")
    if footnote.as_of and footnote.valid_until and footnote.valid_until.last < footnote.as_of.first:
        raise FootnoteError(
            line, f"footnote {label}: valid_until {footnote.valid_until} is before as_of {footnote.as_of}; correct one"
        )


def without_marks(pieces: Sequence[str], labels: Sequence[str], line: int) -> tuple[str, list[Mark]]:
    """The line of a paragraph that marks with these `labels` cut in `pieces`, and its marks. Raises FootnoteError.

    line: where it begins in the file.
    """
    text = one_line("".join(pieces))
    # White space apart, a line has the characters of its pieces: a mark is found by how many of these stand before it.
    places = [at for at, character in enumerate(text, start=1) if not character.isspace()]
    before, counted, marks = "", 0, []
    for number, label in enumerate(labels):
        piece = plain_characters(pieces[number])
        line += piece.count("\n")
        before = (before + piece)[-2:]
        counted += sum(not character.isspace() for character in piece)
        if not counted:
            raise FootnoteError(line, f"the mark [^{label}] follows no sentence; put it behind one")
        after = next((later for later in map(plain_characters, pieces[number + 1 :]) if later), "")
        if _is_inside(before, after[:2]):
            raise FootnoteError(
                line, f"the mark [^{label}] is inside a word or number, “{before}{after[:2]}”; put it behind the sentence"
            )
        marks.append(Mark(label=label, at=places[min(counted, len(places)) - 1], line=line))
    return text, marks


def _is_inside(before: str, after: str) -> bool:
    """Whether what stands before and after a mark is one word or number. Between Han characters, nobody knows."""
    if not before or not after:
        return False
    left, right = before[-1], after[0]
    if _OPEN_NUMBER.search(before) and _REST_OF_NUMBER.match(after):
        return True
    if unicodedata.normalize("NFC", left + right) != left + right:  # an accent and its letter
        return True
    if not left.isalnum() or not (right.isalnum() or unicodedata.category(right).startswith("M")):
        return False
    both_han = bool(_HAN.match(left)) + bool(_HAN.match(right))
    return both_han == 0 or (both_han == 1 and (left.isdigit() or right.isdigit()))


def parse_definition(label: str, text: str, line: int) -> Footnote:
    """What can be read from a definition such as `TASS, "Bridge opens", 10 June 2022, <https://tass.example/1>`.

    Raises FootnoteError for an address that is none of the web, and a date that does not exist.
    """
    title, url = "", ""
    if link := _LINK.search(text):
        title, url = link.groups()
        text = text.replace(link[0], " ")
    elif address := next((one for one in _ADDRESS.finditer(text) if _SCHEME.match(one[0])), None):
        url = address[0].strip("<>").rstrip(_SEPARATORS + ")")
        text = text.replace(address[0], " ")
    if url and not is_web_address(url):
        raise FootnoteError(line, f"footnote {label}: not an address such as https://site.example/article: {url:.60}")
    if not title and (quoted := _QUOTED.search(text)):
        title = next(filter(None, quoted.groups()))
        text = text.replace(quoted[0], ",")
    published = None
    if dates := [mention for mention in find_dates(text) if mention.year]:
        last = dates[-1]
        try:
            published = When("-".join([f"{last.year:04}", *(f"{part:02}" for part in (last.month, last.day) if part)]))
        except ValueError as error:
            raise FootnoteError(line, f"footnote {label}: there is no such date: {last.of(text)}") from error
        text = text[: last.start_char] + "," + text[last.end_char :]
    parts = [part for piece in re.split(r"[,，;；]", text) if (part := piece.strip(_SEPARATORS))]
    if not parts:  # «Kommersant», 2024
        parts, title = [title or urlsplit(url).hostname or ""], ""
    publisher, _, via = one_line(parts[0]).partition(" via ")
    if not publisher:
        raise FootnoteError(line, f"footnote {label} names no source; name at least a publisher")
    title = one_line(title or ", ".join(parts[1:]))
    return Footnote(line=line, sources=(Source(publisher=publisher, title=title, url=url, published=published, via=via),))
