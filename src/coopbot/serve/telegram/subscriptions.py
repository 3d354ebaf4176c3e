"""Digests of new articles: subscriptions, finding new articles, and sending."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from sqlite3 import Row

from telegram import InlineKeyboardMarkup
from telegram.constants import MessageEntityType

from coopbot.ask.store import VectorStore
from coopbot.domain import INTERFACE_LANGUAGES, Article, InterfaceLanguage
from coopbot.errors import CoopbotError
from coopbot.serve.telegram.buttons import in_rows, named, subjects_keyboard
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Block, marked, pack
from coopbot.serve.telegram.passages import article_line
from coopbot.serve.telegram.texts import bot_texts
from coopbot.state import State
from coopbot.text.gazetteer import find_names
from coopbot.text.tokens import lexical_tokens

MAX_SUBJECT_CHARS = 100
_DAYS = {"daily": 1, "weekly": 7}
_SHOWN = 10
_PAGE = 500
_DIGESTS_EVERY_S = 300.0
_DAY_S = 86_400.0
# A digest is sent up to an hour early; else it would drift later every day.
_EARLY_S = 3600.0

_log = logging.getLogger(__name__)


def read_request(text: str) -> tuple[int | None, str | None]:
    """Days and subject in the words after /subscribe, such as "weekly bridge", in any language; None where not given."""
    words = " ".join(text.split())
    for language in INTERFACE_LANGUAGES:
        for often, forms in bot_texts(language).often.items():
            for form in forms:
                # Chinese has no space after it.
                found = re.match(rf"{form}(?:\b|(?<=[^\x00-\u04ff]))\W*(.*)", words, re.IGNORECASE)
                if found:
                    return _DAYS[often], found[1][:MAX_SUBJECT_CHARS]
    return None, words[:MAX_SUBJECT_CHARS] or None


def subscribe(
    context: BotContext,
    chat_id: int,
    user_id: int,
    language: InterfaceLanguage,
    *,
    days: int | None = None,
    subject: str | None = None,
) -> None:
    """Add or change a subscription. What is not given stays as it was; a new one is weekly, of all articles."""
    row = _subscription(context, chat_id, user_id)
    days = days or (row["days"] if row else _DAYS["weekly"])
    subject = subject if subject is not None else row["subject"] if row else ""
    query = "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?, ?)"
    context.state.execute(query, chat_id, user_id, days, subject, language, context.state.now_s())


def subscription_shown(
    context: BotContext, chat_id: int, user_id: int, language: InterfaceLanguage, *, ended: bool = False
) -> tuple[str, InlineKeyboardMarkup]:
    """The subscription, with buttons to change it; without one, the choice of subjects. ended: whether it was just ended."""
    row, texts = _subscription(context, chat_id, user_id), bot_texts(language)
    if row is None:
        return texts.unsubscribed if ended else texts.subscribe_how, subjects_keyboard(language)
    shown = texts.subscribed_daily if row["days"] == 1 else texts.subscribed_weekly
    other = "weekly" if row["days"] == 1 else "daily"
    keyboard = in_rows([named(name, language) for name in (other, "subjects", "unsubscribe")])
    return shown.format(texts.about_subject.format(row["subject"]) if row["subject"] else ""), keyboard


def _subscription(context: BotContext, chat_id: int, user_id: int) -> Row | None:
    return context.state.first("SELECT * FROM subscriptions WHERE chat_id = ? AND user_id = ?", chat_id, user_id)


def unsubscribe(context: BotContext, chat_id: int, user_id: int) -> bool:
    """End a subscription. Returns whether there was one."""
    query = "DELETE FROM subscriptions WHERE chat_id = ? AND user_id = ?"
    return context.state.execute(query, chat_id, user_id).rowcount > 0


async def keep_digests(context: BotContext) -> None:
    """Record new articles, send digests and delete expired data, every few minutes."""
    seen = ""
    while True:
        try:
            store = context.backend.index.current()
            if store.snapshot_id != seen:
                await context.in_thread(note_articles, context.state, store)
                seen = store.snapshot_id
            await context.in_thread(send_digests, context)
            context.records.clear_up()
        except CoopbotError as error:  # the index cannot be read at the moment
            _log.warning("Digests were not sent, trying again later: %s", type(error).__name__)
        context.delivery.wake()
        await asyncio.sleep(_DIGESTS_EVERY_S)


def note_articles(state: State, store: VectorStore) -> None:
    """Record when each article was first seen. Those of the first call do not count as new."""
    first_time = not state.number("SELECT COUNT(*) FROM articles")
    seen_at_s = 0.0 if first_time else state.now_s()
    for offset in range(0, store.manifest.articles, _PAGE):
        with state.write():
            for one in store.articles(offset, _PAGE):
                state.execute("INSERT OR IGNORE INTO articles VALUES (?, ?, ?)", one.article_id, one.sha256, seen_at_s)


def send_digests(context: BotContext) -> None:
    """Send the digests that are due."""
    now_s = context.state.now_s()
    due = "SELECT * FROM subscriptions WHERE served_at_s <= ? - days * ?"
    for row in context.state.read(due, now_s + _EARLY_S, _DAY_S):
        articles = _new_articles(context, row["served_at_s"], row["subject"], row["language"])
        query = "UPDATE subscriptions SET served_at_s = ? WHERE chat_id = ? AND user_id = ?"
        with context.state.write():
            context.state.execute(query, now_s, row["chat_id"], row["user_id"])
            context.outbox.put(_digest(row, articles, now_s))


def _digest(row: Row, articles: Sequence[Article], now_s: float) -> list[Outgoing]:
    """The messages with the newest of the articles; none if there are no articles."""
    if not articles:
        return []
    language: InterfaceLanguage = row["language"]
    texts = bot_texts(language)
    heading = texts.digest.format(texts.about_subject.format(row["subject"]) if row["subject"] else "")
    blocks = [marked(heading, MessageEntityType.BOLD), *(article_line(one, language) for one in articles[:_SHOWN])]
    if len(articles) > _SHOWN:
        blocks.append(Block(text=texts.digest_more.format(len(articles) - _SHOWN)))
    return messages(
        pack(blocks), Outgoing(key=f"digest:{row['user_id']}:{now_s:.0f}", chat_id=row["chat_id"], language=language)
    )


def _new_articles(context: BotContext, since_s: float, subject: str, language: InterfaceLanguage) -> list[Article]:
    """The indexed articles first seen since then that fit the subject: those in the reader's language, then the others, newest
    first. A subject fits if the article has all its words, or all names in it, in any language.
    """
    store = context.backend.index.current()
    rows = context.state.read("SELECT article_id FROM articles WHERE first_seen_s > ?", since_s)
    found = [article for row in rows if (article := store.article(row["article_id"])) is not None]
    if subject:
        # Of a subject that the bot offers, any of its terms counts, in any language.
        offered = [list(bot_texts(one).subjects.items()) for one in INTERFACE_LANGUAGES]
        at = next((place for subjects in offered for place, (name, _) in enumerate(subjects) if name == subject), None)
        terms = [subject, *(term for subjects in offered if at is not None for term in subjects[at][1])]
        asked, names = [set(lexical_tokens(term)) for term in terms], find_names(subject)

        def fits(article: Article) -> bool:
            text = f"{article.title}\n{article.text}"
            tokens = set(lexical_tokens(text))
            return any(words <= tokens for words in asked) or (bool(names) and names <= find_names(text))

        found = list(filter(fits, found))
    found.sort(key=lambda one: (one.published is not None, one.published, one.article_id), reverse=True)
    return sorted(found, key=lambda one: one.language != language)
