"""The bot as it runs, over HTTP, against a Bot API server that checks what Telegram checks."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from coopbot import errors
from coopbot.ask.conversations import checked_conversation_id
from coopbot.domain import LANGUAGES, MAX_QUESTION_CHARS, Answer, Citation, Claim, Language
from coopbot.serve.messages import message
from coopbot.serve.telegram.bot import Ask, run_bot, serve_bot
from coopbot.serve.telegram.conversations import ChatConversations
from coopbot.text.language import detect_language

from .bot_api import BOT_ID, BOT_USERNAME, TOKEN, BotApi, Json, JsonObject, RefusedError, bot_api
from .bot_api import message as incoming

_QUESTIONS: dict[Language, str] = {
    "en": "When did the bridge open?",
    "zh": "大桥什么时候通车？",
    "ru": "Когда открыли мост?",
}


@pytest.fixture
def api() -> Iterator[BotApi]:
    with bot_api() as running:
        yield running


def _answer(question: str, *, conversation_id: str, quote: str = "🌉 The bridge opened on 10 June 2022.") -> Answer:
    citation = Citation(
        number=1,
        article_id="en/bridge",
        title="A bridge opens",
        authors=(),
        publisher="Amur Herald",
        published=date(2022, 6, 10),
        url="https://herald.example/bridge",
        language="en",
        sources=(),
        quote=quote,
        start_char=0,
        end_char=len(quote),
        passage=quote,
        deep_link="",
        score=0.9,
    )
    return Answer(
        outcome="answered",
        question_language=detect_language(question),
        claims=(Claim(text=quote, citations=(1,)),),
        citations=(citation,),
        disagreements=(),
        confidence=0.9,
        searched_as=question,
        snapshot="s",
    )


def _converse(api: BotApi, ask: Ask, scenario: Callable[[], object]) -> None:
    """Run the bot while `scenario` runs, then stop it, which waits for the answers it has begun."""

    async def main() -> None:
        stop = asyncio.Event()
        bot = asyncio.create_task(serve_bot(ask, token=TOKEN, api_url=api.url, stop=stop))
        try:
            await asyncio.to_thread(scenario)
        finally:
            stop.set()
            await bot

    asyncio.run(main())
    assert api.refused == []
    assert api.unconfirmed == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_private_question_gets_the_cited_answer(api: BotApi, language: Language) -> None:
    api.deliver(incoming(_QUESTIONS[language], chat_id=5, message_id=42))
    _converse(api, _answer, lambda: api.wait_for_sent(1))
    (sent,) = api.sent
    assert (sent.chat_id, sent.reply_to) == (5, 42)
    assert sent.text.startswith("🌉 The bridge opened on 10 June 2022. [1]\n\n" + message(language).sources)
    assert [(entity.type, entity.covers) for entity in sent.entities] == [
        ("bold", message(language).sources),
        ("expandable_blockquote", "🌉 The bridge opened on 10 June 2022."),
        ("text_link", "A bridge opens"),
    ]
    assert "parse_mode" not in sent.params


def test_the_chat_shows_typing_until_a_slow_answer_is_there(api: BotApi) -> None:
    def ask(question: str, *, conversation_id: str) -> Answer:
        api.wait_until(lambda: bool(api.called("sendChatAction")))
        return _answer(question, conversation_id=conversation_id)

    api.refuse_next("sendChatAction", RefusedError(500, "Internal Server Error"))
    api.deliver(incoming(_QUESTIONS["en"], chat_id=5))
    _converse(api, ask, lambda: api.wait_for_sent(1))
    assert api.called("sendChatAction") == [{"chat_id": "5", "action": "typing"}]
    assert [sent.text[:20] for sent in api.sent] == ["🌉 The bridge opened "]


def test_a_long_passage_comes_whole_in_several_messages(api: BotApi) -> None:
    quote = "".join(f"Sentence {number} 🚂 of the passage. " for number in range(300))[:9000].strip()
    api.deliver(incoming(_QUESTIONS["en"]))
    _converse(api, partial(_answer, quote=quote), lambda: api.wait_for_sent(6))
    quoted = [entity.covers for sent in api.sent for entity in sent.entities if entity.type.endswith("blockquote")]
    assert " ".join(quoted) == quote
    assert all(sent.reply_to == 1 for sent in api.sent)


@pytest.mark.parametrize(
    ("text", "language_code", "expected"),
    [
        ("/start", "ru", message("ru").start),
        ("/start", "zh-hans", message("zh").start),
        ("/start", "fr", message("en").start),
        (f"/start@{BOT_USERNAME} deep", "en", message("en").start),
        ("/help", "ru", message("ru").help),
        ("/weather", "zh", message("zh").help),
        ("x" * (MAX_QUESTION_CHARS + 1), "ru", message("en").question_too_long),
        ("мост " * 200, "en", message("ru").question_too_long),
        ("桥" * (MAX_QUESTION_CHARS + 1), "en", message("zh").question_too_long),
        (f"@{BOT_USERNAME}", "zh", message("zh").question_empty),
        ("/new", "ru", message("ru").begun_anew),
        (None, "ru", message("ru").text_only),
    ],
)
def test_what_is_no_question_gets_a_fixed_text(api: BotApi, text: str | None, language_code: str, expected: str) -> None:
    def never(question: str, *, conversation_id: str) -> Answer:
        pytest.fail("asked")

    api.deliver(incoming(text, language_code=language_code))
    _converse(api, never, lambda: api.wait_for_sent(1))
    assert [sent.text for sent in api.sent] == [expected]


def test_a_question_of_500_characters_is_asked(api: BotApi) -> None:
    asked: list[str] = []
    api.deliver(incoming("x" * MAX_QUESTION_CHARS))
    _converse(api, _recording(asked), lambda: api.wait_for_sent(1))
    assert asked == ["x" * MAX_QUESTION_CHARS]


def test_edits_posts_and_service_messages_get_nothing(api: BotApi) -> None:
    asked: list[str] = []
    api.deliver(incoming("edited question?"), kind="edited_message")
    api.deliver(incoming("a post", chat_type="channel", chat_id=-9), kind="channel_post")
    api.deliver(incoming(None, extra={"new_chat_title": "Bridges"}))
    api.deliver(incoming("last"))
    _converse(api, _recording(asked), lambda: api.wait_for_sent(1))
    assert asked == ["last"]
    assert len(api.sent) == 1
    assert api.called("getUpdates")[0]["allowed_updates"] == '["message"]'


def test_in_a_group_only_who_turns_to_the_bot_is_answered(api: BotApi) -> None:
    def group(text: str | None, **extra: Json) -> JsonObject:
        return incoming(text, chat_id=-100, chat_type="supergroup", extra=extra)

    bot: JsonObject = {"id": BOT_ID, "is_bot": True, "first_name": "Coopbot"}
    somebody: JsonObject = {"id": 5, "is_bot": False, "first_name": "Wang"}
    asked: list[str] = []
    for unaddressed in ("Who is coming tonight?", "@coop_test_bot_two why?", "/start", "/start@other_bot", None):
        api.deliver(group(unaddressed))
    api.deliver(group("I agree", reply_to_message=incoming("x", chat_id=-100) | {"from": somebody}))
    api.deliver(group(f"🌉 @{BOT_USERNAME.upper()} when?"))
    api.deliver(group("and in 2024?", reply_to_message=incoming("x", chat_id=-100) | {"from": bot}))
    named: Json = [{"type": "text_mention", "offset": 0, "length": 7, "user": bot}]
    api.deliver(group("Coopbot, how long?", entities=named))
    _converse(api, _recording(asked), lambda: api.wait_for_sent(3))
    assert sorted(asked) == ["Coopbot, how long?", "and in 2024?", "🌉  when?"]
    assert len(api.sent) == 3


def test_conversations_are_those_of_a_chat_a_topic_and_in_groups_a_user(api: BotApi) -> None:
    def group(user_id: int, **extra: Json) -> JsonObject:
        user: JsonObject = {"id": user_id, "is_bot": False, "first_name": "Wang"}
        return incoming(f"@{BOT_USERNAME} why?", chat_id=-100, chat_type="supergroup", extra={"from": user, **extra})

    ids: list[str] = []
    one_by_one = [
        incoming("first?", chat_id=5),
        incoming("second?", chat_id=5),
        incoming("third?", chat_id=6),
        group(7),
        group(8),
        group(8, message_thread_id=3, is_topic_message=True),
        group(8, message_thread_id=9),
    ]
    _converse(api, _noting(ids), partial(_one_by_one, api, one_by_one))
    assert len(set(ids)) == 5
    assert ids[0] == ids[1]
    assert ids[4] == ids[6]
    assert all(checked_conversation_id(one) for one in ids)


@pytest.mark.parametrize("command", ["/new", "/start", f"/new@{BOT_USERNAME}"])
def test_a_command_begins_another_conversation(api: BotApi, command: str) -> None:
    ids: list[str] = []
    texts = ["first?", "second?", command, "third?", "/help", "fourth?"]
    messages = [incoming(text, message_id=number) for number, text in enumerate(texts, 1)]
    _converse(api, _noting(ids), partial(_one_by_one, api, messages))
    first, second, third, fourth = ids
    assert first == second != third == fourth


def test_ids_stay_within_their_limit() -> None:
    conversations = ChatConversations()
    place = (-1_009_999_999_999_999, 2**31, 2**53)
    conversations.begin(*place, 2**31)
    assert checked_conversation_id(conversations.current(*place))


def test_the_longest_ago_beginning_is_forgotten() -> None:
    conversations = ChatConversations()
    begun = []
    for chat_id in range(1, 1002):
        conversations.begin(chat_id, None, None, 1)
        begun.append(conversations.current(chat_id, None, None))
    assert conversations.current(1, None, None) != begun[0]
    assert conversations.current(2, None, None) == begun[1]


def test_a_follow_up_is_shown_as_it_was_understood(api: BotApi) -> None:
    def ask(question: str, *, conversation_id: str) -> Answer:
        return replace(_answer(question, conversation_id=conversation_id), searched_as="When did the bridge close?")

    api.deliver(incoming("and close?"))
    _converse(api, ask, lambda: api.wait_for_sent(1))
    assert api.sent[0].text.startswith("🔎 When did the bridge close?\n\n🌉 The bridge")


def test_one_slow_answer_keeps_nobody_waiting(api: BotApi) -> None:
    release = threading.Event()

    def ask(question: str, *, conversation_id: str) -> Answer:
        if question == "slow?":
            assert release.wait(10)
        return _answer(question, conversation_id=conversation_id)

    def scenario() -> None:
        api.deliver(incoming("slow?", chat_id=1))
        api.deliver(incoming("quick?", chat_id=2))
        assert [sent.chat_id for sent in api.wait_for_sent(1)] == [2]
        release.set()
        api.wait_for_sent(2)

    _converse(api, ask, scenario)
    assert [sent.chat_id for sent in api.sent] == [2, 1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.Busy("lock of 4711"), message("ru").busy),
        (errors.IndexMissing("run `coopbot index`"), message("ru").unavailable),
        (errors.NotFound("secret detail"), message("ru").went_wrong),
        (ZeroDivisionError("secret detail"), message("ru").went_wrong),
    ],
)
def test_errors_become_friendly_texts(api: BotApi, caplog: pytest.LogCaptureFixture, error: Exception, expected: str) -> None:
    def ask(question: str, *, conversation_id: str) -> Answer:
        raise error

    api.deliver(incoming(_QUESTIONS["ru"]))
    _converse(api, ask, lambda: api.wait_for_sent(1))
    assert [sent.text for sent in api.sent] == [expected]
    assert type(error).__name__ in caplog.text
    assert str(error) not in caplog.text


def test_logs_hold_neither_token_nor_question(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for text in ("a very private question", "a question that fails"):
        api.deliver(incoming(text))

    def ask(question: str, *, conversation_id: str) -> Answer:
        if "fails" in question:
            raise RuntimeError(question)
        return _answer(question, conversation_id=conversation_id, quote="a very private answer")

    _converse(api, ask, lambda: api.wait_for_sent(2))
    assert "RuntimeError" in caplog.text
    for secret in (TOKEN, "very private", "that fails"):
        assert secret not in caplog.text


# The library warns of the type that an attribute of its own error will have one day.
@pytest.mark.filterwarnings("ignore:.*retry_after:DeprecationWarning")
def test_a_rate_limit_is_waited_out(api: BotApi) -> None:
    for _ in range(2):
        api.refuse_next("sendMessage", RefusedError(429, "Too Many Requests: retry after 0", retry_after_s=0.01))
    api.deliver(incoming(_QUESTIONS["en"]))
    _converse(api, _answer, lambda: api.wait_for_sent(1))
    assert len(api.called("sendMessage")) == 3
    assert [sent.text[:20] for sent in api.sent] == ["🌉 The bridge opened "]


def test_a_user_who_blocked_the_bot_stops_nobody_else(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    api.blocked.add(1)
    api.deliver(incoming(_QUESTIONS["en"], chat_id=1))
    api.deliver(incoming(_QUESTIONS["en"], chat_id=2))
    _converse(api, _answer, lambda: api.wait_for_sent(1))
    assert [sent.chat_id for sent in api.sent] == [2]
    assert "Forbidden" in caplog.text


def test_a_failing_menu_or_poll_does_not_stop_the_bot(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    api.refuse_next("setMyCommands", RefusedError(500, "Internal Server Error"))
    api.refuse_next("getUpdates", RefusedError(502, "Bad Gateway"))
    api.deliver(incoming(_QUESTIONS["en"]))
    _converse(api, _answer, lambda: api.wait_for_sent(1))
    assert caplog.text.count("NetworkError") == 2


def test_the_menu_of_commands_is_set_in_three_languages(api: BotApi) -> None:
    _converse(api, _answer, lambda: api.wait_until(lambda: bool(api.called("getUpdates"))))
    assert [params.get("language_code") for params in api.called("setMyCommands")] == [None, "zh", "ru"]


@pytest.mark.parametrize("token", ["", "nonsense", f"{TOKEN}x", f"{TOKEN}/../x"])
def test_a_bad_token_names_the_setting_and_not_itself(api: BotApi, token: str) -> None:
    with pytest.raises(errors.Misconfigured, match="COOPBOT_TELEGRAM_TOKEN") as caught:
        run_bot(_answer, token=token, api_url=api.url)
    assert not token or token not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_an_unreachable_server_names_the_setting(url: str) -> None:
    with pytest.raises(errors.Misconfigured, match="COOPBOT_TELEGRAM_API_URL"):
        run_bot(_answer, token=TOKEN, api_url=url)


_PROGRAM = """
import sys, time
from coopbot.domain import Answer
from coopbot.serve.telegram.bot import run_bot

def ask(question, *, conversation_id):
    time.sleep(0.3)
    return Answer(outcome="no_evidence", question_language="en", claims=(), citations=(), disagreements=(),
                  confidence=0.0, searched_as=question, snapshot="s")

run_bot(ask, token=sys.argv[1], api_url=sys.argv[2] + "/")
"""


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_answers_begun(api: BotApi, number: signal.Signals) -> None:
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, TOKEN, api.url]
    api.deliver(incoming(_QUESTIONS["en"]))
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": source}) as process:
        try:
            api.wait_until(lambda: bool(api.called("sendChatAction")))
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, stderr) == (0, b"")
    assert [sent.text for sent in api.sent] == [message("en").no_evidence]
    assert api.unconfirmed == 0


def _one_by_one(api: BotApi, messages: list[JsonObject]) -> None:
    for number, one in enumerate(messages, 1):
        api.deliver(one)
        api.wait_for_sent(number)


def _noting(ids: list[str]) -> Ask:
    def ask(question: str, *, conversation_id: str) -> Answer:
        ids.append(conversation_id)
        return _answer(question, conversation_id=conversation_id)

    return ask


def _recording(asked: list[str]) -> Ask:
    def ask(question: str, *, conversation_id: str) -> Answer:
        asked.append(question)
        return _answer(question, conversation_id=conversation_id)

    return ask
