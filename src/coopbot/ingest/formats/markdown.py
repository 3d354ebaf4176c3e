"""Converts article files (YAML front matter, Markdown body) to and from drafts. Only it imports markdown_it.

`render_article` writes a text in normal form so that `read_markdown` gives back the identical text and attributions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.footnotes import (
    DEFINITION,
    MARK,
    Footnote,
    FootnoteError,
    Mark,
    attributions,
    parse_definition,
    without_marks,
)
from coopbot.ingest.formats.front_matter import FrontMatter, FrontMatterError, read_front_matter, render_front_matter
from coopbot.ingest.page.clean import check_length
from coopbot.ingest.tidy import HEADING, one_line, opening

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:^|\r?\n)---[ \t]*(?:\r?\n|\Z)", re.S | re.M)

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


def read_markdown(text: str, source: str) -> Draft:
    """The draft of an article file: validated front matter, the body as plain text. Raises Unreadable if either is wrong."""
    # Markup included, before it is parsed, which takes time.
    check_length(len(text), source)
    try:
        fence = _FENCE.match(text)
        front = read_front_matter(fence[1]) if fence else FrontMatter()
        end = fence.end() if fence else 0
        footnotes = dict(front.footnotes)
        blocks = list(_plain_blocks(text[end:], 1 + text.count("\n", 0, end), footnotes))
        title = front.title
        if not title and blocks and blocks[0].text.startswith(HEADING):
            first = blocks.pop(0)
            title = first.text.removeprefix(HEADING)
            for mark in first.marks:
                raise FootnoteError(mark.line, f"the mark [^{mark.label}] is in the title; put it behind a sentence")
        if not blocks:
            raise Unreadable(source, "no text below the front matter; write the article there")
        whole = _joined(blocks, "\n\n")
        return Draft(
            title=title or opening(blocks[0].text),
            text=whole.text,
            authors=front.authors,
            publisher=front.publisher,
            published=front.published,
            url=front.url,
            language=front.language,
            sources=front.sources,
            also_published_by=front.also_published_by,
            attributions=attributions(whole.text, whole.marks, footnotes),
        )
    except (FrontMatterError, FootnoteError) as problem:
        raise Unreadable(source, str(problem)) from problem


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
    return f"{render_front_matter(draft)}\n{body}\n"


def amend_article(text: str, draft: Draft) -> str:
    """The article file with the draft's fields. The body is left as written where possible."""
    if fence := _FENCE.match(text):
        body = text[fence.end() :]
        in_body = {match[1] for line in body.splitlines() if (match := DEFINITION.match(line))}
        own = replace(draft, attributions=tuple(one for one in draft.attributions if one.label not in in_body))
        amended = f"{render_front_matter(own)}{body}"
        with suppress(Unreadable):
            if read_markdown(amended, draft.title) == draft:
                return amended
    return render_article(draft)


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
