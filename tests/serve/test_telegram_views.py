"""Buttons, commands, inline queries, digests and the commands of admins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.telegram.bot_api.account import Sent
from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import JsonObject, inline, press
from benchmarks.telegram.bot_api.updates import message as incoming
from coopbot.domain import INTERFACE_LANGUAGES, LANGUAGES, Answer, Language, Source
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.ingest.draft import Draft
from coopbot.sections import BotSettings
from coopbot.serve.changes import Changes
from coopbot.serve.feedback import FeedbackBox
from coopbot.serve.messages import first_questions, message, unbroken
from coopbot.serve.telegram.buttons import buttons, label, read_press
from coopbot.serve.telegram.catalogue import sources_shown
from coopbot.serve.telegram.presses import UNDER_ANSWERS, UNDER_REPLIES
from coopbot.serve.telegram.subscriptions import read_request
from coopbot.serve.telegram.texts import bot_texts
from coopbot.state import State
from coopbot.text.language import detect_language
from tests.fakes import BagOfWords, article_of, make_article

from .fake_editor import FakeEditor
from .telegram_bot import ARTICLE, PASSAGE, QUOTE, Bot, make_answer

_EN = bot_texts("en")


class _Presses:
    """Presses buttons under messages, each by its label."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._count = 0

    def __call__(self, label: str, sent: int = 0, *, language_code: str = "en") -> None:
        shown = self._api.sent[sent]
        self.data(shown.button(label), chat_id=shown.chat_id, message_id=shown.message_id, language_code=language_code)

    def data(self, data: str, *, chat_id: int = 1, message_id: int = 1, language_code: str = "en") -> None:
        self._count += 1
        query = press(f"q{self._count}", data, chat_id=chat_id, message_id=message_id, language_code=language_code)
        self._api.deliver(query, kind="callback_query")
        self._api.wait_until(lambda: len(self._api.answered_presses) == self._count)

    def wait_for_edits(self, edits: int, sent: int = 0) -> None:
        self._api.wait_until(lambda: self._api.sent[sent].edits == edits)


@pytest.fixture
def presses(api: BotApi) -> _Presses:
    return _Presses(api)


def heading(name: str, language: Language = "en") -> str:
    return buttons()[name].heading[language]


def rows(sent: Sent) -> list[list[str]]:
    return [[one["text"] for one in row] for row in sent.keyboard.get("inline_keyboard", [])]


def test_views_replace_the_answer_and_lead_back(bot: Bot, api: BotApi, presses: _Presses) -> None:
    shown: list[str] = []

    def scenario() -> None:
        api.deliver(incoming("When did it open?", chat_id=5))
        api.wait_for_sent(1)
        shown.append(api.sent[0].text)
        edits = 0
        for name in ("context", "more", "year", "languages"):
            for pressed in (*([] if name == "context" else ["menu"]), name, "answer"):
                presses(label(pressed))
                edits += 1
                presses.wait_for_edits(edits)
                shown.append(api.sent[0].text)

    bot.run(scenario)
    answer, context, back, under_menu, more, *rest = shown
    assert context.startswith(heading("context"))
    assert PASSAGE in context
    assert '"type": "underline"' in api.called("editMessageText")[0]["entities"]
    assert more.startswith(heading("more"))
    assert more.count("Passage about") == 3
    assert rest[2].startswith(heading("year"))
    assert rest[5].startswith(heading("languages"))
    assert {back, under_menu, *rest[0:2], *rest[3:5], rest[6]} == {answer}
    filters = [one.filters for one in bot.answers.asked if one.filters]
    assert [one.published_from for one in filters if one.published_from] == [date.today() - timedelta(days=365)]
    assert [one.languages for one in filters if one.languages] == [("zh", "ru")]
    assert len(api.sent) == 1


_KINDS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("When did it open?", {}, ["context", "menu"]),
    ("Когда открыли мост?", {}, ["context", "mine", "menu"]),
    ("Who sings best?", {"outcome": "no_evidence", "claims": ()}, ["more", "menu"]),
    ("What is new?", {"outcome": "articles", "claims": (), "notice": "newest", "articles": (ARTICLE,)}, []),
]


@pytest.mark.parametrize(("question", "changes", "names"), _KINDS)
def test_an_answer_has_one_row_of_at_most_three_buttons(
    bot: Bot, api: BotApi, presses: _Presses, question: str, changes: dict[str, Any], names: list[str]
) -> None:
    language = detect_language(question)
    bot.answers.reply = partial(make_answer, **changes)
    menu: list[list[list[str]]] = []

    def scenario() -> None:
        api.deliver(incoming(question))
        api.wait_for_sent(1)
        if names:
            for pressed in (label("menu", language), label("close", language)):
                menu.append(rows(api.sent[0]))
                presses(pressed)
                api.wait_until(lambda: api.sent[0].edits == len(menu))
            assert rows(api.sent[0]) == menu[0]

    bot.run(scenario)
    assert rows(api.sent[0]) == ([[label(name, language) for name in names]] if names else [])
    assert all(len(row) <= 3 for keyboard in menu for row in keyboard)
    assert not names or menu[1][-1] == ["👍", "👎", label("close", language)]


def test_a_foreign_answer_can_be_had_from_articles_in_the_own_language(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        api.deliver(incoming("Когда открыли мост?"))
        api.wait_for_sent(1)
        presses(label("mine", "ru"))
        api.wait_until(lambda: api.sent[0].edits == 1)

    bot.run(scenario)
    assert api.sent[0].text.startswith(heading("mine", "ru"))
    assert [one.filters.languages for one in bot.answers.asked if one.filters] == [("ru",)]


def test_every_button_has_its_code_and_its_texts_in_three_languages() -> None:
    named = buttons()
    dynamic = {"example", "language", "subject", "newest"}
    assert UNDER_ANSWERS.keys() | UNDER_REPLIES.keys() == set(named) | dynamic
    assert all(set(one.heading or LANGUAGES) == set(LANGUAGES) for one in named.values())
    labels = [label(name, language) for name in named for language in INTERFACE_LANGUAGES]
    assert all(0 < len(text) <= 20 for text in labels)


_STALE = [
    "0:context:1",
    "2:context:1",
    "context",
    "1:context:999",
    "1:context:x",
    "1:good:",
    "1::",
    "x" * 64,
    "1:context:²",
    "1:context:1.x",
    "1:subject:99",
    "1:newest:fr",
    "1:language:",
    "1:example:en99",
]


@pytest.mark.parametrize("data", _STALE)
def test_an_outdated_button_shows_a_notice(bot: Bot, api: BotApi, presses: _Presses, data: str) -> None:
    bot.run(lambda: presses.data(data))
    assert [text for _, text in api.answered_presses] == [_EN.too_old]
    assert api.sent == []


def test_a_button_cannot_show_an_answer_from_another_chat(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        api.deliver(incoming("private?", chat_id=5))
        api.wait_for_sent(1)
        presses.data(api.sent[0].button(label("context")), chat_id=6, message_id=1)

    bot.run(scenario)
    assert [text for _, text in api.answered_presses] == [_EN.too_old]


def test_votes_are_kept_for_admins(bot: Bot, api: BotApi, presses: _Presses) -> None:
    bot.settings = BotSettings(admins=frozenset({8}), rate=1000)

    def scenario() -> None:
        for number, question in enumerate(("good one?", "bad one?")):
            api.deliver(incoming(question))
            api.wait_for_sent(number + 1)
        for sent, pressed in ((0, "👍"), (0, "👎"), (0, "👍"), (1, "👎")):
            if label("good") not in rows(api.sent[sent])[-1]:
                presses(label("menu"), sent)
                presses.wait_for_edits(1, sent)
            presses(pressed, sent)
        api.deliver(incoming("/feedback", chat_id=8, user_id=8))
        api.wait_for_sent(3)

    bot.run(scenario)
    assert api.sent[2].text == "👍 1  👎 1  🈯 0\n👎 bad one?"
    assert [text for _, text in api.answered_presses if text] == [_EN.thanks] * 4


def test_a_vote_on_an_answer_to_somebody_else_stores_no_question(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        api.deliver(incoming("private?", chat_id=5, user_id=1))
        api.wait_for_sent(1)
        data = api.sent[0].button(label("menu")).replace("menu", "wrong_language")
        presses.data(data, chat_id=5, message_id=api.sent[0].message_id)

    bot.run(scenario)
    (stored,) = FeedbackBox(bot.state()).latest(10)
    assert (stored.feedback.verdict, stored.feedback.channel, stored.feedback.language) == ("wrong_language", "telegram", "en")
    assert (stored.feedback.question, stored.feedback.searched_as) == ("", "")


def test_examples_are_questions_that_are_answered(bot: Bot, api: BotApi, presses: _Presses) -> None:
    first, unanswered, *others = first_questions("en")

    def reply(question: str) -> Answer:
        if question == unanswered:
            return make_answer(question, outcome="no_evidence", claims=())
        return make_answer(question)

    bot.answers.reply = reply

    def scenario() -> None:
        api.deliver(incoming("/start"))
        api.wait_for_sent(1)
        presses(first)
        api.wait_for_sent(2)

    bot.run(scenario)
    labels = [row[0]["text"] for row in api.sent[0].keyboard["inline_keyboard"]]
    assert labels == [first, *others[:2]]
    assert api.sent[1].text.startswith(f"🔎 {first}\n\n🌉")


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
        api.wait_until(lambda: api.sent[0].edits == 1)
        api.deliver(incoming("/new"))
        api.wait_for_sent(2)

    bot.run(scenario)
    assert api.sent[0].text == bot_texts("ru").language_chosen
    assert api.sent[1].text == message("ru").begun_anew


def test_forget_deletes_stored_data_and_lists_it(bot: Bot, api: BotApi, presses: _Presses) -> None:
    def scenario() -> None:
        for number, text in enumerate(("one?", "two?", "/subscribe weekly bridge", "/forget", "/forget")):
            api.deliver(incoming(text))
            api.wait_for_sent(number + 1)
            if number == 1:
                presses(label("menu"))
                api.wait_until(lambda: api.sent[0].edits == 1)
                presses("👍")

    bot.run(scenario)
    assert api.sent[3].text == "Deleted: ratings (1), questions (2), subscriptions (1)."
    assert api.sent[4].text == _EN.nothing_to_forget
    service = bot.service()
    for table in ("answers", "feedback", "languages", "subscriptions", "outbox"):
        assert service._state.number(f"SELECT COUNT(*) FROM {table}") == 0
    assert service._state.number("SELECT COUNT(*) FROM updates WHERE body IS NOT NULL") == 0
    service._state.close()


def test_inline_queries_offer_the_answer_and_passages(bot: Bot, api: BotApi) -> None:
    api.deliver(inline("q1", "bridge opening"), kind="inline_query")
    bot.run(lambda: api.wait_until(lambda: bool(api.offered)))
    (results,) = api.offered
    assert [one["id"] for one in results] == ["answer", "passage1", "passage2", "passage3"]
    assert results[0]["input_message_content"]["message_text"].startswith(unbroken(f"🔎 bridge opening\n\n{QUOTE} [1]"))
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


_TYPED: list[tuple[str, int, str]] = [
    ("", 7, ""),
    ("daily", 1, ""),
    ("Weekly Bridge", 7, "Bridge"),
    ("мост", 7, "мост"),
    ("Каждый день: мост", 1, "мост"),
    ("раз в неделю порт Зарубино", 7, "порт Зарубино"),
    ("每周 大桥", 7, "大桥"),
    ("每天大桥", 1, "大桥"),
    ("dailyness", 7, "dailyness"),
]


@pytest.mark.parametrize(("typed", "days", "subject"), _TYPED)
def test_a_subscription_is_typed_in_the_users_language(typed: str, days: int, subject: str) -> None:
    given_days, given_subject = read_request(typed)
    assert (given_days or 7, given_subject or "") == (days, subject)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subscription_is_chosen_changed_and_ended_by_buttons(
    bot: Bot, api: BotApi, presses: _Presses, language: Language
) -> None:
    texts, shown = bot_texts(language), list[str]()
    subject = list(texts.subjects)[2]

    def scenario() -> None:
        api.deliver(incoming("/subscribe", language_code=language))
        api.wait_for_sent(1)
        for pressed in (
            subject,
            label("daily", language),
            label("subjects", language),
            subject,
            label("unsubscribe", language),
        ):
            shown.append(api.sent[0].text)
            presses(pressed, language_code=language)
            api.wait_until(lambda: api.sent[0].edits == len(shown))
        shown.append(api.sent[0].text)

    bot.run(scenario)
    about = texts.about_subject.format(subject)
    weekly, daily = texts.subscribed_weekly.format(about), texts.subscribed_daily.format(about)
    assert shown == [texts.subscribe_how, weekly, daily, texts.subscribe_how, daily, texts.unsubscribed]
    assert len(api.sent) == 1


def test_the_newest_articles_of_a_language_are_listed(bot: Bot, api: BotApi, presses: _Presses) -> None:
    shown: list[str] = []

    def scenario() -> None:
        api.deliver(incoming("/sources"))
        api.wait_for_sent(1)
        for pressed in ("English · 1", label("sources")):
            shown.append(api.sent[0].text)
            presses(pressed)
            api.wait_until(lambda: api.sent[0].edits == len(shown))
        shown.append(api.sent[0].text)

    bot.run(scenario)
    assert shown[1] == f"{_EN.newest_heading['en']}\n\nA bridge opens\nAmur Herald · 10 June 2022"
    assert shown[2] == shown[0]


def test_main_publishers_are_those_of_the_sources_that_articles_were_written_from(tmp_path: Path) -> None:
    sources = [Source(publisher=name, url="") for name in ("Xinhua", "Xinhua", "TASS")]
    articles = [
        make_article("en/one", "One bridge.", publisher="own briefs", sources=tuple(sources)),
        make_article("en/two", "Two bridges.", publisher="own briefs", sources=tuple(sources[:1])),
        make_article("en/three", "Three bridges.", publisher="Amur Herald"),
        article_of("ru/four", _FOOTNOTED),
    ]
    build(articles, BagOfWords(), tmp_path, model="bag of words", precision="f32")
    text, _ = sources_shown(LiveIndex(tmp_path, BagOfWords().fingerprint).current(), "en")
    assert text.endswith(("Most often from: Xinhua, TASS, Amur Herald.", "Xinhua, Amur Herald, TASS."))


# Whose sentences have sources of their own, named in another language.
_FOOTNOTED = """---
publisher: own briefs
language: ru
footnotes:
  a:
    sources:
      - publisher: Синьхуа
---
Построен мост.[^a]
"""


def test_a_digest_has_the_readers_language_first(bot: Bot, api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._DIGESTS_EVERY_S", 0.05)
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._DAY_S", 0.2)
    monkeypatch.setattr("coopbot.serve.telegram.subscriptions._EARLY_S", 0.0)
    bot.settings = BotSettings(rate=1000)
    new = [
        make_article("en/rail", "A railway is laid.", title="Rails", published=date(2026, 1, 2)),
        make_article("ru/rail", "По железной дороге пошли поезда.", language="ru", title="Поезда", published=date(2025, 1, 2)),
        make_article("ru/cat", "Кошка спит.", language="ru", title="Кошка", published=date(2025, 1, 3)),
    ]

    def scenario() -> None:
        api.deliver(incoming("/subscribe каждый день Железные дороги", language_code="ru"))
        api.wait_for_sent(1)
        build([ARTICLE, *new], BagOfWords(), bot.folder / "index", model="bag of words", precision="f32")
        api.wait_for_sent(2)
        api.deliver(incoming("/unsubscribe"))
        api.wait_for_sent(3)

    bot.run(scenario)
    assert [line for line in api.sent[1].text.split("\n") if line in ("Rails", "Поезда", "Кошка")] == ["Поезда", "Rails"]


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


_REPLIES = [("/add", _EN.add_what), ("/status", "snapshot "), ("/rebuild", _EN.rebuilding), ("/feedback", "👍 0  👎 0  🈯 0")]


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
