"""The commands for all users."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import lru_cache
from itertools import islice

from telegram import Bot, BotCommand, InlineKeyboardMarkup

from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, MAX_QUESTION_CHARS, Language
from coopbot.serve.messages import format_date, message
from coopbot.serve.telegram.buttons import example_keyboard, language_keyboard, subscribe_keyboard
from coopbot.serve.telegram.format import passage_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import Incoming
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.subscriptions import MAX_SUBJECT_CHARS, subscribe, unsubscribe
from coopbot.serve.telegram.texts import bot_texts

_EXAMPLES = 3
_PASSAGES = 5
_PUBLISHERS = 5
_COUNTED = 5000
_DAYS = {"daily": 1, "weekly": 7}

Reply = tuple[str | list[Part], InlineKeyboardMarkup | None]


class Commands:
    """Replies to commands; an unknown one gets the help text."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._examples = lru_cache(maxsize=len(LANGUAGES))(self._find_examples)

    async def handle(self, waiting: Waiting, incoming: Incoming) -> None:
        """Reply to a command."""
        shown, keyboard = await self._reply(incoming, self._kit.language(incoming))
        self._kit.reply(waiting, incoming, shown, keyboard)

    async def _reply(self, incoming: Incoming, language: Language) -> Reply:
        texts = bot_texts(language)
        match incoming.command:
            case "start":
                return await self._start(incoming, language)
            case "search":
                return await self._search(incoming, language), None
            case "sources":
                return await self._kit.in_thread(sources_text, self._kit.library.index.current(), language), None
            case "new":
                self._kit.records.begin_conversation(incoming)
                return message(language).begun_anew, None
            case "language":
                return texts.choose_language, language_keyboard(language)
            case "subscribe":
                return self._subscribe(incoming, language)
            case "unsubscribe":
                ended = unsubscribe(self._kit, incoming.chat_id, incoming.user_id)
                return texts.unsubscribed if ended else texts.not_subscribed, None
            case "about":
                return texts.about, None
            case "forget":
                return self._forget(incoming, language), None
        commands = "\n".join(f"/{name} – {text}" for name, text in texts.commands.items())
        return f"{message(language).help}\n\n{commands}", None

    async def _start(self, incoming: Incoming, language: Language) -> Reply:
        self._kit.records.begin_conversation(incoming)
        index = self._kit.library.index
        looking = self._kit.in_thread(lambda: self._examples(index.current().snapshot_id, language))
        examples = await self._kit.while_typing(incoming, looking)
        return message(language).start, example_keyboard(examples, language)

    async def _search(self, incoming: Incoming, language: Language) -> str | list[Part]:
        words = incoming.text[:MAX_QUESTION_CHARS]
        texts = bot_texts(language)
        if not words:
            return texts.ask_what.replace("/ask", "/search")
        found = await self._kit.in_thread(self._kit.library.answers.search, words, top_k=_PASSAGES)
        if not found.hits:
            return texts.nothing_found.format(words)
        return passage_parts(found, found.hits, language, texts.found.format(words))

    def _subscribe(self, incoming: Incoming, language: Language) -> Reply:
        often, _, subject = incoming.text.partition(" ")
        if often.lower() not in _DAYS:
            return bot_texts(language).subscribe_how, subscribe_keyboard(language)
        days, subject = _DAYS[often.lower()], " ".join(subject.split())[:MAX_SUBJECT_CHARS]
        return subscribe(self._kit, incoming.chat_id, incoming.user_id, days, subject, language), None

    def _forget(self, incoming: Incoming, language: Language) -> str:
        """Also ends the conversation. The waiting updates counted exclude this command itself."""
        deleted = self._kit.records.forget(incoming.user_id)
        waiting = self._kit.inbox.forget(incoming.user_id) - 1
        if waiting > 0:
            deleted["updates"] = waiting
        self._kit.records.begin_conversation(incoming)
        texts = bot_texts(language)
        lines = [texts.stored[name].format(count) for name, count in deleted.items()]
        return texts.forgotten.format(", ".join(lines)) if lines else texts.nothing_to_forget

    def _find_examples(self, snapshot_id: str, language: Language) -> list[tuple[int, str]]:
        """The first few example questions that the snapshot answers, each with its index."""
        ask, examples = self._kit.library.answers.ask, enumerate(bot_texts(language).examples)
        answered = (example for example in examples if ask(example[1]).outcome == "answered")
        return list(islice(answered, _EXAMPLES))


def sources_text(store: VectorStore, language: Language) -> str:
    """A summary of the index: articles by language, range of dates, and main publishers."""
    articles = store.articles(0, _COUNTED)
    texts = bot_texts(language)
    counts = Counter(article.language for article in articles)
    lines = [texts.sources_heading.format(store.manifest.articles)]
    lines += [f"• {texts.sources_counts[one].format(counts[one])}" for one in LANGUAGES if counts[one]]
    dates: list[date] = sorted(article.published for article in articles if article.published)
    if dates:
        lines.append(texts.sources_dates.format(format_date(dates[0], language), format_date(dates[-1], language)))
    publishers = [name for name, _ in Counter(a.publisher for a in articles if a.publisher).most_common(_PUBLISHERS)]
    if publishers:
        lines.append(texts.sources_publishers.format(", ".join(publishers)))
    return "\n".join(lines)


async def show_menu(bot: Bot) -> None:
    """Set the commands in the menus of Telegram's clients. Raises TelegramError."""
    for language in LANGUAGES:
        commands = [BotCommand(name, text) for name, text in bot_texts(language).commands.items()]
        # Without a language code: for clients in all other languages.
        await bot.set_my_commands(commands, language_code=None if language == "en" else language)
