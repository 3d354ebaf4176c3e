"""References of a web page: marks in its text that link to a note further down, which names a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from coopbot.domain import Attribution, Source, When
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.tidy import normal_form, one_line, repair
from coopbot.text.sentences import split_sentences

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BLOCKS = frozenset(
    ["p", "li", "td", "th", "dd", "dt", "div", "blockquote", "section", "article", "table", "ul", "ol", "body"]
).union(f"h{level}" for level in range(1, 7))
# Copies of pages; the page itself is the source.
_ARCHIVES = ("archive.org", "archive.today", "archive.is", "archive.ph", "webcitation.org")
_REMEMBERED = 200  # characters before a mark
_LOOKED_FOR, _FEWEST = 40, 6  # of these, as many as the text is searched for, and fewer do not say where the mark stands
_LONGEST = 300  # characters of a title or name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A mark, the id of its note, and the text of the page before it."""

    label: str
    note: str
    before: str


def with_references(draft: Draft, page: HtmlElement) -> Draft:
    """The draft with the sources that the page's notes give for its sentences. Notes that name no source are left out."""
    marks = list(_marks(page))
    if not marks:
        return draft
    notes = {str(node.get("id")): node for node in page.xpath("//*[@id]")}
    text = normal_form(draft.text)
    spans = split_sentences(text)
    found: dict[Attribution, None] = {}
    labels: dict[str, str] = {}
    at = 0
    for mark in marks:
        source = _source(notes[mark.note]) if mark.note in notes else None
        words = one_line(repair(mark.before)).strip()[-_LOOKED_FOR:]
        place = text.find(words, at) if len(words) >= _FEWEST else -1
        if source is None or place < 0:
            continue
        end = place + len(words)
        at = max(at, end - _LOOKED_FOR)
        span = next((span for span in spans if span.start_char < end <= span.end_char), None)
        if span and not span.of(text).startswith("#"):
            label = mark.label if labels.setdefault(mark.label, mark.note) == mark.note else _label("", mark.note)
            found[Attribution(start_char=span.start_char, end_char=span.end_char, label=label, sources=(source,))] = None
    return replace(draft, text=text, attributions=tuple(sorted(found, key=lambda one: one.end_char)))


def _marks(page: HtmlElement) -> Iterator[_Mark]:
    """The marks of a page in order: raised links to a place on it. Not recursive: pages nest deeply."""
    from lxml.etree import iterwalk

    before, inside = "", None
    for event, node in iterwalk(page, events=("start", "end")):
        if node.tag in _BLOCKS:
            before = ""
        if event == "start" and inside is None:
            if node.tag == "sup":
                links = node.xpath("descendant::a[starts-with(@href, '#')]/@href")
            else:
                links = [node.get("href", "")] if node.tag == "a" and node.xpath("sup") else []
            note = unquote(str(links[0])[1:]) if links and str(links[0]).startswith("#") else ""
            if note:
                label = "".join("".join(map(str, node.itertext())).split()).strip("[]")
                yield _Mark(label=_label(label, note), note=note, before=before)
                inside = node
            else:
                before = (before + (node.text or ""))[-_REMEMBERED:]
        elif event == "end":
            inside = None if node is inside else inside
            if inside is None:
                before = (before + (node.tail or ""))[-_REMEMBERED:]


def _label(shown: str, note: str) -> str:
    """A label for a footnote: what the page shows or, where that cannot be one, the note's id."""
    plain = shown if shown.isalnum() else "".join(letter for letter in note if letter.isalnum() or letter in "-_.")
    return plain[:80] or "note"


def _source(note: HtmlElement) -> Source | None:
    """The source that a note names, by its metadata (COinS) or its first link to another site."""
    declared = parse_qs(next(iter(note.xpath("descendant-or-self::*[contains(@class, 'Z3988')]/@title")), ""))
    url = shown = ""
    for link in note.xpath("descendant-or-self::a[@href]"):
        href = str(link.get("href")).strip()
        if is_web_address(href) and not (urlsplit(href).hostname or "").endswith(_ARCHIVES):
            url, shown = href, _tidy("".join(map(str, link.itertext())))
            break
    title = _first(declared, "rft.atitle", "rft.btitle", "rft.title") or shown
    publisher = _first(declared, "rft.jtitle", "rft.pub") or (urlsplit(url).hostname or "").removeprefix("www.")
    if not publisher:
        return None
    return Source(publisher=publisher, title=title, url=url, published=_date(_first(declared, "rft.date")))


def _first(declared: dict[str, list[str]], *names: str) -> str:
    return next((text for name in names for value in declared.get(name, ()) if (text := _tidy(value))), "")


def _tidy(text: str) -> str:
    return one_line(repair(text)).strip()[:_LONGEST]


def _date(text: str) -> When | None:
    try:
        return When(text)
    except ValueError:
        return None
