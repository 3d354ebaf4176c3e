"""The commands: those for all users, and those of admins, who add articles, rebuild the index and see its state."""

from __future__ import annotations

import asyncio
import logging

from telegram import Bot, BotCommand, InlineKeyboardMarkup
from telegram.error import TelegramError

from coopbot.domain import INTERFACE_LANGUAGES, MAX_QUESTION_CHARS, InterfaceLanguage
from coopbot.errors import CoopbotError, Duplicate
from coopbot.ingest.addresses import is_meant_as_address
from coopbot.ingest.formats.readers import with_extension
from coopbot.serve.changes import Change, Changes
from coopbot.serve.feedback import Verdict
from coopbot.serve.logs import without_secrets
from coopbot.serve.messages import error_text, first_questions, listed, message
from coopbot.serve.telegram.buttons import example_keyboard, language_keyboard
from coopbot.serve.telegram.catalogue import sources_shown
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import Incoming
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.passages import passage_parts
from coopbot.serve.telegram.subscriptions import read_request, subscribe, subscription_shown, unsubscribe
from coopbot.serve.telegram.texts import bot_texts

_EXAMPLES = 3
_PASSAGES = 5
_PROGRESS_EVERY_S = 2.0
_DISLIKED = 10
_SIGNS: dict[Verdict, str] = {"good": "👍", "bad": "👎", "wrong_language": "🈯"}

_log = logging.getLogger(__name__)

Reply = tuple[str | list[Part], InlineKeyboardMarkup | None]


class Commands:
    """Replies to commands; an unknown one gets the help text."""

    def __init__(self, context: BotContext) -> None:
        self._context = context
        # By snapshot and language.
        self._examples: dict[tuple[str, InterfaceLanguage], list[tuple[int, str]]] = {}
        self._following: set[asyncio.Task[None]] = set()

    async def handle(self, waiting: Waiting, incoming: Incoming) -> None:
        """Reply to a command."""
        language = self._context.language(incoming)
        if incoming.command not in ("add", "rebuild", "status", "feedback"):
            shown, keyboard = await self._reply(incoming, language)
            self._context.reply(waiting, incoming, shown, keyboard)
        elif incoming.user_id not in self._context.settings.admins:
            self._context.reply(waiting, incoming, bot_texts(language).admin_only)
        elif incoming.command == "status":
            self._context.reply(waiting, incoming, self._status())
        elif incoming.command == "feedback":
            self._context.reply(waiting, incoming, self._feedback())
        elif self._context.backend.changes is None:
            self._context.reply(waiting, incoming, bot_texts(language).changes_off)
        else:
            await self._change(waiting, incoming, self._context.backend.changes, language)

    async def _reply(self, incoming: Incoming, language: InterfaceLanguage) -> Reply:
        texts = bot_texts(language)
        match incoming.command:
            case "start":
                self._context.records.begin_conversation(incoming)
                return message(language).start, await self.examples(incoming, language)
            case "search":
                return await self._search(incoming, language), None
            case "sources":
                return await self._context.in_thread(sources_shown, self._context.backend.index.current(), language)
            case "new":
                self._context.records.begin_conversation(incoming)
                return message(language).begun_anew, None
            case "language":
                return texts.choose_language, language_keyboard(language)
            case "subscribe":
                days, subject = read_request(incoming.text)
                if days is not None or subject is not None:
                    subscribe(self._context, incoming.chat_id, incoming.user_id, language, days=days, subject=subject)
                return subscription_shown(self._context, incoming.chat_id, incoming.user_id, language)
            case "unsubscribe":
                ended = unsubscribe(self._context, incoming.chat_id, incoming.user_id)
                return texts.unsubscribed if ended else texts.not_subscribed, None
            case "about":
                return texts.about, None
            case "forget":
                return self._forget(incoming, language), None
        commands = "\n".join(f"/{name} — {text}" for name, text in texts.commands.items())
        return f"{message(language).help}\n\n{commands}", None

    async def examples(self, incoming: Incoming, language: InterfaceLanguage) -> InlineKeyboardMarkup | None:
        """A few questions that are answered, as buttons."""
        answered = await self._context.while_typing(incoming, self._answered_examples(incoming, language))
        return example_keyboard(answered, language)

    async def _answered_examples(self, incoming: Incoming, language: InterfaceLanguage) -> list[tuple[int, str]]:
        """The first few example questions that the current snapshot answers, each with its index; tried once a snapshot."""
        snapshot_id = self._context.backend.index.current().snapshot_id
        if (snapshot_id, language) not in self._examples:
            answered: list[tuple[int, str]] = []
            for place, question in enumerate(first_questions(language)):
                if await self._is_answered(incoming.client, question):
                    answered.append((place, question))
                if len(answered) == _EXAMPLES:
                    break
            self._examples = {key: found for key, found in self._examples.items() if key[0] == snapshot_id}
            self._examples[snapshot_id, language] = answered
        return self._examples[snapshot_id, language]

    async def _is_answered(self, client: str, question: str) -> bool:
        find = self._context.backend.answerer.find
        found = await self._context.ask(client, lambda watch: find(question, watch=watch), key=("find", question))
        return found.outcome == "answered"

    async def _search(self, incoming: Incoming, language: InterfaceLanguage) -> str | list[Part]:
        words = incoming.text[:MAX_QUESTION_CHARS]
        texts = bot_texts(language)
        if not words:
            return texts.ask_what.replace("/ask", "/search")
        found = await self._context.search(incoming.client, words, _PASSAGES)
        if not found.hits:
            return texts.nothing_found.format(words)
        return passage_parts(found, found.hits, language, texts.found.format(words))

    def _forget(self, incoming: Incoming, language: InterfaceLanguage) -> str:
        """Also ends the conversation. The waiting updates counted exclude this command itself."""
        deleted = self._context.records.forget(incoming.user_id)
        waiting = self._context.inbox.forget(incoming.user_id) - 1
        if waiting > 0:
            deleted["updates"] = waiting
        self._context.records.begin_conversation(incoming)
        texts = bot_texts(language)
        lines = [texts.stored[name].format(count) for name, count in deleted.items()]
        return texts.forgotten.format(listed(lines, language)) if lines else texts.nothing_to_forget

    def _status(self) -> str:
        store = self._context.backend.index.current()
        changes = self._context.backend.changes
        passages = sum(store.manifest.passages.values())
        return "\n".join(
            [
                f"snapshot {store.snapshot_id}: {store.manifest.articles} articles, {passages} passages",
                f"waiting: {self._context.inbox.count()} updates, {self._context.outbox.count()} messages",
                f"malformed updates dropped: {self._context.inbox.dropped}",
                f"changes: {'off' if changes is None else 'under way' if changes.unfinished else 'idle'}",
                f"subscriptions: {self._context.state.number('SELECT COUNT(*) FROM subscriptions')}",
            ]
        )

    def _feedback(self) -> str:
        """Counts of what was said over all interfaces, and the latest questions whose answers were not good."""
        box = self._context.feedback
        counts = "  ".join(f"{_SIGNS[verdict]} {count}" for verdict, count in box.counts().items())
        disliked = [one.feedback for one in box.latest(_DISLIKED, verdicts=("bad", "wrong_language"))]
        return "\n".join([counts, *(f"{_SIGNS[one.verdict]} {one.question}" for one in disliked if one.question)])

    async def _change(self, waiting: Waiting, incoming: Incoming, changes: Changes, language: InterfaceLanguage) -> None:
        """Request a change, reply, and update the reply with its progress."""
        try:
            change, reply = await _requested(incoming, changes, language)
        except CoopbotError as error:
            change, reply = None, error_text(error, language)
        self._context.reply(waiting, incoming, reply)
        if change is not None:
            template = Outgoing(key=waiting.key, chat_id=incoming.chat_id, language=language)
            task = asyncio.create_task(self._follow(template, changes, change, reply))
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def _follow(self, template: Outgoing, changes: Changes, change: Change, shown: str) -> None:
        while change.state not in ("done", "failed"):
            await asyncio.sleep(_PROGRESS_EVERY_S)
            change = changes.get(change.change_id)
            now = _progress(change, template.language) or shown
            if now != shown:
                shown = now
                self._context.outbox.put(messages(shown, template, replacing=1))
                self._context.delivery.wake()


async def _requested(incoming: Incoming, changes: Changes, language: InterfaceLanguage) -> tuple[Change | None, str]:
    """The change that a command requests, None if it does not say what to add; and the reply. Raises CoopbotError."""
    texts = bot_texts(language)
    if incoming.command == "rebuild":
        return changes.rebuild(), texts.rebuilding
    if is_meant_as_address(incoming.text):
        url = incoming.text.split()[0]
        return changes.add_url(url), texts.adding.format(url)
    replied = incoming.message.reply_to_message
    document = incoming.message.document or (replied.document if replied else None)
    if document is None:
        return None, texts.add_what
    name = with_extension(document.file_name or "document", document.mime_type or "")
    data = await (await document.get_file()).download_as_bytearray()
    return changes.add_file(bytes(data), name), texts.adding.format(name)


def _progress(change: Change, language: InterfaceLanguage) -> str:
    """The progress of a change; "" if there is none yet."""
    texts = bot_texts(language)
    title = change.title or change.article_id or ""
    if change.state == "failed":
        if isinstance(change.error, Duplicate):
            return texts.known_already.format(change.error.article_id)
        reason = without_secrets(str(change.error)) if isinstance(change.error, CoopbotError) else message(language).went_wrong
        return texts.job_failed.format(reason)
    if change.state == "done":
        return texts.added.format(title) if change.kind == "add" else texts.rebuilt
    return texts.indexing.format(change.done, change.total) if change.total else ""


async def show_menu(bot: Bot) -> None:
    """Set the commands in the menus of Telegram's clients. The bot works without a menu, so a failure is only logged."""
    try:
        for language in INTERFACE_LANGUAGES:
            commands = [BotCommand(name, text) for name, text in bot_texts(language).commands.items()]
            # Without a language code: for clients in all other languages.
            await bot.set_my_commands(commands, language_code=None if language == "en" else language)
    except TelegramError as error:
        _log.warning("The menu of commands was not set: %s", type(error).__name__)
