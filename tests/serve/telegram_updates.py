"""Updates that Telegram, or somebody else, might deliver: real ones, with parts left out or replaced by anything."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import ME, JsonObject, edited, inline, message, press
from coopbot.serve.telegram.service import BackgroundBot

# All characters, halves of surrogate pairs too, as JSON may hold them.
_TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["/", "/ask", "/start x", "/subscribe", "1:menu:1", "🌉" * 600, "@"]
)
_NUMBERS = st.integers() | st.integers(-(2**70), 2**70) | st.sampled_from([0, -1, 2**31, 2**63, 10**20])
_LEAVES = st.none() | st.booleans() | _NUMBERS | st.floats() | _TEXTS
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=8
)

_ENOUGH_S = 60.0

# Refusals that the bot lives with: the presses and inline queries are none that Telegram knows, and edits may change nothing.
_EXPECTED = ("query is too old", "message is not modified", "message can't be edited", "message to edit not found")

_FILE: JsonObject = {"file_id": "f", "file_unique_id": "f"}
_GROUP: JsonObject = {"chat_id": -100, "chat_type": "supergroup"}


def _real() -> list[tuple[str, JsonObject]]:
    """Kind and content."""
    asked = message("When did it open?", message_id=1)
    voice: JsonObject = {"voice": {**_FILE, "duration": 1}}
    photo: JsonObject = {"photo": [{**_FILE, "width": 1, "height": 1}], "media_group_id": "album", "caption": "How long?"}
    member: JsonObject = {"user": ME, "status": "kicked", "until_date": 0}
    changed: JsonObject = {
        "chat": asked["chat"], "from": asked["from"], "date": int(time.time()),
        "old_chat_member": {"user": ME, "status": "member"}, "new_chat_member": member,
    }  # fmt: skip
    commands = ["/start", "/help", "/search bridges", "/sources", "/new", "/language", "/subscribe каждый день мост", "/forget"]
    presses = ["context:1.quoted", "menu:1", "close:1.foreign", "good:1", "subject:2", "daily:", "newest:ru", "language:zh"]
    return [
        ("message", asked),
        ("message", message("这座桥有多长？", message_id=2, language_code="zh")),
        ("message", message("@coop_test_bot когда?", message_id=3, **_GROUP)),
        ("message", message("why?", message_id=4, extra={"reply_to_message": asked | {"from": ME}})),
        ("message", message(None, message_id=5, extra=voice)),
        ("message", message(None, message_id=6, extra=photo)),
        ("edited_message", edited(asked, "How long is it?")),
        ("inline_query", inline("q", "bridge opening")),
        ("my_chat_member", changed),
        *(("message", message(text, message_id=10)) for text in commands),
        *(("callback_query", press("q", f"1:{data}", chat_id=1, message_id=1)) for data in presses),
    ]


# `Any`: JSON.
def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with each of its keys or indexes."""
    for key, inner in list(value.items()) if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


@st.composite
def updates(draw: st.DrawFn) -> object:
    """Most are real up to three places; some are nothing of the kind."""
    if draw(st.integers(0, 19)) == 0:
        return draw(_ANYTHING)
    kind, content = draw(st.sampled_from(_real()))
    update: JsonObject = {"update_id": draw(st.integers(1, 2**40)), kind: copy.deepcopy(content)}
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(update))
        if places:
            inside, key = places[draw(st.integers(0, len(places) - 1))]
            if draw(st.booleans()):
                inside[key] = draw(_ANYTHING)
            else:
                del inside[key]
    return update


def assert_all_are_dealt_with(bot: BackgroundBot, api: BotApi, batch: list[Any]) -> None:
    """Store the updates, and wait until none of them, and no message, is left."""
    service = bot.service
    service._context.inbox.put(batch)
    until_s = time.monotonic() + _ENOUGH_S
    while any(service.waiting.values()) and bot.failure is None and time.monotonic() < until_s:
        time.sleep(0.02)
    assert not any(service.waiting.values())
    assert bot.failure is None
    assert bot._thread.is_alive()
    refused = [reason for reason in api.refused if not any(part in reason for part in _EXPECTED)]
    assert not refused, refused
