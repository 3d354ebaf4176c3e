"""Web pages to drafts. The only module that imports trafilatura."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.decode import decode_html
from coopbot.ingest.draft import Draft, Metadata
from coopbot.ingest.page.clean import check_length, clean_blocks
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.page.names import person_names, publisher_name
from coopbot.ingest.page.references import with_references
from coopbot.ingest.page.shape import sentence_count, weight
from coopbot.ingest.page.title import split_site
from coopbot.ingest.tidy import HEADING, one_line, repair

if TYPE_CHECKING:
    from lxml.html import HtmlElement
    from trafilatura.settings import Document

# If the cleaned text of the whole page exceeds the extractor's by this factor, the extractor missed the article.
_FALLS_SHORT = 0.4
_SHORTEST_HEADING = 12  # letters
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+", re.I)
_ARTICLE = re.compile(r"article|report|blogposting|liveblog", re.I)  # schema.org's types
_MOST_NODES = 2000  # of JSON-LD per page
_LONGEST_NAME = 200  # characters
# Tags, some of them trafilatura's own.
_HEADING_TAGS = "h1 h2 h3 h4 h5 h6 head"
_BLOCK_TAGS = """
p div li item tr row br lb section article main header ul ol list table blockquote quote pre code figure dt dd td
cell th body time
"""
_NON_TEXT_TAGS = "script style noscript template svg nav footer aside form button select iframe title figcaption"
_HEADINGS = frozenset(_HEADING_TAGS.split())
_BLOCKS = _HEADINGS.union(_BLOCK_TAGS.split())
_NOT_TEXT = frozenset(_NON_TEXT_TAGS.split())
_CAPTION_TAGS = frozenset(["p", "div", "span", "small", "em", "dd"])
_CAPTION_CLASS = re.compile(r"(?:^|[\s_-])caption(?:$|[\s_-])", re.I)
_LONGEST_CAPTION = 400  # characters

# What trafilatura, and htmldate beneath it, raise on strange pages.
_FAULTS = (AssertionError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError)


def read_html(data: bytes, source: str) -> Draft:
    """The article on a web page: trafilatura's text, cleaned, or the whole page's cleaned text where that is too short.

    Metadata comes from what the page declares (JSON-LD, meta tags), else from its byline.
    """
    page, text = _tree(decode_html(data, source), source)
    body, meta = _extracted(text)
    sitename = publisher_name(repair(meta.sitename or ""))
    # What the page declares in JSON-LD, else in what trafilatura reads: meta tags and the like.
    declared = _declared_in(str(script) for script in page.xpath("//script[@type='application/ld+json']/text()"))
    headings = [one_line(repair("".join(map(str, node.itertext())))) for node in page.xpath("//h1")]
    title, site = split_site(one_line(repair(meta.title or declared.title)), headings)
    # The title from a heading, where the declared one is cut off or has a suffix.
    large = (heading for heading in headings if weight(heading) >= _SHORTEST_HEADING)
    alike = (heading for heading in large if heading in title or (title and title in heading))
    known = Metadata(
        title=next(alike, title),
        authors=declared.authors or tuple(name for one in (meta.author or "").split(";") for name in person_names(repair(one))),
        publisher=declared.publisher if _HOST.fullmatch(sitename) else sitename or declared.publisher or publisher_name(site),
        published=declared.published or (date.fromisoformat(meta.date) if meta.date else None),
        url=meta.url if meta.url and is_web_address(meta.url) else "",
    )
    whole = _cleaned(page, "", source)
    main = _cleaned(body, known.title, source)
    best = whole if main is None or (whole and weight(main.text) < _FALLS_SHORT * weight(whole.text)) else main
    # If the whole page yields no article, the extractor may only have joined captions.
    if best is None or (whole is None and not sentence_count(best.text)):
        raise Unreadable(source, "no article text found on the page; save the article as text and give that")
    shown = whole or best
    draft = replace(
        best,
        title=known.title or best.title,
        authors=known.authors or shown.authors or best.authors,
        publisher=known.publisher or shown.publisher or sitename,  # a host, when nothing else names the site
        published=known.published or shown.published or best.published,
        url=known.url or shown.url,
    )
    return with_references(draft, page)


def _tree(text: str, source: str) -> tuple[HtmlElement, str]:
    """The page's tree, and its text: as given, or as a whole page around a fragment."""
    import trafilatura

    if trafilatura.load_html(text) is None:
        text = f"<html><head></head><body>{text}</body></html>"
    tree: HtmlElement | None = trafilatura.load_html(text)
    if tree is None:
        raise Unreadable(source, "not a web page; give an HTML file")
    check_length(sum(map(len, _text_pieces(tree))), source)
    return tree, text


def _declared_in(scripts: Iterable[str]) -> Metadata:
    """The first article that a page's JSON-LD declares. Nothing about its shape is trusted; what is not JSON is skipped."""
    for node in chain.from_iterable(map(_nodes, scripts)):
        kinds = node.get("@type")
        if any(_ARTICLE.search(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
            authors = (name for value in _names(node.get("author")) for name in person_names(value))
            publishers = (publisher_name(value) for value in _names(node.get("publisher")))
            published = node.get("datePublished")
            return Metadata(
                title=next(iter(_names(node.get("headline"))), ""),
                authors=tuple(dict.fromkeys(authors)),
                publisher=next(filter(None, publishers), ""),
                published=find_date(published[:40]) if isinstance(published, str) else None,
            )
    return Metadata()


def _nodes(script: str) -> Iterator[dict[str, object]]:
    """Every object of a script, outer ones first."""
    try:
        todo: list[object] = [json.loads(script, strict=False)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MOST_NODES):
        if not todo:
            return
        value = todo.pop(0)
        if isinstance(value, dict):
            yield value
            todo += value.values()
        elif isinstance(value, list):
            todo += value


def _names(value: object) -> list[str]:
    """The texts of a value that may be a name, an object with a name, or a list of such."""
    values = value if isinstance(value, list) else [value]
    named = (entry.get("name") if isinstance(entry, dict) else entry for entry in values)
    texts = (name for name in named if isinstance(name, str) and len(name) <= _LONGEST_NAME and "://" not in name)
    return [one_line(repair(text)) for text in texts]


def _extracted(text: str) -> tuple[HtmlElement | None, Document]:
    """The article, if trafilatura finds one, and the metadata. A page that crashes trafilatura yields nothing."""
    import trafilatura
    from lxml.etree import LxmlError
    from trafilatura.settings import Document

    try:
        answer = trafilatura.bare_extraction(
            trafilatura.load_html(text),  # it modifies the tree
            with_metadata=True,
            include_comments=False,
            include_tables=True,
            date_extraction_params={"extensive_search": False, "original_date": True},  # declared dates only, no guesses
        )
        if isinstance(answer, Document):
            return answer.body, answer
        return None, trafilatura.extract_metadata(trafilatura.load_html(text))
    except (LxmlError, *_FAULTS):
        return None, Document()


def _cleaned(node: HtmlElement | None, title: str, source: str) -> Draft | None:
    """The article in an element, or None."""
    if node is None:
        return None
    blocks = map(_tidied, "".join(_text_pieces(node)).split("\n"))
    try:
        return clean_blocks([[block] for block in blocks if block not in ("", "##", "-")], source, title=title)
    except Unreadable:
        return None


@lru_cache(maxsize=2048)  # most lines of the article are cleaned twice
def _tidied(line: str) -> str:
    return one_line(repair(line)).strip()


def _text_pieces(root: HtmlElement) -> Iterable[str]:
    """The text of an element with newlines around blocks and "## " before headings. Not recursive: pages nest deeply."""
    todo: list[HtmlElement | str] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            yield node
            continue
        name = node.tag if isinstance(node.tag, str) else "comment"
        after = _inline(node.tail)
        # The page's own classes may call it a picture's caption.
        captioned = name in _CAPTION_TAGS and _CAPTION_CLASS.search(node.get("class") or "")
        is_caption = captioned and len("".join(map(str, node.itertext()))) <= _LONGEST_CAPTION
        if name in _NOT_TEXT or name == "comment" or is_caption:
            yield after
            continue
        edge = "\n" if name in _BLOCKS else ""
        # "item" is trafilatura's tag for a list item in the article; a page's own "li" may be part of a menu.
        yield edge + (HEADING if name in _HEADINGS else "- " if name == "item" else "") + _inline(node.text)
        todo += [edge + after, *reversed(list(node))]


def _inline(text: str | None) -> str:
    """Text with line breaks replaced by spaces."""
    return re.sub(r"\s+", " ", text or "")
