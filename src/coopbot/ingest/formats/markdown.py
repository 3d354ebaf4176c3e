"""Converts article files (YAML front matter, Markdown body) to and from drafts. Only it imports yaml and markdown_it.

`render_article` writes a text in normal form so that `read_markdown` gives back the identical text and attributions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from coopbot.domain import LANGUAGES, Attribution, Language, Source, When
from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.footnotes import (
    DEFINITION,
    MARK,
    Footnote,
    FootnoteError,
    Mark,
    attributions,
    check_footnote,
    parse_definition,
    without_marks,
)
from coopbot.ingest.page.clean import check_length
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.tidy import HEADING, one_line, opening

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

T = TypeVar("T")

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:^|\r?\n)---[ \t]*(?:\r?\n|\Z)", re.S | re.M)
_ARTICLE_KEYS = ("title", "publisher", "authors", "published", "url", "language", "sources", "also_published_by", "footnotes")
_SOURCE_KEYS = ("publisher", "via", "title", "url", "published", "facts")
# Other tools' names for our keys, used if our own key is missing.
_OTHER_NAMES = {"date": "published", "author": "authors", "lang": "language"}
_PUBLISHER_KEYS = ("publisher", "title", "url", "published")
_FOOTNOTE_DATES = ("as_of", "valid_until", "planned_for")
_FOOTNOTE_KEYS = (*_FOOTNOTE_DATES, "sources")
# The line of the file at which the front matter begins, below the rule.
_FRONT_LINE = 2
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})-(\d\d?)-(\d\d?)(?!\d)")

# What Markdown reads as markup: anywhere, inside a word, at the start of a line.
_INLINE_MARKUP = re.compile(r"([\\`*\[<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,40};))")
_LINE_MARKUP = re.compile(r"#{1,6}(?= |$)|>|[-+]$|(?:- ?){3,}$|~{3}")
_BARE_NUMBER = re.compile(r"^(\d{1,9})([.)])$")
_CLOSING_HASHES = re.compile(r"(^| )(#+)$")
_LIST_MARKER = re.compile(r"([-+]|\d{1,9}[.)]) (?=\S)")
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
# Types of tokens.
_MARK, _DEFINITION = "footnote_mark", "footnote_definition"
_PLAIN_INLINE = {"softbreak": "\n", "hardbreak": "\n", "image": "", "html_inline": ""}


class _Wrong(Exception):
    """What is wrong with the file, and what to do."""


def read_markdown(text: str, source: str) -> Draft:
    """The draft of an article file: validated front matter, the body as plain text. Raises Unreadable if either is wrong."""
    # Markup included, before it is parsed, which takes time.
    check_length(len(text), source)
    try:
        return _draft(text)
    except (_Wrong, FootnoteError) as problem:
        raise Unreadable(source, str(problem)) from problem


def _draft(text: str) -> Draft:
    fence = _FENCE.match(text)
    meta, footnotes = _front_matter(fence[1]) if fence else ({}, {})
    end = fence.end() if fence else 0
    blocks = list(_plain_blocks(text[end:], 1 + text.count("\n", 0, end), footnotes))
    title = one_line(_text(meta, "title"))
    if not title and blocks and blocks[0].text.startswith(HEADING):
        first = blocks.pop(0)
        title = first.text.removeprefix(HEADING)
        for mark in first.marks:
            raise FootnoteError(mark.line, f"the mark [^{mark.label}] is in the title; put it behind a sentence")
    if not blocks:
        raise _Wrong("no text below the front matter; write the article there")
    whole = _joined(blocks, "\n\n")
    return Draft(
        title=title or opening(blocks[0].text),
        text=whole.text,
        authors=_value(meta, "authors", _as_authors, "a list of texts") or (),
        publisher=one_line(_text(meta, "publisher")),
        published=_date(meta),
        url=_url(meta),
        language=_value(meta, "language", _as_language, f"one of {', '.join(LANGUAGES)}"),
        sources=_sources(meta, "sources", _SOURCE_KEYS),
        also_published_by=_sources(meta, "also_published_by", _PUBLISHER_KEYS),
        attributions=attributions(whole.text, whole.marks, footnotes),
    )


def render_article(draft: Draft) -> str:
    """The article file of a draft whose text is in normal form. Empty fields are left out."""
    marked = sorted(draft.attributions, key=lambda one: one.end_char)
    sign = next(sign for code in range(0xE000, 0xF900) if (sign := chr(code)) not in draft.text) if marked else ""
    pieces, end = [], 0
    for one in marked:
        pieces.append(draft.text[end : one.end_char])
        end = one.end_char
    body = "\n\n".join(map(_escape, sign.join([*pieces, draft.text[end:]]).split("\n\n")))
    if marked:
        labels = iter(marked)
        body = re.sub(sign, lambda _: f"[^{next(labels).label}]", body)
    return f"{_rendered_front_matter(draft)}\n{body}\n"


def amend_article(text: str, draft: Draft) -> str:
    """The article file with the draft's fields. The body is left as written where possible."""
    if fence := _FENCE.match(text):
        body = text[fence.end() :]
        in_body = {match[1] for line in body.splitlines() if (match := DEFINITION.match(line))}
        own = replace(draft, attributions=tuple(one for one in draft.attributions if one.label not in in_body))
        amended = f"{_rendered_front_matter(own)}{body}"
        with suppress(Unreadable):
            if read_markdown(amended, draft.title) == draft:
                return amended
    return render_article(draft)


def _rendered_front_matter(draft: Draft) -> str:
    meta = {key: getattr(draft, key) for key in _ARTICLE_KEYS[:-1]}
    for key in ("sources", "also_published_by"):
        meta[key] = list(map(_source_fields, meta[key]))
    by_label = {one.label: one for one in reversed(draft.attributions)}
    meta["footnotes"] = {label: _footnote_fields(one) for label, one in reversed(by_label.items())}
    front = yaml.dump(_filled(meta), Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n"


def _source_fields(source: Source) -> dict[str, object]:
    given = asdict(source) | {"published": _as_yaml(source.published)}
    return _filled({key: given[key] for key in _SOURCE_KEYS})


def _footnote_fields(one: Attribution) -> dict[str, object]:
    dates = {key: _as_yaml(getattr(one, key)) for key in _FOOTNOTE_DATES}
    return _filled({**dates, "sources": list(map(_source_fields, one.sources))})


def _as_yaml(when: When | None) -> date | str | int | None:
    """The value that a person would write: a year as a number, a day as a date."""
    if when is None:
        return None
    return when.first if len(when.parts) == 3 else int(when) if len(when.parts) == 1 else str(when)


def _filled(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value}


def _front_matter(block: str) -> tuple[dict[str, object], dict[str, Footnote]]:
    """The keys and values of the front matter, and the footnotes that it defines."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(block)
    try:
        node = loader.get_single_node()
        meta = loader.construct_document(node) if node else None
        # Labels as they are written: YAML would make 1 of 01.
        entries = _child(node, "footnotes") if isinstance(meta, dict) and meta.get("footnotes") is not None else None
        pairs = entries.value if isinstance(entries, yaml.MappingNode) else []
        footnotes = [(*pair, loader.construct_object(pair[1], deep=True)) for pair in pairs]
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2025-13-45
        problem, mark = str(error).partition("\n")[0], getattr(error, "problem_mark", None)
        line = mark.line if mark else _line_of_bad_date(block)
        where = "" if line is None else f" in line {line + _FRONT_LINE}"
        advice = "correct it; a value with a colon or a quotation mark needs quotes around it"
        raise _Wrong(f"front matter is not valid YAML{where} ({problem}); {advice}") from error
    finally:
        loader.dispose()
    if meta is None:
        return {}, {}
    if isinstance(meta, dict):
        for other, name in _OTHER_NAMES.items():
            if other in meta and name not in meta:
                meta[name] = meta.pop(other)
    if entries is not None and not isinstance(entries, yaml.MappingNode):
        raise _Wrong("footnotes must be a list of labels, each with its sources")
    return _known_keys(meta, _ARTICLE_KEYS, "front matter"), _footnotes(footnotes)


def _line_of_bad_date(block: str) -> int | None:
    for number, line in enumerate(block.split("\n")):
        for match in _ISO_DAY.finditer(line):
            try:
                date(*map(int, match.groups()))
            except ValueError:
                return number
    return None


def _footnotes(entries: list[tuple[Any, Any, object]]) -> dict[str, Footnote]:
    """The footnotes of the front matter. entries: each label and its definition as YAML composed them, and the definition."""
    found: dict[str, Footnote] = {}
    for key, node, value in entries:
        label, line = str(key.value), key.start_mark.line + _FRONT_LINE
        if label in found:
            raise FootnoteError(line, f"footnote {label} is defined twice; give one of them another label")
        if not MARK.fullmatch(f"[^{label}]"):
            raise FootnoteError(line, f"{label:.80} is no label of a footnote; use letters, digits and signs without spaces")
        found[label] = _footnote(label, value, node, line)
    return found


def _footnote(label: str, value: object, node: Any, line: int) -> Footnote:
    fields, dates, sources = {}, {}, []
    try:
        fields = _known_keys(value, _FOOTNOTE_KEYS, "it")
        entries = _value(fields, "sources", lambda value: value if isinstance(value, list) else None, "a list") or []
        for key in _FOOTNOTE_DATES:
            line = _line(node, key, line)
            dates[key] = _when(fields, key)
        for entry, own in zip(entries, _child(node, "sources").value if entries else (), strict=False):
            line = own.start_mark.line + _FRONT_LINE
            sources.append(_source(_known_keys(entry, _SOURCE_KEYS, "an entry of sources"), "sources"))
    except _Wrong as problem:
        raise FootnoteError(line, f"footnote {label}: {problem}") from problem
    footnote = Footnote(line=_line(node, "valid_until", line), sources=tuple(sources), **dates)
    check_footnote(label, footnote)
    return footnote


def _child(node: Any, key: str) -> Any:
    """The last value of a key of a mapping."""
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def _line(node: Any, key: str, otherwise: int) -> int:
    child = _child(node, key)
    return child.start_mark.line + _FRONT_LINE if child else otherwise


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


def _when(meta: Mapping[str, object], key: str) -> When | None:
    return _value(meta, key, _as_when, "a day, a month or a year, such as 2025-05-10, 2025-05 or 2025")


def _as_when(value: object) -> When | None:
    try:
        return When(str(value).strip())
    except ValueError:
        day = _as_day(value)
        return When(day) if day else None


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
        published=_when(meta, "published"),
        via=one_line(_text(meta, "via")),
        facts=_value(meta, "facts", _as_texts, "a list of texts") or (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Plain text and the marks of footnotes in it."""

    text: str
    marks: Sequence[Mark] = ()


def _joined(blocks: Sequence[_Block], separator: str) -> _Block:
    marks, start = list[Mark](), 0
    for block in blocks:
        marks += [replace(mark, at=start + mark.at) for mark in block.marks]
        start += len(block.text) + len(separator)
    return _Block(text=separator.join(block.text for block in blocks), marks=marks)


def _plain_blocks(body: str, line: int, footnotes: dict[str, Footnote]) -> Iterator[_Block]:
    """The blocks of a Markdown body as plain lines: "## " headings, list items with their markers, table rows.

    line: where the body begins in the file. footnotes: those defined in the body are added.
    """
    prefix, at = "", line
    row: list[_Block] | None = None
    for token in _parser().parse(body):
        at = line + token.map[0] if token.map else at
        if token.type == "heading_open":
            prefix += HEADING
        elif token.type == "list_item_open":
            prefix += f"{token.info}{token.markup} ".replace("*", "-")
        elif token.type == "list_item_close":
            prefix = ""
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield _joined([cell for cell in row if cell.text], " | ")
            row = None
        elif token.type == _DEFINITION:
            if token.info in footnotes:
                raise FootnoteError(at, f"footnote {token.info} is defined twice; give one of them another label")
            footnotes[token.info] = parse_definition(token.info, token.content, at)
        else:
            text, marks = without_marks(*_plain_text(token), at)
            if text and row is not None:
                row.append(_Block(text=text, marks=marks))
            elif text:
                yield _joined([_Block(text=prefix), _Block(text=text, marks=marks)], "")
                prefix = ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.before("link", _MARK, _read_mark)
    parser.block.ruler.before("reference", _DEFINITION, _read_definition, {"alt": ["paragraph", "reference"]})
    return parser


def _read_mark(state: StateInline, silent: bool) -> bool:
    match = MARK.match(state.src, state.pos, state.posMax)
    if match and not silent:
        state.push(_MARK, "", 0).info = match[1]
    state.pos = match.end() if match else state.pos
    return match is not None


def _read_definition(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """A definition goes on to the next empty line, heading or definition."""
    line = state.src[state.bMarks[first] : state.eMarks[first]]
    match = DEFINITION.match(line) if state.level == 0 else None
    if match is None or silent:
        return match is not None
    lines = [line[match.end() :]]
    for number in range(first + 1, end):
        line = state.src[state.bMarks[number] : state.eMarks[number]]
        if not line.strip() or line.startswith("#") or DEFINITION.match(line):
            break
        lines.append(line)
    token = state.push(_DEFINITION, "", 0)
    token.info, token.content, token.map = match[1], one_line("\n".join(lines)), [first, first + len(lines)]
    state.line = first + len(lines)
    return True


def _plain_text(token: Token) -> tuple[list[str], list[str]]:
    """A token's text without markup, cut in pieces by marks with these labels.

    Links and emphasis become their text; images and tags are dropped.
    """
    if token.type == "html_block":
        return [_TAG.sub(" ", token.content)], []
    if token.type in ("fence", "code_block"):
        return [token.content], []
    pieces, labels = [""], list[str]()
    for child in token.children or ():
        if child.type == _MARK:
            labels.append(child.info)
            pieces.append("")
        else:
            pieces[-1] += _PLAIN_INLINE.get(child.type, child.content)
    return pieces, labels


def _escape(block: str) -> str:
    """A line of plain text, escaped so that Markdown reads back the same line."""
    if block.startswith(HEADING):
        return HEADING + _CLOSING_HASHES.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block.removeprefix(HEADING)))
    if _LINE_MARKUP.match(block):
        return "\\" + _INLINE_MARKUP.sub(r"\\\1", block)
    if marker := _LIST_MARKER.match(block):
        return marker[0] + _escape(block[marker.end() :])
    return _BARE_NUMBER.sub(r"\1\\\2", _INLINE_MARKUP.sub(r"\\\1", block))
