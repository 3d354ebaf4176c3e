"""Buttons, commands, inline queries, digests and the commands of admins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import JsonObject, inline, press
from benchmarks.telegram.bot_api.updates import message as incoming
from coopbot.domain import Answer
from coopbot.index.build import build
from coopbot.ingest.draft import Draft
from coopbot.serve.changes import Changes
from coopbot.serve.messages import message
from coopbot.serve.sections import BotSettings
from coopbot.serve.telegram.buttons import read_press
from coopbot.serve.telegram.texts import bot_texts
from coopbot.state import State
from tests.fakes import BagOfWords, make_article

from .fake_editor import FakeEditor
from .telegram_bot import ARTICLE, PASSAGE, QUOTE, Bot, make_answer

_EN = bot_texts("en")


class _Presses:
    """Presses buttons under messages, each by its label."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._count = 0

    def __call__(self, label: str, sent: int = 0, *, user_id: int = 77) -> None:
        shown = self._api.sent[sent]
        self.data(shown.button(label), chat_id=shown.chat_id, message_id=shown.message_id, user_id=user_id)

    def data(self, data: str, *, chat_id: int = 1, message_id: int = 1, user_id: int = 77) -> None:
        self._count += 1
        query = press(f"q{self._count}", data, chat_id=chat_id, message_id=message_id, user_id=user_id)
        self._api.deliver(query, kind="callback_query")
        self._api.wait_until(lambda: len(self._api.answered_presses) == self._count)


@pytest.fixture
def presses(api: BotApi) -> _Presses:
    return _Presses(api)


def test_views_replace_the_answer_and_lead_back(bot: Bot, api: BotApi, presses: _Presses) -> None:
    shown: list[str] = []

    def scenario() -> None:
        api.deliver(incoming("When did it open?", chat_id=5))
        api.wait_for_sent(1)
        shown.append(api.sent[0].text)
        for label in (_EN.in_context, _EN.more_sources, _EN.past_year, _EN.other_languages):
            for pressed in (label, _EN.back):
                presses(pressed)
                api.wait_until(lambda: api.sent[0].edits == len(shown))
                shown.append(api.sent[0].text)

    bot.run(scenario)
    answer, context, back, more, *rest = shown
    assert context.startswith(_EN.heading_context)
    assert PASSAGE in context
    assert '"type": "underline"' in api.called("editMessageText")[0]["entities"]
    assert more.startswith(_EN.heading_more)
    assert more.count("Passage about") == 3
    assert rest[1].startswith(_EN.heading_past_year)
    assert rest[3].startswith(_EN.heading_other_languages)
    assert {back, *rest[0::2]} == {answer}
    filters = [one.filters for one in bot.answers.asked if one.filters]
    assert [one.published_from for one in filters if one.published_from] == [date.today() - timedelta(days=365)]
    assert [one.languages for one in filters if one.languages] == [("zh", "ru")]
    assert len(api.sent) == 1


_STALE = ["0:context:1", "2:context:1", "context", "1:context:999", "1:context:x", "1:good:", "1::", "x" * 64, "1:context:²"]


@pytest.mark.parametrize("data", _STALE)
def test_an_outdated_button_shows_a_notice(bot: Bot, api: BotApi, presses: _Presses, data: str) -> None:
    bot.run(lambda: presses.data(data))
    assert [text for _, text in api.answered_presses] == [_EN.too_old]
    assert api.sent == []


def test_a_button_cannot_show_an_answer_from_another_chat(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        api.deliver(incoming("private?", chat_id=5))
        api.wait_for_sent(1)
        presses.data(api.sent[0].button(_EN.in_context), chat_id=6, message_id=1)

    bot.run(scenario)
    assert [text for _, text in api.answered_presses] == [_EN.too_old]


def test_votes_are_kept_for_admins(bot: Bot, api: BotApi, presses: _Presses) -> None:
    bot.settings = BotSettings(admins=frozenset({8}), rate=1000)

    def scenario() -> None:
        for number, question in enumerate(("good one?", "bad one?")):
            api.deliver(incoming(question))
            api.wait_for_sent(number + 1)
        presses("👍", 0)
        presses("👎", 0)
        presses("👍", 0)
        presses("👎", 1)
        api.deliver(incoming("/feedback", chat_id=8, user_id=8))
        api.wait_for_sent(3)

    bot.run(scenario)
    assert api.sent[2].text == "👍 1  👎 1\n👎 bad one?"
    assert {text for _, text in api.answered_presses} == {_EN.thanks}


def test_examples_are_questions_that_are_answered(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def reply(question: str) -> Answer:
        if "Primorye" in question or "500 kV" in question:
            return make_answer(question, outcome="no_evidence", claims=())
        return make_answer(question)

    bot.answers.reply = reply

    def scenario() -> None:
        api.deliver(incoming("/start"))
        api.wait_for_sent(1)
        presses("Zabaikalsk")
        api.wait_for_sent(2)

    bot.run(scenario)
    labels = [row[0]["text"] for row in api.sent[0].keyboard["inline_keyboard"]]
    assert len(labels) == 3
    assert not any("Primorye" in label or "500 kV" in label for label in labels)
    assert api.sent[1].text.startswith("🔎 What is the capacity of the Zabaikalsk grain terminal?\n\n🌉")


def test_search_sources_and_help(bot: Bot, api: BotApi) -> None:
    for text in ("/search bridges", "/sources", "/help", "/search", "/weather"):
        api.deliver(incoming(text))
    bot.run(lambda: api.wait_for_sent(5))
    search, sources, help_text, bare, unknown = [sent.text for sent in api.sent]
    assert search.startswith(
        "Passages for “bridges”\n\n1. A bridge opens\nAmur Herald · 10 June 2022\n0. Passage about bridges."
    )
    assert "1 in English" in sources
    assert "Amur Herald" in sources
    assert "/subscribe" in help_text
    assert bare.endswith("/search When did the bridge open?")
    assert unknown == help_text


def test_fixed_texts_are_in_the_chosen_language(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        api.deliver(incoming("/language"))
        api.wait_for_sent(1)
        presses("Русский")
        api.wait_for_sent(2)
        api.deliver(incoming("/new"))
        api.wait_for_sent(3)

    bot.run(scenario)
    assert api.sent[1].text == bot_texts("ru").language_chosen
    assert api.sent[2].text == message("ru").begun_anew


def test_forget_deletes_stored_data_and_lists_it(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        for number, text in enumerate(("one?", "two?", "/subscribe weekly bridge", "/forget", "/forget")):
            api.deliver(incoming(text))
            api.wait_for_sent(number + 1)
            if number == 1:
                presses("👍")

    bot.run(scenario)
    assert api.sent[3].text == "Deleted: ratings: 1, questions: 2, subscriptions: 1."
    assert api.sent[4].text == _EN.nothing_to_forget
    service = bot.service()
    for table in ("answers", "votes", "languages", "subscriptions", "outbox"):
        assert service._state.number(f"SELECT COUNT(*) FROM {table}") == 0
    assert service._state.number("SELECT COUNT(*) FROM updates WHERE body IS NOT NULL") == 0
    service._state.close()


def test_inline_queries_offer_the_answer_and_passages(bot: Bot, api: BotApi) -> None:
    api.deliver(inline("q1", "bridge opening"), kind="inline_query")
    bot.run(lambda: api.wait_until(lambda: bool(api.offered)))
    (results,) = api.offered
    assert [one["id"] for one in results] == ["answer", "passage1", "passage2", "passage3"]
    assert results[0]["input_message_content"]["message_text"].startswith(f"🔎 bridge opening\n\n{QUOTE} [1]")
    assert results[0]["description"] == "A bridge opens · Amur Herald · 10 June 2022"
    assert api.called("answerInlineQuery")[0]["cache_time"] == "300"
    assert api.sent == []


def test_only_the_latest_inline_query_is_answered(bot: Bot, api: BotApi) -> None:
    for number, text in enumerate(("b", "bri", "bridge", "bridge open", "")):
        api.deliver(inline(f"q{number}", text), kind="inline_query")
    bot.run(lambda: api.wait_until(lambda: bool(api.offered)))
    assert api.offered == [[]]
    assert api.called("answerInlineQuery")[-1]["inline_query_id"] == "q4"
    assert len(bot.answers.asked) <= 1


def test_an_expired_inline_query_causes_no_error(bot: Bot, api: BotApi) -> None:
    api.deliver(inline("q1", "bridge opening"), kind="inline_query")
    api._queries.clear()
    api.deliver(incoming("last?"))
    bot.run(lambda: api.wait_for_sent(1), refused=1)


def test_a_digest_lists_new_articles_on_the_subject(bot: Bot, api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._DIGESTS_EVERY_S", 0.05)
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._DAY_S", 0.2)
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._EARLY_S", 0.0)
    bot.settings = BotSettings(rate=1000)
    new = make_article("en/port", "Grain leaves the port of Zarubino.", title="A port grows", published=date(2026, 1, 2))
    other = make_article("en/rail", "Rails are laid.", title="Rails")

    def scenario() -> None:
        api.deliver(incoming("/subscribe daily grain", chat_id=5))
        api.deliver(incoming("/subscribe daily", chat_id=6))
        api.wait_for_sent(2)
        embedder = BagOfWords()
        build([ARTICLE, new, other], embedder, bot.folder / "index", model="bag of words", precision="f32")
        api.wait_for_sent(4)
        for chat_id in (5, 6):
            api.deliver(incoming("/unsubscribe", chat_id=chat_id))
        api.wait_for_sent(6)

    bot.run(scenario)
    first, second = sorted(api.sent[2:4], key=lambda sent: sent.chat_id)
    assert first.text == "📰 New articles about “grain”\n\nA port grows\nExample News · 2 January 2026"
    assert second.text.startswith("📰 New articles\n\nA port grows\n")
    assert "Rails" in second.text
    assert ARTICLE.title not in second.text


@pytest.fixture
def admin_bot(bot: Bot) -> Iterator[Bot]:
    bot.settings = BotSettings(admins=frozenset({8}), rate=1000)
    editor = FakeEditor(bot.folder / "index", BagOfWords(), [ARTICLE])
    editor.web["https://news.example/a"] = Draft(title="A port grows", text="Grain leaves the port.")
    with Changes(editor, State(None)) as changes:
        bot.changes = changes
        yield bot


def test_an_admin_adds_an_address_and_sees_the_progress(admin_bot: Bot, api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.serve.telegram.commands._PROGRESS_EVERY_S", 0.05)
    api.deliver(incoming("/add https://news.example/a", chat_id=8, user_id=8))
    admin_bot.run(lambda: api.wait_until(lambda: bool(api.sent) and api.sent[0].text.startswith("✅")))
    assert api.called("sendMessage")[0]["text"] == "⏳ Reading https://news.example/a …"
    assert len(api.sent) == 1


def test_a_failed_addition_is_reported_in_the_same_message(
    admin_bot: Bot, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coopbot.serve.telegram.commands._PROGRESS_EVERY_S", 0.05)
    api.deliver(incoming("/add https://news.example/none", chat_id=8, user_id=8))
    admin_bot.run(lambda: api.wait_until(lambda: bool(api.sent) and api.sent[0].text.startswith("⚠️")))
    assert "answered 404" in api.sent[0].text


def test_an_admin_adds_a_file(admin_bot: Bot, api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.serve.telegram.commands._PROGRESS_EVERY_S", 0.05)
    api.files["F1"] = b"# A port\n\nGrain leaves the port."
    document: JsonObject = {
        "document": {"file_id": "F1", "file_unique_id": "u", "file_name": "port", "mime_type": "text/markdown"}
    }
    api.deliver(incoming(None, chat_id=8, user_id=8, extra=document))
    api.deliver(incoming(None, chat_id=8, user_id=8, extra={**document, "caption": "/add"}))
    admin_bot.run(lambda: api.wait_until(lambda: len(api.sent) == 2 and api.sent[1].text.startswith("✅")))
    assert api.sent[0].text == _EN.add_hint


_REPLIES = [("/add", _EN.add_what), ("/status", "snapshot "), ("/rebuild", _EN.rebuilding), ("/feedback", "👍 0  👎 0")]


@pytest.mark.parametrize(("text", "expected"), _REPLIES)
def test_other_commands_of_admins(admin_bot: Bot, api: BotApi, text: str, expected: str) -> None:
    api.deliver(incoming(text, chat_id=8, user_id=8))
    admin_bot.run(lambda: api.wait_for_sent(1))
    assert api.called("sendMessage")[0]["text"].startswith(expected)


def test_without_jobs_changes_are_off(bot: Bot, api: BotApi) -> None:
    bot.settings = BotSettings(admins=frozenset({8}), rate=1000)
    api.deliver(incoming("/rebuild", chat_id=8, user_id=8))
    bot.run(lambda: api.wait_for_sent(1))
    assert api.sent[0].text == _EN.changes_off


def test_the_data_of_buttons_has_a_version() -> None:
    assert read_press("1:context:5") is not None
    assert read_press("2:context:5") is None
    assert read_press(None) is None
