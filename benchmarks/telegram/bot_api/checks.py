"""What Telegram refuses in messages, keyboards and inline results; and what it silently drops, which is refused here too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks.telegram.bot_api.updates import JsonObject, units

_ENTITY_TYPES = {"bold", "italic", "underline", "blockquote", "expandable_blockquote", "text_link"}
_MAX_UNITS, _MAX_ENTITIES, _MAX_TOTAL = 4096, 100, 9500
_MAX_BUTTONS, _MAX_DATA_BYTES, _MAX_RESULTS, _MAX_RESULT_ID_BYTES = 100, 64, 50, 64


class RefusedError(Exception):
    """An error of the Bot API: status code, description and the parameters that go with it."""

    def __init__(
        self, code: int, description: str, retry_after_s: float | None = None, migrate_to_chat_id: int | None = None
    ) -> None:
        super().__init__(description)
        self.code, self.description = code, description
        self.retry_after_s, self.migrate_to_chat_id = retry_after_s, migrate_to_chat_id


@dataclass(frozen=True, slots=True)
class SentEntity:
    """An entity of a message. covers: its text."""

    type: str
    offset: int
    length: int
    url: str
    covers: str


def check(fine: bool, description: str) -> bool:
    """True. Raises RefusedError with status 400 if not `fine`."""
    if not fine:
        raise RefusedError(400, f"Bad Request: {description}")
    return True


def checked_text(text: str, raw_entities: list[dict[str, Any]]) -> tuple[SentEntity, ...]:
    """The entities of a message. Raises RefusedError, also for entities that Telegram drops: too many, or out of bounds."""
    check(bool(text.strip()), "message text is empty")
    check(units(text) <= _MAX_UNITS, "message is too long")
    check(len(raw_entities) <= _MAX_ENTITIES, "too many entities")
    check(units(text) + sum(len(str(one.get("url", ""))) for one in raw_entities) <= _MAX_TOTAL, "ENTITIES_TOO_LONG")
    entities = tuple(_entity(text, one) for one in raw_entities)
    quotes = sorted((one.offset, one.offset + one.length) for one in entities if one.type.endswith("blockquote"))
    check(all(end <= start for (_, end), (start, _) in pairwise(quotes)), "nested blockquote")
    return entities


def checked_keyboard(raw: str | None) -> JsonObject:
    """A keyboard; each button has a label, and callback data of 1 to 64 bytes or an address. Raises RefusedError."""
    keyboard: JsonObject = json.loads(raw) if raw else {}
    buttons = [button for row in keyboard.get("inline_keyboard", []) for button in row]
    check(len(buttons) <= _MAX_BUTTONS, "reply markup is too long")
    for button in buttons:
        check(bool(button.get("text", "").strip()), "BUTTON_TEXT_INVALID")
        if "url" in button:
            check(str(button["url"]).startswith(("http://", "https://")), "BUTTON_URL_INVALID")
        else:
            check(1 <= len(button.get("callback_data", "").encode()) <= _MAX_DATA_BYTES, "BUTTON_DATA_INVALID")
    return keyboard


def checked_results(raw: str) -> list[JsonObject]:
    """The articles of an inline answer, each of which could be sent as a message. Raises RefusedError."""
    results: list[JsonObject] = json.loads(raw)
    check(len(results) <= _MAX_RESULTS, "RESULTS_TOO_MUCH")
    ids = [str(one["id"]) for one in results]
    check(len(set(ids)) == len(ids), "RESULT_ID_DUPLICATE")
    for one in results:
        check(1 <= len(str(one["id"]).encode()) <= _MAX_RESULT_ID_BYTES, "RESULT_ID_INVALID")
        check(one["type"] == "article" and bool(one["title"].strip()), "ARTICLE_TITLE_EMPTY")
        content = one["input_message_content"]
        checked_text(content["message_text"], content.get("entities", []))
    return results


def checked_commands(raw: str) -> bool:
    """True for a menu of commands. Raises RefusedError."""
    for command in json.loads(raw):
        check(1 <= len(command["command"]) <= 32 and command["command"].islower(), "BOT_COMMAND_INVALID")
        check(1 <= len(command["description"]) <= 256, "BOT_COMMAND_DESCRIPTION_INVALID")
    return True


def _entity(text: str, raw: dict[str, Any]) -> SentEntity:
    kind, offset, length, url = str(raw["type"]), int(raw["offset"]), int(raw["length"]), str(raw.get("url", ""))
    check(kind in _ENTITY_TYPES, f"unsupported entity type {kind}")
    check(offset >= 0 and length > 0 and offset + length <= units(text), "entity out of bounds")
    check(url.startswith(("http://", "https://")) == (kind == "text_link"), "wrong HTTP URL")
    whole = text.encode("utf-16-le")
    try:
        covers = whole[2 * offset : 2 * (offset + length)].decode("utf-16-le")
    except UnicodeDecodeError:
        raise RefusedError(400, "Bad Request: entity begins or ends in a middle of a UTF-16 symbol") from None
    check(covers == covers.strip(), "entity begins or ends with white space")
    return SentEntity(kind, offset, length, url, covers)
