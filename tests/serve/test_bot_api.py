"""The test server must refuse what Telegram refuses, or the bot's tests prove nothing."""

from __future__ import annotations

import json

import pytest

from .bot_api import TOKEN, BotApi, RefusedError


def _send(text: str, *entities: dict[str, str | int]) -> None:
    BotApi().call(TOKEN, "sendMessage", {"chat_id": "1", "text": text, "entities": json.dumps(entities)})


def _entity(offset: int, length: int, kind: str = "bold", **more: str) -> dict[str, str | int]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize("text", ["x" * 4096, "🚂" * 2048])
def test_the_longest_text_is_taken(text: str) -> None:
    _send(text, *[_entity(0, 2)] * 100)


@pytest.mark.parametrize(
    ("text", "entities", "reason"),
    [
        ("", [], "empty"),
        (" \n", [], "empty"),
        ("x" * 4097, [], "too long"),
        ("🚂" * 2048 + "x", [], "too long"),
        ("text", [_entity(0, 5)], "bounds"),
        ("text", [_entity(-1, 2)], "bounds"),
        ("text", [_entity(1, 0)], "bounds"),
        ("🚂 rail", [_entity(1, 3)], "middle"),
        ("rail 🚂", [_entity(0, 6)], "middle"),
        ("text here", [_entity(0, 5)], "white space"),
        ("text", [_entity(0, 1)] * 101, "too many"),
        ("text", [_entity(0, 1, "blink")], "type"),
        ("text", [_entity(0, 1, "text_link", url="javascript:x")], "URL"),
        ("text", [_entity(0, 1, "text_link", url="https://x/" + "y" * 1000)] * 10, "TOO_LONG"),
        ("text", [_entity(0, 4, "blockquote"), _entity(1, 1, "expandable_blockquote")], "nested"),
    ],
)
def test_what_telegram_would_not_show_is_refused(text: str, entities: list[dict[str, str | int]], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason) as caught:
        _send(text, *entities)
    assert caught.value.code == 400


def test_a_wrong_token_is_refused() -> None:
    with pytest.raises(RefusedError, match="Unauthorized"):
        BotApi().call("1:x", "getMe", {})


def test_an_offset_confirms_what_came_before() -> None:
    api = BotApi()
    api.deliver({"text": "first"})
    api.deliver({"text": "second"})
    assert api.unconfirmed == 2
    assert api.call(TOKEN, "getUpdates", {"offset": "1002"}) == [{"update_id": 1002, "message": {"text": "second"}}]
    assert api.unconfirmed == 1
