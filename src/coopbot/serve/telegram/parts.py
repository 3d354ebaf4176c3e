"""Splits formatted text into messages within Telegram's limits, with exact entities.

Offsets of a block's entities count characters, as everywhere in coopbot; those of a `Part` count UTF-16 code units.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from telegram import MessageEntity
from telegram.constants import MessageEntityType, MessageLimit

from coopbot.ingest.addresses import is_web_address
from coopbot.serve.messages import unbroken

# Leaves room for the note that a message may be a repetition.
MAX_TEXT_UNITS: int = MessageLimit.MAX_TEXT_LENGTH - 96
MAX_ENTITIES: int = MessageLimit.MESSAGE_ENTITIES

# Text and entities of a message share about 9,500 bytes. With this limit on links, the longest text still fits.
MAX_LINK_CHARS = 4000

GAP = "\n\n"

# A text fragment in Cyrillic or Chinese takes up to nine characters a letter. Longer addresses are linked without it.
_MAX_URL_CHARS = 1000

# Where a long text may be cut, best first: between lines, sentences, words.
_BREAKS = (
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；])\s*"),
    re.compile(r"\s+"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Stripped text with a few entities, kept in one message if possible."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message, ready to send."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


def utf16_units(text: str) -> int:
    """The length of `text` as Telegram counts it: characters outside the Basic Multilingual Plane count twice."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def marked(text: str, *kinds: MessageEntityType, url: str | None = None) -> Block:
    """The text, all of it in entities of these kinds."""
    return Block(text=text, entities=tuple(MessageEntity(kind, 0, len(text), url=url) for kind in kinds) if text else ())


def join(blocks: Iterable[Block], separator: str) -> Block:
    """One block of all `blocks` in order, `separator` between them."""
    text = ""
    entities: list[MessageEntity] = []
    for index, block in enumerate(blocks):
        text += separator if index else ""
        entities += MessageEntity.shift_entities(len(text), block.entities)
        text += block.text
    return Block(text=text, entities=tuple(entities))


def around(kind: MessageEntityType, block: Block) -> Block:
    """The block, all of it in an entity of this kind."""
    return Block(text=block.text, entities=(*marked(block.text, kind).entities, *block.entities))


def lines(*blocks: Block) -> Block:
    """Blocks on a line each, without those that are empty."""
    return join([block for block in blocks if block.text], "\n")


def linked(text: str, *urls: str) -> Block:
    """The text, linked to the first of the addresses that Telegram accepts."""
    url = next(filter(None, map(web_url, urls)), None)
    return marked(text, MessageEntityType.TEXT_LINK, url=url) if url else Block(text=text)


def web_url(url: str, most_chars: int = _MAX_URL_CHARS) -> str:
    """The address if it is a web address and short enough, or ""."""
    return url if is_web_address(url) and len(url) <= most_chars else ""


def pack(blocks: Iterable[Block]) -> list[Part]:
    """Put `blocks`, in order, into as few messages as possible, cutting only blocks that are too long for one."""
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
        and len(block.entities) <= MAX_ENTITIES
        and sum(len(entity.url or "") for entity in block.entities) <= MAX_LINK_CHARS
    )


def _pieces(block: Block) -> Iterator[Block]:
    while utf16_units(block.text) > MAX_TEXT_UNITS:
        # Without halving a surrogate pair.
        fitting = block.text.encode("utf-16-le")[: 2 * MAX_TEXT_UNITS].decode("utf-16-le", errors="ignore")
        cut = _best_cut(block.text, len(fitting))
        yield _slice(block, 0, len(block.text[:cut].rstrip()))
        block = _slice(block, len(block.text) - len(block.text[cut:].lstrip()), len(block.text))
    if block.text:
        yield block


def _best_cut(text: str, end: int) -> int:
    """Where to cut `text`: at or before `end`, but in the second half."""
    for pattern in _BREAKS:
        cuts = [match.end() for match in pattern.finditer(text, end // 2, end)]
        if cuts:
            return cuts[-1]
    return end


def _slice(block: Block, start: int, end: int) -> Block:
    """The text between two offsets, with the parts of entities that are in it."""
    entities = []
    for entity in block.entities:
        first, last = max(entity.offset, start), min(entity.offset + entity.length, end)
        if first < last:
            entities.append(MessageEntity(entity.type, first - start, last - first, url=entity.url))
    return Block(text=block.text[start:end], entities=tuple(entities))


def _part(block: Block) -> Part:
    entities = MessageEntity.adjust_message_entities_to_utf_16(block.text, block.entities)
    return Part(text=unbroken(block.text), entities=tuple(entities))
