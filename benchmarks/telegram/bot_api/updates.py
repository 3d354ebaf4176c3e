"""Messages, edits, button presses and inline queries as Telegram delivers them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

# `Any`: JSON.
JsonObject = dict[str, Any]

BOT_ID = 4711
BOT_USERNAME = "coop_test_bot"
TOKEN = f"{BOT_ID}:test-TOKEN_that-nobody-may-see"
ME: JsonObject = {
    "id": BOT_ID,
    "is_bot": True,
    "first_name": "Coopbot",
    "username": BOT_USERNAME,
    "supports_inline_queries": True,
}


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def user(user_id: int = 77, language_code: str = "en") -> JsonObject:
    """A user."""
    return {"id": user_id, "is_bot": False, "first_name": "Li", "language_code": language_code}


def message(
    text: str | None,
    *,
    chat_id: int = 1,
    message_id: int | None = None,
    user_id: int = 77,
    language_code: str = "en",
    chat_type: str = "private",
    extra: JsonObject | None = None,
) -> JsonObject:
    """A message with its mentions and commands marked. message_id: the next free one if None. extra: fields such as `photo`."""
    entities = list(_entities_of(text or ""))
    return {
        **({} if message_id is None else {"message_id": message_id}),
        "date": int(time.time()),
        "chat": {"id": chat_id, "type": chat_type},
        "from": user(user_id, language_code),
        **({} if text is None else {"text": text}),
        **({"entities": entities} if entities else {}),
        **(extra or {}),
    }


def edited(content: JsonObject, text: str) -> JsonObject:
    """The message edited to another text."""
    changed = {name: value for name, value in content.items() if name != "entities"}
    entities = list(_entities_of(text))
    return {**changed, "text": text, "edit_date": int(time.time()), **({"entities": entities} if entities else {})}


def press(
    query_id: str, data: str, *, chat_id: int, message_id: int, user_id: int = 77, language_code: str = "en"
) -> JsonObject:
    """A button of one of the bot's messages pressed."""
    under = {"message_id": message_id, "date": int(time.time()), "chat": {"id": chat_id, "type": "private"}, "from": ME}
    sender = user(user_id, language_code)
    return {"id": query_id, "from": sender, "message": {**under, "text": "x"}, "chat_instance": "1", "data": data}


def inline(query_id: str, text: str, *, user_id: int = 77, language_code: str = "en") -> JsonObject:
    """What a user types after the bot's name in another chat."""
    return {"id": query_id, "from": user(user_id, language_code), "query": text, "offset": ""}


def _entities_of(text: str) -> Iterator[JsonObject]:
    for word in text.split():
        kind = {"@": "mention", "/": "bot_command"}.get(word[0])
        if kind is not None:
            yield {"type": kind, "offset": units(text[: text.index(word)]), "length": units(word)}
