"""Whom the bot answers, and what it asks for them."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.telegram.bot_api.checks import RefusedError
from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import BOT_USERNAME, ME, TOKEN, JsonObject, edited, inline, user
from benchmarks.telegram.bot_api.updates import message as incoming
from coopbot import errors
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.understand.conversations import checked_conversation_id
from coopbot.domain import INTERFACE_LANGUAGES, LANGUAGES, MAX_QUESTION_CHARS, Answer, Language
from coopbot.sections import BotSettings, QuestionLimits
from coopbot.serve.admission import Admission
from coopbot.serve.messages import first_questions, message, text_file
from coopbot.serve.telegram.context import Backend
from coopbot.serve.telegram.records import Asked, Records
from coopbot.serve.telegram.service import BotProcess, BotService, run_bot
from coopbot.serve.telegram.texts import BotTexts, bot_texts
from coopbot.state import State

from .telegram_bot import QUOTE, Bot, FakeAnswers, make_answer, make_index

_QUESTIONS: dict[Language, str] = {
    "en": "When did the bridge open?",
    "zh": "大桥什么时候通车？",
    "ru": "Когда открыли мост?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_private_question_gets_the_cited_answer(bot: Bot, api: BotApi, language: Language) -> None:
    api.deliver(incoming(_QUESTIONS[language], chat_id=5, message_id=42))
    bot.run(lambda: api.wait_for_sent(1))
    (sent,) = api.sent
    assert (sent.chat_id, sent.reply_to) == (5, 42)
    origin = {"en": "", "zh": "\n出自英文文章", "ru": "\nиз статьи на английском"}[language]
    assert sent.text.startswith(f"{QUOTE} [1]{origin}\n\n[1] A bridge opens\nAmur Herald · ")
    assert [(entity.type, entity.covers) for entity in sent.entities[:2]] == [("bold", "10 June 2022"), ("text_link", "[1]")]
    assert "parse_mode" not in sent.params
    assert api.unconfirmed == 0


def test_the_chat_shows_typing_until_a_slow_answer_is_there(bot: Bot, api: BotApi) -> None:
    def reply(question: str) -> Answer:
        api.wait_until(lambda: bool(api.called("sendChatAction")))
        return make_answer(question)

    bot.answers.reply = reply
    api.refuse_next("sendChatAction", RefusedError(500, "Internal Server Error"))
    api.deliver(incoming(_QUESTIONS["en"], chat_id=5))
    bot.run(lambda: api.wait_for_sent(1))
    assert api.called("sendChatAction")[0] == {"chat_id": "5", "action": "typing"}
    assert [sent.text[:12] for sent in api.sent] == [QUOTE[:12]]


def test_a_long_answer_comes_whole_in_several_messages(bot: Bot, api: BotApi) -> None:
    quote = "".join(f"Sentence {number} 🚂 of the passage. " for number in range(300))[:9000].strip()
    bot.answers.reply = partial(make_answer, quote=quote)
    api.deliver(incoming(_QUESTIONS["en"], message_id=3))
    bot.run(lambda: api.wait_for_sent(3))
    assert " ".join(sent.text for sent in api.sent).startswith(quote)
    assert all(sent.reply_to == 3 for sent in api.sent)
    assert [bool(sent.keyboard) for sent in api.sent] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "language_code", "expected"),
    [
        ("/start", "ru", message("ru").start),
        ("/start", "zh-hans", message("zh").start),
        ("/start", "fr", message("en").start),
        (f"/start@{BOT_USERNAME} deep", "en", message("en").start),
        ("/about", "zh", bot_texts("zh").about),
        ("/ask", "zh", bot_texts("zh").ask_what),
        ("x" * (MAX_QUESTION_CHARS + 1), "ru", message("en").question_too_long),
        ("мост " * 800, "en", message("ru").question_too_long),
        ("桥" * 4096, "en", message("zh").question_too_long),
        (f"@{BOT_USERNAME}", "zh", message("zh").question_empty),
        ("/new", "ru", message("ru").begun_anew),
        ("hi", "en", message("en").notices["greeting"]),
        ("Спасибо!", "en", message("ru").notices["thanks"]),
        ("👍", "ru", message("ru").notices["thanks"]),
        ("/add https://x.example", "en", bot_texts("en").admin_only),
    ],
)
def test_messages_that_are_not_questions_get_a_fixed_reply(
    bot: Bot, api: BotApi, text: str, language_code: str, expected: str
) -> None:
    api.deliver(incoming(text, language_code=language_code))
    bot.run(lambda: api.wait_for_sent(1))
    assert [sent.text for sent in api.sent] == [expected.replace("\u00a0", " ")]
    assert "".join(bot.answers.questions).find(text) < 0


_FILE: JsonObject = {"file_id": "f", "file_unique_id": "f"}
_SIZE: JsonObject = {"width": 1, "height": 1}
_STICKER: JsonObject = {**_FILE, **_SIZE, "is_animated": False, "is_video": False, "type": "regular"}
_POLL: JsonObject = {
    "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
}  # fmt: skip
_PHOTO: JsonObject = {"photo": [{**_FILE, **_SIZE}]}
_WORDLESS: list[JsonObject] = [
    {"sticker": _STICKER},
    {"voice": {**_FILE, "duration": 1}},
    {"location": {"latitude": 50.2, "longitude": 127.5}},
    {"dice": {"emoji": "🎲", "value": 3}},
    {"poll": _POLL},
    _PHOTO,
]


@pytest.mark.parametrize("extra", _WORDLESS, ids=lambda extra: next(iter(extra)))
def test_messages_without_words_get_a_reply_only_in_private(bot: Bot, api: BotApi, extra: JsonObject) -> None:
    api.deliver(incoming(None, extra=extra, language_code="ru"))
    group = {"reply_to_message": incoming("x", chat_id=-100, message_id=1) | {"from": ME}}
    api.deliver(incoming(None, chat_id=-100, chat_type="supergroup", extra=extra | group))
    api.deliver(incoming("last?", chat_id=2))
    bot.run(lambda: api.wait_for_sent(2))
    assert sorted(sent.chat_id for sent in api.sent) == [1, 2]
    (reply,) = [sent for sent in api.sent if sent.chat_id == 1]
    texts, kind = bot_texts("ru"), next(iter(extra))
    cannot = {"voice": texts.cannot_listen, "photo": texts.cannot_see}.get(kind, texts.cannot_read)
    assert reply.text == f"{cannot}\n\n{texts.instead}"
    assert [row[0]["text"] for row in reply.keyboard["inline_keyboard"]] == list(first_questions("ru")[:3])


def test_the_caption_of_a_photo_is_a_question(bot: Bot, api: BotApi) -> None:
    photo: JsonObject = {**_PHOTO, "caption": "When did this bridge open?"}
    api.deliver(incoming(None, extra=photo))
    bot.run(lambda: api.wait_for_sent(1))
    assert bot.answers.questions == ["When did this bridge open?"]


def test_an_unreadable_update_delays_no_other(bot: Bot, api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    api.deliver(incoming(None, extra={"poll": {"id": "of another time"}}))
    api.deliver(incoming("last?"))
    bot.run(lambda: api.wait_for_sent(1))
    assert bot.answers.questions == ["last?"]
    assert "An update was not answered" in caplog.text


@pytest.mark.parametrize("captioned", [0, 2, None])
def test_an_album_is_answered_once(bot: Bot, api: BotApi, captioned: int | None) -> None:
    for number in range(3):
        caption = {"caption": "Which bridge is this?"} if number == captioned else {}
        api.deliver(incoming(None, extra={**_PHOTO, "media_group_id": "album", **caption}))
    api.deliver(incoming("last?"))
    bot.run(lambda: api.wait_for_sent(2))
    assert len(api.sent) == 2
    assert bot.answers.questions == [*(["Which bridge is this?"] if captioned is not None else []), "last?"]


def test_messages_that_are_not_for_the_bot_get_no_reply(bot: Bot, api: BotApi) -> None:
    api.deliver(incoming("a post", chat_type="channel", chat_id=-9), kind="channel_post")
    api.deliver(incoming(None, extra={"new_chat_title": "Bridges"}))
    api.deliver(incoming("from a bot", extra={"from": {"id": 9, "is_bot": True, "first_name": "Other"}}))
    api.deliver(incoming("an answer chosen inline", extra={"via_bot": ME}))
    api.deliver(incoming("a post in its discussion group", chat_id=-5, extra={"is_automatic_forward": True}))
    api.deliver(incoming("last?"))
    bot.run(lambda: api.wait_for_sent(1))
    assert bot.answers.questions == ["last?"]
    assert len(api.sent) == 1
    assert "channel_post" not in api.called("getUpdates")[0]["allowed_updates"]


def test_in_a_group_only_messages_to_the_bot_are_answered(bot: Bot, api: BotApi) -> None:
    def group(text: str | None, **extra: object) -> JsonObject:
        return incoming(text, chat_id=-100, chat_type="supergroup", extra=extra)

    theirs = incoming("How long is the bridge?", chat_id=-100, message_id=3) | {"from": user(5)}
    ours = incoming("x", chat_id=-100, message_id=4) | {"from": ME}
    for unaddressed in ("Who is coming tonight?", "@coop_test_bot_two why?", "/start", "/ask@other_bot why?", None):
        api.deliver(group(unaddressed))
    api.deliver(group("I agree", reply_to_message=theirs))
    api.deliver(group(f"🌉 @{BOT_USERNAME.upper()} when?"))
    api.deliver(group("and in 2024?", reply_to_message=ours))
    api.deliver(group("Coopbot, how long?", entities=[{"type": "text_mention", "offset": 0, "length": 7, "user": ME}]))
    api.deliver(group("/ask how wide?"))
    api.deliver(group(f"@{BOT_USERNAME}", reply_to_message=theirs))
    api.deliver(group("/ask", reply_to_message=theirs))
    bot.run(lambda: api.wait_for_sent(6))
    assert bot.answers.questions == [
        "🌉  when?",
        "and in 2024?",
        "Coopbot, how long?",
        "how wide?",
        "How long is the bridge?",
        "How long is the bridge?",
    ]
    assert len(api.sent) == 6


def test_messages_in_the_name_of_a_chat_are_answered(bot: Bot, api: BotApi) -> None:
    group: JsonObject = {"id": -100, "type": "supergroup"}
    machine: JsonObject = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    anonymous: JsonObject = {"from": machine, "sender_chat": group}
    api.deliver(incoming(f"@{BOT_USERNAME} why?", chat_id=-100, chat_type="supergroup", extra=anonymous))
    bot.run(lambda: api.wait_for_sent(1))
    assert bot.answers.questions == ["why?"]


def test_each_user_topic_and_chat_has_its_own_conversation(bot: Bot, api: BotApi) -> None:
    def group(user_id: int, **extra: object) -> JsonObject:
        text = f"@{BOT_USERNAME} why?"
        return incoming(text, chat_id=-100, user_id=user_id, chat_type="supergroup", extra=extra)

    one_by_one = [
        incoming("first?", chat_id=5),
        incoming("second?", chat_id=5),
        incoming("third?", chat_id=6),
        group(7),
        group(8),
        group(8, message_thread_id=3, is_topic_message=True),
        group(8, message_thread_id=9),
    ]
    bot.run(partial(_one_by_one, api, one_by_one))
    ids = [asked.conversation_id or "" for asked in bot.answers.asked]
    assert len(set(ids)) == 5
    assert ids[0] == ids[1]
    assert ids[4] == ids[6]
    assert all(checked_conversation_id(one) for one in ids)
    assert [asked.client for asked in bot.answers.asked][2:5] == ["tg77", "tg7", "tg8"]


@pytest.mark.parametrize("command", ["/new", "/forget", f"/new@{BOT_USERNAME}"])
def test_a_command_starts_a_new_conversation(bot: Bot, api: BotApi, command: str) -> None:
    texts = ["first?", "second?", command, "third?", "/help", "fourth?"]
    bot.run(partial(_one_by_one, api, [incoming(text) for text in texts]))
    first, second, third, fourth = [asked.conversation_id for asked in bot.answers.asked]
    assert first == second != third == fourth


def test_ids_of_conversations_stay_within_their_limit(tmp_path: Path) -> None:
    records = Records(State(tmp_path / "state.sqlite"))
    asked = Asked(chat_id=-1_009_999_999_999_999, topic_id=2**31, user_id=2**53, question_id=2**31, text="")
    records.begin_conversation(asked)
    assert checked_conversation_id(records.conversation_id(asked))


def test_a_follow_up_shows_the_query_searched(bot: Bot, api: BotApi) -> None:
    bot.answers.reply = lambda question: make_answer(question, searched_as="When did the bridge close?")
    api.deliver(incoming("and close?"))
    bot.run(lambda: api.wait_for_sent(1))
    assert api.sent[0].text.startswith("🔎 When did the bridge close?\n\n🌉 The bridge")


def test_an_edited_question_is_answered_again_in_place(bot: Bot, api: BotApi) -> None:
    bot.answers.reply = lambda question: make_answer(question, quote=f"Answer to {question}.")

    def scenario() -> None:
        asked = incoming("How wide?", chat_id=5, message_id=1)
        api.deliver(asked)
        api.wait_for_sent(1)
        for text in ("How wide?", "How long?"):  # Telegram also reports edits that change no word
            api.deliver(edited(asked, text), kind="edited_message")
        api.wait_until(lambda: api.sent[0].edits == 1)
        api.deliver(incoming("last?", chat_id=5))
        api.wait_for_sent(2)

    bot.run(scenario)
    assert bot.answers.questions == ["How wide?", "How long?", "last?"]
    assert api.sent[0].text.startswith("Answer to How long?. [1]")


def test_an_edit_that_shortens_an_answer_deletes_surplus_messages(bot: Bot, api: BotApi) -> None:
    quotes = {"long?": "Long sentence. " * 400, "short?": "Short sentence."}
    bot.answers.reply = lambda question: make_answer(question, quote=quotes[question].strip())

    def scenario() -> None:
        asked = incoming("long?", message_id=1)
        api.deliver(asked)
        api.wait_for_sent(2)
        api.deliver(edited(asked, "short?"), kind="edited_message")
        api.wait_until(lambda: api.sent[1].deleted)
        api.deliver(edited(asked, "long?"), kind="edited_message")
        api.wait_for_sent(3)

    bot.run(scenario)
    assert [sent.deleted for sent in api.sent] == [False, True, False]
    assert f"{api.sent[0].text} {api.sent[2].text}".startswith(quotes["long?"].strip())


def test_a_slow_answer_delays_no_other_user(bot: Bot, api: BotApi) -> None:
    release = threading.Event()

    def reply(question: str) -> Answer:
        assert question != "slow?" or release.wait(20)
        return make_answer(question)

    def scenario() -> None:
        api.deliver(incoming("slow?", chat_id=1))
        api.deliver(incoming("quick?", chat_id=2))
        assert [sent.chat_id for sent in api.wait_for_sent(1)] == [2]
        release.set()
        api.wait_for_sent(2)

    bot.answers.reply = reply
    bot.run(scenario)
    assert [sent.chat_id for sent in api.sent] == [2, 1]


def test_a_user_over_the_rate_limit_gets_one_notice_and_others_their_answers(bot: Bot, api: BotApi) -> None:
    bot.settings = BotSettings(rate=5)
    for number in range(20):
        api.deliver(incoming(f"question {number}?", chat_id=1, user_id=1))
    api.deliver(incoming("another's?", chat_id=2, user_id=2))
    bot.run(lambda: api.wait_until(lambda: len(api.sent) >= 7 and not api.unconfirmed))
    assert [sent.text for sent in api.sent if sent.chat_id == 1][5:] == [bot_texts("en").slow_down.format(5)]
    assert bot.answers.questions.index("another's?") < 5


def test_a_private_bot_answers_only_allowed_users(bot: Bot, api: BotApi) -> None:
    bot.settings = BotSettings(allowed=frozenset({7, -100}), admins=frozenset({8}))
    api.deliver(incoming("stranger?", chat_id=6, user_id=6))
    api.deliver(incoming("friend?", chat_id=7, user_id=7))
    api.deliver(incoming("admin?", chat_id=8, user_id=8))
    api.deliver(incoming(f"@{BOT_USERNAME} group?", chat_id=-100, user_id=6, chat_type="supergroup"))
    api.deliver(incoming(f"@{BOT_USERNAME} elsewhere?", chat_id=-200, user_id=6, chat_type="supergroup"))
    bot.run(lambda: api.wait_for_sent(4))
    assert sorted(bot.answers.questions) == ["admin?", "friend?", "group?"]
    assert bot_texts("en").private_bot.format(6) in [sent.text for sent in api.sent]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.IndexMissing("run `coopbot index`"), message("ru").unavailable),
        (errors.NotFound("secret detail"), message("ru").went_wrong),
        (ZeroDivisionError("secret detail"), message("ru").went_wrong),
    ],
)
def test_errors_become_friendly_texts(
    bot: Bot, api: BotApi, caplog: pytest.LogCaptureFixture, error: Exception, expected: str
) -> None:
    def reply(question: str) -> Answer:
        raise error

    bot.answers.reply = reply
    api.deliver(incoming(_QUESTIONS["ru"]))
    bot.run(lambda: api.wait_for_sent(1))
    assert [sent.text for sent in api.sent] == [expected]
    assert type(error).__name__ in caplog.text
    assert str(error) not in caplog.text


class _Held:
    """Another interface's question, which keeps the only place at work until it is let go."""

    def __init__(self, admission: Admission) -> None:
        self.let_go, begun = threading.Event(), threading.Event()

        def work(watch: Watch) -> None:
            begun.set()
            assert self.let_go.wait(20)

        admission.ask("of the page", work)
        assert begun.wait(20)


def test_questions_wait_for_their_turn_among_those_of_all_interfaces(bot: Bot, api: BotApi) -> None:
    bot.admission = Admission(QuestionLimits(at_once=1, waiting=10))
    held = _Held(bot.admission)

    def scenario() -> None:
        for kind, update in (
            ("message", incoming("why?", chat_id=1, user_id=1)),
            ("message", incoming("/search bridges", chat_id=2, user_id=2)),
            ("message", incoming("/start", chat_id=3, user_id=3)),
            ("inline_query", inline("q1", "bridge opening", user_id=4)),
        ):
            api.deliver(update, kind=kind)
        api.wait_until(lambda: bot.admission.waiting == 4)
        assert (bot.answers.asked, api.sent) == ([], [])
        held.let_go.set()
        api.wait_for_sent(3)
        api.wait_until(lambda: bool(api.offered))

    bot.run(scenario)


@pytest.mark.parametrize("language", LANGUAGES)
def test_when_too_many_wait_the_bot_says_when_to_ask_again(bot: Bot, api: BotApi, language: Language) -> None:
    bot.admission = Admission(QuestionLimits(at_once=1, waiting=1))
    held = _Held(bot.admission)

    def scenario() -> None:
        api.deliver(incoming("first?", chat_id=1, user_id=1))
        api.wait_until(lambda: bot.admission.waiting == 1)
        api.deliver(incoming(_QUESTIONS[language], chat_id=2, user_id=2))
        assert [sent.text for sent in api.wait_for_sent(1)] == [message(language).busy.replace("…", "5")]
        held.let_go.set()
        api.wait_for_sent(2)

    bot.run(scenario)
    assert bot.answers.questions == ["first?"]


def test_a_question_that_the_end_of_the_process_refuses_is_answered_after_the_next_start(bot: Bot, api: BotApi) -> None:
    bot.admission = Admission(QuestionLimits(at_once=1, waiting=10))
    held = _Held(bot.admission)

    def scenario() -> None:
        api.deliver(incoming("why?"))
        api.wait_until(lambda: bot.admission.waiting == 1)
        bot.admission.stop(0.5)  # the bot is stopped as soon as this returns

    bot.run(scenario)
    assert api.sent == []
    held.let_go.set()
    bot.admission = Admission()
    bot.run(lambda: api.wait_for_sent(1))
    assert bot.answers.questions == ["why?"]


def test_logs_contain_neither_token_nor_question(bot: Bot, api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def reply(question: str) -> Answer:
        if "fails" in question:
            raise RuntimeError(question)
        return make_answer(question, quote="a very private answer")

    bot.answers.reply = reply
    for text in ("a very private question", "a question that fails"):
        api.deliver(incoming(text))
    bot.run(lambda: api.wait_for_sent(2))
    assert "RuntimeError" in caplog.text
    for secret in (TOKEN, "very private", "that fails"):
        assert secret not in caplog.text


def test_every_text_takes_the_same_values_in_every_language() -> None:
    own = {language: json.loads(text_file(language, "bot")) for language in INTERFACE_LANGUAGES}
    assert all(texts.keys() | {"buttons"} == {field.name for field in fields(BotTexts)} for texts in own.values())
    assert len({len(texts["subjects"]) for texts in own.values()}) == 1
    for name, text in own["en"].items():
        assert {str(texts[name]).count("{}") for texts in own.values()} == {str(text).count("{}")}
        by_label = name == "subjects"
        assert by_label or not isinstance(text, dict) or all(texts[name].keys() == text.keys() for texts in own.values())


def test_the_menu_of_commands_is_set_in_three_languages(bot: Bot, api: BotApi) -> None:
    bot.run(lambda: api.wait_until(lambda: len(api.called("setMyCommands")) == 3))
    assert [params.get("language_code") for params in api.called("setMyCommands")] == [None, "zh", "ru"]


def test_a_menu_that_is_refused_does_not_stop_the_bot(bot: Bot, api: BotApi) -> None:
    api.refuse_next("setMyCommands", RefusedError(500, "Internal Server Error"))
    api.deliver(incoming(_QUESTIONS["en"]))
    bot.run(lambda: api.wait_for_sent(1))


@pytest.mark.parametrize("token", ["", "nonsense", f"{TOKEN}x", f"{TOKEN}/../x"])
def test_the_error_for_a_bad_token_names_the_setting_not_the_token(api: BotApi, tmp_path: Path, token: str) -> None:
    with pytest.raises(errors.Misconfigured, match="COOPBOT_TELEGRAM_TOKEN") as caught:
        _run(tmp_path, token=token, api_url=api.url)
    assert not token or token not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_the_error_for_an_unreachable_server_names_the_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(errors.Misconfigured, match="COOPBOT_TELEGRAM_API_URL"):
        _run(tmp_path, token=TOKEN, api_url=url)


def _run(folder: Path, *, token: str, api_url: str) -> None:
    backend = Backend(answerer=FakeAnswers(), index=make_index(folder / "index"), admission=Admission())
    process = BotProcess(heartbeat=folder / "heartbeat", shutdown_s=10)
    settings = BotSettings(token=SecretStr(token), api_url=api_url)
    run_bot(BotService(backend, settings, process, State(folder / "state.sqlite")))


def _one_by_one(api: BotApi, messages: list[JsonObject]) -> None:
    for number, one in enumerate(messages, 1):
        api.deliver(one)
        api.wait_for_sent(number)
