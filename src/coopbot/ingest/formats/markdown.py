"""Converts article files (YAML front matter, Markdown body) to and from drafts. Only it imports yaml and markdown_it.

`render_article` writes a text in normal form so that `read_markdown` gives back the identical text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import yaml

from coopbot.domain import LANGUAGES, Language, Source
from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.page.clean import check_length
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.tidy import HEADING, one_line, opening

if TYPE_CHECKING:
    from markdown_it.token import Token

T = TypeVar("T")

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:^|\r?\n)---[ \t]*(?:\r?\n|\Z)", re.S | re.M)
_ARTICLE_KEYS = ("title", "publisher", "authors", "published", "url", "language", "sources", "also_published_by")
_SOURCE_KEYS = ("publisher", "title", "url", "published", "facts")
# Other tools' names for our keys, used if our own key is missing.
_OTHER_NAMES = {"date": "published", "author": "authors", "lang": "language"}
_PUBLISHER_KEYS = _SOURCE_KEYS[:-1]

# What Markdown reads as markup: anywhere, inside a word, at the start of a line.
_INLINE_MARKUP = re.compile(r"([\\`*\[<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,40};))")
_LINE_MARKUP = re.compile(r"#{1,6}(?= |$)|>|[-+]$|(?:- ?){3,}$|~{3}")
_BARE_NUMBER = re.compile(r"^(\d{1,9})([.)])$")
_CLOSING_HASHES = re.compile(r"(^| )(#+)$")
_LIST_MARKER = re.compile(r"([-+]|\d{1,9}[.)]) (?=\S)")
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
_PLAIN_INLINE = {"softbreak": "\n", "hardbreak": "\n", "image": "", "html_inline": ""}


class _Wrong(Exception):
    """What is wrong with the file, and what to do."""


def read_markdown(text: str, source: str) -> Draft:
    """The draft of an article file: validated front matter, the body as plain text. Raises Unreadable if either is wrong."""
    # Markup included, before it is parsed, which takes time.
    check_length(len(text), source)
    try:
        return _draft(text)
    except _Wrong as problem:
        raise Unreadable(source, str(problem)) from problem


def _draft(text: str) -> Draft:
    fence = _FENCE.match(text)
    meta = _front_matter(fence[1]) if fence else {}
    blocks = list(_plain_blocks(text[fence.end() :] if fence else text))
    title = one_line(_text(meta, "title"))
    if not title and blocks and blocks[0].startswith(HEADING):
        title = blocks.pop(0).removeprefix(HEADING)
    if not blocks:
        raise _Wrong("no text below the front matter; write the article there")
    return Draft(
        title=title or opening(blocks[0]),
        text="\n\n".join(blocks),
        authors=_value(meta, "authors", _as_authors, "a list of texts") or (),
        publisher=one_line(_text(meta, "publisher")),
        published=_date(meta),
        url=_url(meta),
        language=_value(meta, "language", _as_language, f"one of {', '.join(LANGUAGES)}"),
        sources=_sources(meta, "sources", _SOURCE_KEYS),
        also_published_by=_sources(meta, "also_published_by", _PUBLISHER_KEYS),
    )


def render_article(draft: Draft) -> str:
    """The article file of a draft whose text is in normal form. Empty fields are left out."""
    body = "\n\n".join(map(_escape, draft.text.split("\n\n")))
    return f"{_rendered_front_matter(draft)}\n{body}\n"


def amend_article(text: str, draft: Draft) -> str:
    """The article file with the draft's fields. The body is left as written where possible."""
    fence = _FENCE.match(text)
    if fence:
        amended = f"{_rendered_front_matter(draft)}{text[fence.end() :]}"
        if read_markdown(amended, draft.title) == draft:
            return amended
    return render_article(draft)


def _rendered_front_matter(draft: Draft) -> str:
    meta = {key: getattr(draft, key) for key in _ARTICLE_KEYS}
    for key in ("sources", "also_published_by"):
        meta[key] = [_filled(asdict(source)) for source in meta[key]]
    front = yaml.dump(_filled(meta), Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n"


def _filled(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value}


def _front_matter(block: str) -> dict[str, object]:
    try:
        meta = yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2025-13-45
        problem, mark = str(error).partition("\n")[0], getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""  # line 1 is the rule above it
        advice = "correct it; a value with a colon or a quotation mark needs quotes around it"
        raise _Wrong(f"front matter is not valid YAML{where} ({problem}); {advice}") from error
    if meta is None:
        return {}
    if isinstance(meta, dict):
        for other, name in _OTHER_NAMES.items():
            if other in meta and name not in meta:
                meta[name] = meta.pop(other)
    return _known_keys(meta, _ARTICLE_KEYS, "front matter")


def _known_keys(value: object, keys: tuple[str, ...], where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Wrong(f"{where} must be a list of keys and values")
    for key in value:
        if key not in keys:
            raise _Wrong(f"{where} has an unknown key: {key!s:.60}; use only {', '.join(keys)}")
    return {str(key): entry for key, entry in value.items()}


def _value(meta: Mapping[str, object], key: str, parse: Callable[[object], T | None], wanted: str) -> T | None:
    """The value of a key; None if there is none. `parse` returns None for what is not as wanted."""
    value = meta.get(key)
    if value is None:
        return None
    parsed = parse(value)
    if parsed is None:
        raise _Wrong(f"{key} must be {wanted}")
    return parsed


def _text(meta: Mapping[str, object], key: str) -> str:
    return _value(meta, key, lambda value: value.strip() if isinstance(value, str) else None, "text; put it in quotes") or ""


def _date(meta: Mapping[str, object]) -> date | None:
    return _value(meta, "published", _as_day, "a date such as 2025-05-10, alone or with a time")


def _url(meta: Mapping[str, object]) -> str:
    url = _text(meta, "url")
    if url and not is_web_address(url):
        raise _Wrong(f"url must be an address such as https://site.example/article, not {url:.60}")
    return url


def _as_texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(map(one_line, value))


def _as_authors(value: object) -> tuple[str, ...] | None:
    """The authors: a list or a single one, each a name or, as other tools write it, an object with a name."""
    one = (isinstance(value, str) and value.strip()) or isinstance(value, dict)
    entries = [value] if one else value
    return _as_texts([_name_in(entry) for entry in entries] if isinstance(entries, list) else entries)


def _name_in(entry: object) -> object:
    return entry.get("name") if isinstance(entry, dict) else entry


def _as_day(value: object) -> date | None:
    """The day of a date, a date-time, or either as text: ISO, or a full date in words, such as 10 May 2025 or 2025/05/10."""
    try:
        text = str(value).strip() if isinstance(value, str | date) else ""
        # Thirteen digits are milliseconds since 1970, not a time in the year 1733.
        return datetime.fromisoformat(text).date() if text and not (text.isdecimal() and len(text) > len("20250510")) else None
    except ValueError:
        return find_date(str(value))


def _as_language(value: object) -> Language | None:
    code = value.replace("_", "-").partition("-")[0].lower() if isinstance(value, str) else ""  # en-US, zh-CN
    return next((language for language in LANGUAGES if language == code), None)


def _sources(meta: Mapping[str, object], key: str, keys: tuple[str, ...]) -> tuple[Source, ...]:
    entries = _value(meta, key, lambda value: value if isinstance(value, list) else None, "a list") or []
    return tuple(_source(_known_keys(entry, keys, f"an entry of {key}"), key) for entry in entries)


def _source(meta: Mapping[str, object], key: str) -> Source:
    publisher = one_line(_text(meta, "publisher"))
    if not publisher:
        raise _Wrong(f"an entry of {key} has no publisher; add one")
    return Source(
        publisher=publisher,
        title=one_line(_text(meta, "title")),
        url=_url(meta),
        published=_date(meta),
        facts=_value(meta, "facts", _as_texts, "a list of texts") or (),
    )


def _plain_blocks(body: str) -> Iterator[str]:
    """The blocks of a Markdown body as plain lines: "## " headings, list items with their markers, table rows."""
    from markdown_it import MarkdownIt

    prefix = ""
    row: list[str] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.type == "heading_open":
            prefix += HEADING
        elif token.type == "list_item_open":
            prefix += f"{token.info}{token.markup} ".replace("*", "-")
        elif token.type == "list_item_close":
            prefix = ""
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield " | ".join(filter(None, row))
            row = None
        elif text := one_line(_plain_text(token)):
            if row is not None:
                row.append(text)
            else:
                yield prefix + text
                prefix = ""


def _plain_text(token: Token) -> str:
    """A token's text without markup: links and emphasis become their text; images and tags are dropped."""
    if token.type == "html_block":
        return _TAG.sub(" ", token.content)
    if token.type in ("fence", "code_block"):
        return token.content
    return "".join(_PLAIN_INLINE.get(child.type, child.content) for child in token.children or ())


def _escape(block: str) -> str:
    """A line of plain text, escaped so that Markdown reads back the same line."""
    if block.startswith(HEADING):
        return HEADING + _CLOSING_HASHES.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block.removeprefix(HEADING)))
    if _LINE_MARKUP.match(block):
        return "\\" + _INLINE_MARKUP.sub(r"\\\1", block)
    if marker := _LIST_MARKER.match(block):
        return marker[0] + _escape(block[marker.end() :])
    return _BARE_NUMBER.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block))
