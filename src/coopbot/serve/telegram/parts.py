"""Formatted text cut into messages that Telegram takes: nothing lost, every entity exact.

Inside, offsets count characters, as everywhere in coopbot; `Part` counts UTF-16 code units, as the Bot API does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

MAX_TEXT_UNITS = 4096
MAX_ENTITIES = 100

# Text and entities of one message share about 9,500 bytes; with this much for links the longest text still fits.
MAX_LINK_CHARS = 4000

GAP = "\n\n"

# Where a text that is too long may be cut, the best place first: between lines, sentences, words.
_BREAKS = (
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；])\s*"),
    re.compile(r"\s+"),
)

Kind = Literal["bold", "expandable_blockquote", "text_link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Formatting of a block's `text[start_char:end_char]`."""

    kind: Kind
    start_char: int
    end_char: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Text that stays in one message if it can; trimmed, and with few marks."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Formatting of a part's text; offset and length count UTF-16 code units."""

    kind: Kind
    offset: int
    length: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message, ready to send."""

    text: str
    entities: tuple[Entity, ...] = ()


def utf16_units(text: str) -> int:
    """The length of `text` as Telegram counts it: characters outside the Basic Multilingual Plane are two."""
    return len(text.encode("utf-16-le")) // 2


def join(blocks: Iterable[Block], separator: str) -> Block:
    """One block of all `blocks` in order, `separator` between them."""
    text = ""
    marks: list[Mark] = []
    for index, block in enumerate(blocks):
        text += separator if index else ""
        marks += (
            replace(mark, start_char=mark.start_char + len(text), end_char=mark.end_char + len(text)) for mark in block.marks
        )
        text += block.text
    return Block(text=text, marks=tuple(marks))


def pack(blocks: Iterable[Block]) -> list[Part]:
    """Put `blocks` into as few messages as their order allows, cutting only a block that is too long for one."""
    parts: list[Part] = []
    held: Block | None = None
    for piece in (piece for block in blocks for piece in _pieces(block)):
        joined = piece if held is None else join([held, piece], GAP)
        if held is not None and not _fits(joined):
            parts.append(_part(held))
            joined = piece
        held = joined
    return parts if held is None else [*parts, _part(held)]


def _fits(block: Block) -> bool:
    return (
        utf16_units(block.text) <= MAX_TEXT_UNITS
        and len(block.marks) <= MAX_ENTITIES
        and sum(len(mark.url) for mark in block.marks) <= MAX_LINK_CHARS
    )


def _pieces(block: Block) -> Iterator[Block]:
    while utf16_units(block.text) > MAX_TEXT_UNITS:
        cut = _best_cut(block.text, _chars_within(block.text, MAX_TEXT_UNITS))
        yield _slice(block, 0, len(block.text[:cut].rstrip()))
        block = _slice(block, len(block.text) - len(block.text[cut:].lstrip()), len(block.text))
    if block.text:
        yield block


def _chars_within(text: str, units: int) -> int:
    """How many characters of `text` fit into `units`; a surrogate pair is never halved."""
    return len(text[:units].encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore"))


def _best_cut(text: str, end: int) -> int:
    """Where to cut `text` at or before `end`, but not so early that most of a message stays empty."""
    for pattern in _BREAKS:
        cuts = [match.end() for match in pattern.finditer(text, end // 2, end)]
        if cuts:
            return cuts[-1]
    return end


def _slice(block: Block, start: int, end: int) -> Block:
    clipped = (
        replace(mark, start_char=max(mark.start_char, start) - start, end_char=min(mark.end_char, end) - start)
        for mark in block.marks
    )
    return Block(text=block.text[start:end], marks=tuple(mark for mark in clipped if mark.start_char < mark.end_char))


def _part(block: Block) -> Part:
    return Part(text=block.text, entities=tuple(_entity(block.text, mark) for mark in block.marks))


def _entity(text: str, mark: Mark) -> Entity:
    return Entity(
        kind=mark.kind,
        offset=utf16_units(text[: mark.start_char]),
        length=utf16_units(text[mark.start_char : mark.end_char]),
        url=mark.url,
    )
