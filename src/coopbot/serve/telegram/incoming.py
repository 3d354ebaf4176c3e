"""Parses a message: whether it is meant for the bot, its command, and its question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telegram import Message, MessageEntity, User
from telegram.constants import ChatType

from coopbot.domain import InterfaceLanguage
from coopbot.serve.messages import language_of_locale
from coopbot.serve.telegram.records import Asked
from coopbot.text.language import detect_language

# Commands that are for this bot in a group even without its name, since other bots rarely have them.
_OURS = frozenset({"ask", "search"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming(Asked):
    """A message for the bot. command: without the slash; "" if there is none. text: the rest, or the question.

    question_id: the message with the question, which is another one if this one only replies to it. user_id: the user, or the
    chat in whose name it was sent. wordless: without text.
    """

    message: Message
    command: str
    wordless: bool

    @property
    def private(self) -> bool:
        """Whether it is from a chat between one user and the bot."""
        return self.message.chat.type == ChatType.PRIVATE

    @property
    def language(self) -> InterfaceLanguage:
        """The language of the text; without letters, that of the user's client."""
        if any(character.isalpha() for character in self.text):
            return detect_language(self.text)
        return language_of_locale(self.message.from_user.language_code if self.message.from_user else None)


def read_message(message: Message, me: User) -> Incoming | None:
    """Parse a message; None if it is not for the bot. Messages of bots, and those sent via this bot, never are."""
    is_service = not (message.text or message.effective_attachment)
    # People who write in the name of a chat appear as a bot of Telegram's own.
    by_bot = message.from_user is not None and message.from_user.is_bot and message.sender_chat is None
    via_us = message.via_bot is not None and message.via_bot.id == me.id
    if is_service or by_bot or via_us or message.is_automatic_forward or message.chat.type == ChatType.CHANNEL:
        return None
    written = _written(message)
    text = re.sub(rf"@{re.escape(me.username or '')}\b", "", written, flags=re.IGNORECASE).strip()
    match = re.match(r"/([A-Za-z0-9_]+)(?:\s+|$)", text)
    command, text = (match[1].lower(), text[match.end() :].strip()) if match else ("", text)
    if not _for_us(message, me, written, command):
        return None
    replied, question_id = message.reply_to_message, message.message_id
    if not text and replied is not None and command in ("", "ask") and not _by(replied, me) and _written(replied):
        command, text, question_id = "ask", _written(replied), replied.message_id
    speaker = message.sender_chat or message.from_user
    return Incoming(
        chat_id=message.chat.id,
        topic_id=topic_of(message),
        user_id=speaker.id if speaker else 0,
        question_id=question_id,
        text=text,
        message=message,
        command=command,
        wordless=not written and not text,
    )


def topic_of(message: Message) -> int | None:
    """The topic in the chat; None for other threads, which are replies."""
    return message.message_thread_id if message.is_topic_message else None


def _written(message: Message) -> str:
    return (message.text or message.caption or "").strip()


def _for_us(message: Message, me: User, written: str, command: str) -> bool:
    """Whether it is private, replies to the bot, mentions it, or is one of its own commands."""
    if message.chat.type == ChatType.PRIVATE:
        return True
    if message.reply_to_message is not None and _by(message.reply_to_message, me):
        return not _other_command(written, me)
    if command in _OURS and not _other_command(written, me):
        return True
    for entity, text in {**message.parse_entities(), **message.parse_caption_entities()}.items():
        if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id:
            return True
        named = entity.type in (MessageEntity.MENTION, MessageEntity.BOT_COMMAND)
        if named and text.lower().endswith(f"@{me.username}".lower()):
            return True
    return False


def _other_command(written: str, me: User) -> bool:
    """Whether it is a command that names another bot."""
    named = re.match(r"/[A-Za-z0-9_]+@(\w+)", written)
    return named is not None and named[1].lower() != (me.username or "").lower()


def _by(message: Message, user: User) -> bool:
    return message.from_user is not None and message.from_user.id == user.id
