"""The bot itself: updates in by polling, answers out. The one file that imports python-telegram-bot."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Protocol

from telegram import Bot, BotCommand, LinkPreviewOptions, Message, MessageEntity, Update
from telegram.constants import ChatAction, ChatType
from telegram.error import InvalidToken, TelegramError
from telegram.ext import AIORateLimiter, Application, ContextTypes, Defaults, ExtBot, MessageHandler, filters

from coopbot.domain import LANGUAGES, MAX_QUESTION_CHARS, Answer, Language
from coopbot.errors import Misconfigured
from coopbot.serve.messages import error_text, language_of_locale, message
from coopbot.serve.telegram.conversations import ChatConversations
from coopbot.serve.telegram.format import answer_parts, text_parts
from coopbot.serve.telegram.parts import Part
from coopbot.text.language import detect_language


class Ask(Protocol):
    """What answers. `ask.answerer.Answerer.ask` keeps this contract."""

    def __call__(self, question: str, *, conversation_id: str) -> Answer:
        """The answer to a question, which may follow earlier ones of its conversation."""
        ...


_NoState = dict[object, object]
_Application = Application[ExtBot[int], ContextTypes.DEFAULT_TYPE, _NoState, _NoState, _NoState, None]

TELEGRAM_API_URL = "https://api.telegram.org"

# An answer that is there at once needs no "typing"; Telegram shows it for five seconds at a time.
_TYPING_AFTER_S = 0.2
_TYPING_EVERY_S = 4.0

# Each retry waits as long as Telegram asked for, so a few are enough.
_RATE_LIMIT_RETRIES = 5

# Commands that begin a conversation anew.
_BEGINNINGS = frozenset({"/start", "/new"})

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")

_log = logging.getLogger(__name__)


def run_bot(ask: Ask, *, token: str, api_url: str = TELEGRAM_API_URL) -> None:
    """Answer Telegram messages with `ask`, which is called in threads, until SIGINT or SIGTERM.

    At the first signal, questions already taken are still answered; a second ends the process at once.
    Raises Misconfigured for a missing or refused token and for an `api_url` that cannot be reached.
    """

    async def until_signalled() -> None:
        stop = asyncio.Event()
        with _signals_set(stop):
            await serve_bot(ask, token=token, api_url=api_url, stop=stop)

    asyncio.run(until_signalled())


async def serve_bot(ask: Ask, *, token: str, api_url: str, stop: asyncio.Event) -> None:
    """Like `run_bot`, until `stop` is set."""
    if not _TOKEN.fullmatch(token):
        raise Misconfigured("No usable Telegram token: set COOPBOT_TELEGRAM_TOKEN to the one that @BotFather gave you.")
    _quieten_libraries()
    application = _application(ask, token, api_url.rstrip("/"))
    try:
        await _start(application)
        _log.info("Telegram bot @%s is listening", application.bot.username)
        await stop.wait()
    finally:
        if application.updater is not None and application.updater.running:
            await application.updater.stop()
        if application.running:
            await application.stop()
        await application.shutdown()
        await application.bot.shutdown()  # an application whose start failed leaves its connections open


def _application(ask: Ask, token: str, api_url: str) -> _Application:
    defaults = Defaults(
        do_quote=True,
        allow_sending_without_reply=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    application = (
        Application.builder()
        .token(token)
        .base_url(f"{api_url}/bot")
        .base_file_url(f"{api_url}/file/bot")
        .rate_limiter(AIORateLimiter(max_retries=_RATE_LIMIT_RETRIES))
        .defaults(defaults)
        .concurrent_updates(True)
        .job_queue(None)
        .build()
    )
    # Edited messages are not answered again, and what Telegram reports of a chat ("joined the group") is no question.
    wanted = filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL
    application.add_handler(MessageHandler(wanted, _Responder(ask).respond))
    application.add_error_handler(_apologise)
    return application


async def _start(application: _Application) -> None:
    """Begin to answer, first what was asked while the bot was away. Raises Misconfigured."""
    try:
        await application.initialize()
        await _show_commands(application.bot)
        await application.start()
        assert application.updater is not None  # the builder makes one unless told not to
        await application.updater.start_polling(allowed_updates=[Update.MESSAGE], error_callback=_log_polling_error)
    except InvalidToken:
        # Without the cause: the library's message contains the token.
        raise Misconfigured("Telegram refuses the token: set COOPBOT_TELEGRAM_TOKEN to a valid one.") from None
    except TelegramError as error:
        raise Misconfigured("Telegram cannot be reached: check the network and COOPBOT_TELEGRAM_API_URL.") from error


@dataclass(frozen=True, slots=True)
class _Responder:
    ask: Ask
    conversations: ChatConversations = field(default_factory=ChatConversations)

    async def respond(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer one message, if it is meant for the bot."""
        incoming = update.message
        if incoming is None or not _addressed(incoming, context.bot):
            return
        text = _text(incoming, context.bot)
        place = _place(incoming)
        if _command(text) in _BEGINNINGS:
            self.conversations.begin(*place, incoming.message_id)
        fixed = _fixed_reply(incoming, text)
        if fixed is not None:
            await _reply(incoming, text_parts(fixed))
            return
        ask = partial(self.ask, text, conversation_id=self.conversations.current(*place))
        answer = await _while_typing(incoming, asyncio.to_thread(ask))
        await _reply(incoming, answer_parts(answer, asked=text))


def _place(incoming: Message) -> tuple[int, int | None, int | None]:
    """Chat, topic and user, which tell conversations apart. A topic of a chat is numbered; other threads are replies."""
    topic_id = incoming.message_thread_id if incoming.is_topic_message else None
    speaker = incoming.sender_chat or incoming.from_user
    private = incoming.chat.type == ChatType.PRIVATE
    return incoming.chat.id, topic_id, None if private or speaker is None else speaker.id


def _command(text: str) -> str:
    return text.split()[0] if text.startswith("/") else ""


def _fixed_reply(incoming: Message, text: str) -> str | None:
    """The reply to what is no question; None for a question."""
    texts = message(_language(incoming, text))
    if incoming.text is None:
        return texts.text_only
    command = _command(text)
    if not text:
        return texts.question_empty
    if command:
        return {"/start": texts.start, "/new": texts.begun_anew}.get(command, texts.help)
    if len(text) > MAX_QUESTION_CHARS:
        return texts.question_too_long
    return None


def _addressed(incoming: Message, bot: Bot) -> bool:
    """Whether a message is meant for the bot: private, a reply to it, or one that mentions it."""
    if incoming.chat.type == ChatType.PRIVATE:
        return True
    replied_to = incoming.reply_to_message
    if replied_to is not None and replied_to.from_user is not None and replied_to.from_user.id == bot.id:
        return True
    mentioned = {**incoming.parse_entities(), **incoming.parse_caption_entities()}
    return any(_is_mention(entity, text, bot) for entity, text in mentioned.items())


def _is_mention(entity: MessageEntity, text: str, bot: Bot) -> bool:
    if entity.type == MessageEntity.TEXT_MENTION:
        return entity.user is not None and entity.user.id == bot.id
    named = entity.type in (MessageEntity.MENTION, MessageEntity.BOT_COMMAND)
    return named and text.lower().endswith(f"@{bot.username}".lower())


def _text(incoming: Message, bot: Bot) -> str:
    """What the user wrote, without the bot's own name; empty if the message is no text."""
    return re.sub(rf"@{re.escape(bot.username)}\b", "", incoming.text or "", flags=re.IGNORECASE).strip()


def _language(incoming: Message, text: str) -> Language:
    """The language of the question; where there is none to read, the one that the user's client is set to."""
    if any(character.isalpha() for character in text) and not text.startswith("/"):
        return detect_language(text)
    return language_of_locale(incoming.from_user.language_code if incoming.from_user else None)


async def _reply(incoming: Message, parts: list[Part]) -> None:
    for part in parts:
        entities = [
            MessageEntity(type=entity.kind, offset=entity.offset, length=entity.length, url=entity.url or None)
            for entity in part.entities
        ]
        await incoming.reply_text(part.text, entities=entities)


async def _while_typing(incoming: Message, work: Awaitable[Answer]) -> Answer:
    """The result of `work`; while it takes long, show that the bot is at work.

    A request in flight is let finish: cancelled, it could reach the chat after the answer and leak its connection.
    """
    task = asyncio.ensure_future(work)
    pause_s = _TYPING_AFTER_S
    while not (await asyncio.wait({task}, timeout=pause_s))[0]:
        with suppress(TelegramError):  # no answer is lost because that could not be shown
            await incoming.reply_chat_action(ChatAction.TYPING)
        pause_s = _TYPING_EVERY_S
    return task.result()


async def _apologise(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """The outermost edge: whatever went wrong, the log gets its type only and the user a text without details."""
    error = context.error or RuntimeError()
    _log.error("An update was not answered: %s", type(error).__name__)
    if isinstance(update, Update) and update.message is not None:
        # Where Telegram takes no message at all, such as from a user who has blocked the bot, there is nobody to tell.
        with suppress(TelegramError):
            language = _language(update.message, _text(update.message, context.bot))
            await _reply(update.message, text_parts(error_text(error, language)))


async def _show_commands(bot: Bot) -> None:
    """Put the commands into the menu of Telegram's clients; the bot works without, so a failure is only logged."""
    try:
        for language in LANGUAGES:
            texts = message(language)
            commands = [
                BotCommand("start", texts.start_command),
                BotCommand("new", texts.new_command),
                BotCommand("help", texts.help_command),
            ]
            # No language code: for the clients of every language that has no list of its own.
            await bot.set_my_commands(commands, language_code=None if language == "en" else language)
    except TelegramError as error:
        _log.warning("The menu of commands was not set: %s", type(error).__name__)


def _log_polling_error(error: TelegramError) -> None:
    _log.warning("Telegram cannot be polled, trying again: %s", type(error).__name__)


def _quieten_libraries() -> None:
    """Below WARNING these write addresses, which contain the token, and whole messages."""
    for name in ("telegram", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` at SIGINT or SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
