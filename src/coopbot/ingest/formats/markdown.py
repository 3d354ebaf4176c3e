"""Converts article files, YAML front matter and a Markdown body, to and from drafts. The owner of YAML and the Markdown parser.

`render_article` writes a text in normal form so that `read_markdown` gives back the identical text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeGuard

import yaml

from coopbot.domain import LANGUAGES, Language, Source
from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.tidy import one_line, opening

if TYPE_CHECKING:
    from markdown_it.token import Token

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
_HEADING = "## "
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
_PLAIN_INLINE = {"softbreak": "\n", "hardbreak": "\n", "image": "", "html_inline": ""}


def read_markdown(text: str, source: str) -> Draft:
    """The draft of an article file: validated front matter, the body as plain text. Raises Unreadable if either is wrong."""
    fence = _FENCE.match(text)
    meta = _front_matter(fence[1], source) if fence else {}
    blocks = list(_plain_blocks(text[fence.end() :] if fence else text))
    title = one_line(_text(meta, "title", source))
    if not title and blocks and blocks[0].startswith(_HEADING):
        title = blocks.pop(0).removeprefix(_HEADING)
    if not blocks:
        raise Unreadable(source, "no text below the front matter; write the article there")
    return Draft(
        title=title or opening(blocks[0]),
        text="\n\n".join(blocks),
        authors=_authors(meta, source),
        publisher=one_line(_text(meta, "publisher", source)),
        published=_date(meta, "published", source),
        url=_url(meta, source),
        language=_language(meta, source),
        sources=_sources(meta, "sources", _SOURCE_KEYS, source),
        also_published_by=_sources(meta, "also_published_by", _PUBLISHER_KEYS, source),
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


def _front_matter(block: str, source: str) -> dict[str, object]:
    try:
        meta = yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2025-13-45
        problem = str(error).partition("\n")[0]
        raise Unreadable(source, f"front matter is not valid YAML ({problem}); correct it") from error
    if meta is None:
        return {}
    if isinstance(meta, dict):
        for other, name in _OTHER_NAMES.items():
            if other in meta and name not in meta:
                meta[name] = meta.pop(other)
    return _known_keys(meta, _ARTICLE_KEYS, "front matter", source)


def _known_keys(value: object, keys: tuple[str, ...], where: str, source: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Unreadable(source, f"{where} must be a list of keys and values")
    for key in value:
        if key not in keys:
            raise Unreadable(source, f"{where} has an unknown key: {key!s:.60}; use only {', '.join(keys)}")
    return {str(key): entry for key, entry in value.items()}


def _text(meta: Mapping[str, object], key: str, source: str) -> str:
    value = meta.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(source, f"{key} must be text; put it in quotes")
    return value.strip()


def _url(meta: Mapping[str, object], source: str) -> str:
    url = _text(meta, "url", source)
    if url and not is_web_address(url):
        raise Unreadable(source, f"url must be an address such as https://site.example/article, not {url:.60}")
    return url


def _authors(meta: Mapping[str, object], source: str) -> tuple[str, ...]:
    """The authors: a list or a single name."""
    value = meta.get("authors")
    return (one_line(value),) if isinstance(value, str) and value.strip() else _texts(meta, "authors", source)


def _texts(meta: Mapping[str, object], key: str, source: str) -> tuple[str, ...]:
    value = meta.get(key)
    if value is None:
        return ()
    if not _is_list(value) or not all(isinstance(item, str) for item in value):
        raise Unreadable(source, f"{key} must be a list of texts")
    return tuple(one_line(str(item)) for item in value)


def _date(meta: Mapping[str, object], key: str, source: str) -> date | None:
    value = meta.get(key)
    if value is None:
        return None
    day = _day(value)
    if day is None:
        raise Unreadable(source, f"{key} must be a date such as 2025-05-10, alone or with a time")
    return day


def _day(value: object) -> date | None:
    """The day of a date, a date-time, or either as ISO text; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value.strip()).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _language(meta: Mapping[str, object], source: str) -> Language | None:
    value = meta.get("language")
    for language in LANGUAGES:
        if isinstance(value, str) and value.replace("_", "-").partition("-")[0].lower() == language:  # en-US, zh-CN
            return language
    if value is None:
        return None
    raise Unreadable(source, f"language must be one of {', '.join(LANGUAGES)}")


def _sources(meta: Mapping[str, object], key: str, keys: tuple[str, ...], source: str) -> tuple[Source, ...]:
    value = meta.get(key)
    if value is None:
        return ()
    if not _is_list(value):
        raise Unreadable(source, f"{key} must be a list")
    return tuple(_source(entry, key, keys, source) for entry in value)


def _source(entry: object, key: str, keys: tuple[str, ...], source: str) -> Source:
    meta = _known_keys(entry, keys, f"an entry of {key}", source)
    publisher = one_line(_text(meta, "publisher", source))
    if not publisher:
        raise Unreadable(source, f"an entry of {key} has no publisher; add one")
    return Source(
        publisher=publisher,
        title=one_line(_text(meta, "title", source)),
        url=_url(meta, source),
        published=_date(meta, "published", source),
        facts=_texts(meta, "facts", source),
    )


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _plain_blocks(body: str) -> Iterator[str]:
    """The blocks of a Markdown body as plain lines: "## " headings, list items with their markers, table rows."""
    from markdown_it import MarkdownIt

    prefix = ""
    row: list[str] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.type == "heading_open":
            prefix += _HEADING
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
    if block.startswith(_HEADING):
        return _HEADING + _CLOSING_HASHES.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block.removeprefix(_HEADING)))
    if _LINE_MARKUP.match(block):
        return "\\" + _INLINE_MARKUP.sub(r"\\\1", block)
    if marker := _LIST_MARKER.match(block):
        return marker[0] + _escape(block[marker.end() :])
    return _BARE_NUMBER.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block))
