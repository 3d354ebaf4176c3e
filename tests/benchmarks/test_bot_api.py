"""The test server must refuse what Telegram refuses, or the bot's tests prove nothing."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.telegram.bot_api.checks import RefusedError
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import TOKEN, inline, message, press


def _send(text: str, *entities: dict[str, str | int]) -> None:
    BotApi().call(TOKEN, "sendMessage", {"chat_id": "1", "text": text, "entities": json.dumps(entities)})


def _entity(offset: int, length: int, kind: str = "bold", **more: str) -> dict[str, str | int]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize("text", ["x" * 4096, "🚂" * 2048])
def test_the_longest_text_is_accepted(text: str) -> None:
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
def test_messages_that_telegram_would_refuse_are_refused(text: str, entities: list[dict[str, str | int]], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason) as caught:
        _send(text, *entities)
    assert caught.value.code == 400


def test_a_wrong_token_is_refused() -> None:
    with pytest.raises(RefusedError, match="Unauthorized"):
        BotApi().call("1:x", "getMe", {})


def test_an_offset_confirms_what_came_before() -> None:
    api = BotApi()
    api.deliver(message("first"))
    api.deliver(message("second"))
    assert api.unconfirmed == 2
    (second,) = api.call(TOKEN, "getUpdates", {"offset": "1002"})
    assert (second["update_id"], second["message"]["text"]) == (1002, "second")
    assert api.unconfirmed == 1


def test_updates_that_were_not_requested_are_not_delivered() -> None:
    api = BotApi()
    api.deliver(message("a post", chat_id=-9), kind="channel_post")
    api.deliver(message("a question"))
    (update,) = api.call(TOKEN, "getUpdates", {"allowed_updates": '["message"]'})
    assert update["message"]["text"] == "a question"


def test_a_webhook_leaves_nothing_to_poll_and_needs_https_and_a_secret() -> None:
    api = BotApi()
    for params in ({"url": "http://a.example", "secret_token": "x"}, {"url": "https://a.example"}):
        with pytest.raises(RefusedError, match="bad webhook"):
            api.call(TOKEN, "setWebhook", params)
    api.call(TOKEN, "setWebhook", {"url": "https://a.example/hook", "secret_token": "x"})
    with pytest.raises(RefusedError, match="webhook is active"):
        api.call(TOKEN, "getUpdates", {})


def test_an_edit_must_change_a_message_of_the_bot() -> None:
    api = BotApi()
    api.deliver(message("mine", chat_id=1, message_id=7))
    sent = api.call(TOKEN, "sendMessage", {"chat_id": "1", "text": "one"})
    assert sent["message_id"] == 8
    for message_id, text, reason in ((8, "one", "not modified"), (9, "x", "not found"), (7, "x", "can't be edited")):
        with pytest.raises(RefusedError, match=reason):
            api.call(TOKEN, "editMessageText", {"chat_id": "1", "message_id": str(message_id), "text": text})
    with pytest.raises(RefusedError, match="not found"):
        api.call(TOKEN, "editMessageText", {"chat_id": "2", "message_id": "8", "text": "x"})
    api.call(TOKEN, "editMessageText", {"chat_id": "1", "message_id": "8", "text": "two"})
    assert [one.text for one in api.sent] == ["two"]


@pytest.mark.parametrize(("data", "fine"), [("x" * 64, True), ("x" * 65, False), ("桥" * 22, False), ("", False)])
def test_the_data_of_a_button_has_1_to_64_bytes(data: str, fine: bool) -> None:
    keyboard = json.dumps({"inline_keyboard": [[{"text": "a", "callback_data": data}]]})
    params = {"chat_id": "1", "text": "x", "reply_markup": keyboard}
    if fine:
        BotApi().call(TOKEN, "sendMessage", params)
        return
    with pytest.raises(RefusedError, match="BUTTON_DATA_INVALID"):
        BotApi().call(TOKEN, "sendMessage", params)


def test_a_press_is_answered_once() -> None:
    api = BotApi()
    api.deliver(press("q1", "x", chat_id=1, message_id=1), kind="callback_query")
    api.call(TOKEN, "answerCallbackQuery", {"callback_query_id": "q1"})
    with pytest.raises(RefusedError, match="too old"):
        api.call(TOKEN, "answerCallbackQuery", {"callback_query_id": "q1"})


@pytest.mark.parametrize(
    ("count", "name", "reason"), [(51, "{}", "TOO_MUCH"), (2, "same", "DUPLICATE"), (1, "x" * 65, "ID_INVALID")]
)
def test_inline_results_have_limits(count: int, name: str, reason: str) -> None:
    api = BotApi()
    api.deliver(inline("q1", "bridge"), kind="inline_query")
    result = {"type": "article", "title": "t", "input_message_content": {"message_text": "x"}}
    results = json.dumps([{**result, "id": name.format(number)} for number in range(count)])
    with pytest.raises(RefusedError, match=reason):
        api.call(TOKEN, "answerInlineQuery", {"inline_query_id": "q1", "results": results})


def test_too_many_messages_are_refused_by_chat_by_group_and_in_all() -> None:
    now_s = 100.0
    flood = Flood(group_messages_per_minute=3, all_per_second=4, clock=lambda: now_s)
    flood.count(1)
    with pytest.raises(RefusedError) as caught:
        flood.count(1)
    assert caught.value.retry_after_s == 1
    flood.count(2)
    for _ in range(3):
        now_s += 1.5
        flood.count(-5)
    now_s += 1.5
    with pytest.raises(RefusedError) as caught:
        flood.count(-5)
    assert caught.value.retry_after_s == math.ceil(60 - 3 * 1.5)
    for chat_id in range(10, 14):
        flood.count(chat_id)
    with pytest.raises(RefusedError):
        flood.count(20)
    now_s += 1.5
    flood.count(20)
    assert flood.refused == 3
