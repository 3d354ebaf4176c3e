"""Messages to send, edit or delete: in a form that can be stored, and the calls of the Bot API for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from sqlite3 import Row
from typing import Literal

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity
from telegram.error import BadRequest

from coopbot.domain import InterfaceLanguage
from coopbot.serve.telegram.parts import Block, Part, pack

_NOTHING = Part(text="")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

# Parts of the API's errors for an edit that changes nothing, or comes too late.
_GONE = (
    "message is not modified",
    "message to edit not found",
    "message to delete not found",
    "message can't be",
    "message_id_invalid",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """key, part: what the message shows, such as the second part of an answer. Edits and deletions find their message by them.

    An edit of a message that was never sent sends it. "keyboard" changes only the buttons under a message.
    """

    action: Literal["send", "edit", "delete", "keyboard"] = "send"
    chat_id: int
    key: str
    part: int = 0
    content: Part = _NOTHING
    keyboard: InlineKeyboardMarkup | None = None
    reply_to: int | None = None
    topic_id: int | None = None
    language: InterfaceLanguage = "en"

    def only_keyboard(self, part: int) -> Outgoing:
        """The change of the keyboard under the message that shows this part."""
        return replace(self, action="keyboard", part=part)

    def as_json(self) -> str:
        """The JSON for the outbox."""
        return json.dumps(
            {
                "action": self.action,
                "text": self.content.text,
                "entities": [entity.to_dict() for entity in self.content.entities],
                "keyboard": self.keyboard.to_dict() if self.keyboard else None,
                "reply_to": self.reply_to,
                "topic_id": self.topic_id,
                "language": self.language,
            }
        )

    @classmethod
    def from_row(cls, row: Row) -> Outgoing:
        """Read a row of the outbox, whose `body` is from `as_json`."""
        body = json.loads(row["body"])
        entities, keyboard = MessageEntity.de_list(body.pop("entities"), None), body.pop("keyboard")
        return cls(
            chat_id=row["chat_id"],
            key=row["key"],
            part=row["part"],
            content=Part(text=body.pop("text"), entities=tuple(entities)),
            keyboard=InlineKeyboardMarkup.de_json(keyboard, None) if keyboard else None,
            **body,
        )


def messages(shown: str | Sequence[Part], template: Outgoing, *, replacing: int = 0) -> list[Outgoing]:
    """The messages that show a text or parts, alike but for the keyboard, which is under the last.

    The first `replacing` are edits of earlier messages with this key; surplus ones of these are deleted.
    """
    parts = pack([Block(text=shown.strip())]) if isinstance(shown, str) else shown
    bare, last = replace(template, keyboard=None), len(parts) - 1
    sent = [
        replace(template if place == last else bare, action="edit" if place < replacing else "send", part=place, content=part)
        for place, part in enumerate(parts)
    ]
    return sent + [replace(bare, action="delete", part=place) for place in range(len(parts), replacing)]


async def send(bot: Bot, outgoing: Outgoing) -> int:
    """Send a message; returns its id. Raises TelegramError."""
    message = await bot.send_message(
        outgoing.chat_id,
        outgoing.content.text,
        entities=outgoing.content.entities,
        reply_markup=outgoing.keyboard,
        reply_to_message_id=outgoing.reply_to,
        allow_sending_without_reply=True,
        message_thread_id=outgoing.topic_id,
        link_preview_options=NO_PREVIEW,
    )
    return message.message_id


async def edit_or_delete(bot: Bot, outgoing: Outgoing, message_id: int) -> None:
    """Edit or delete a message, unless that changes nothing, it is too old or was deleted. Raises TelegramError."""
    try:
        if outgoing.action == "delete":
            await bot.delete_message(outgoing.chat_id, message_id)
        elif outgoing.action == "keyboard":
            await bot.edit_message_reply_markup(outgoing.chat_id, message_id, reply_markup=outgoing.keyboard)
        else:
            await bot.edit_message_text(
                outgoing.content.text,
                outgoing.chat_id,
                message_id,
                entities=outgoing.content.entities,
                reply_markup=outgoing.keyboard,
                link_preview_options=NO_PREVIEW,
            )
    except BadRequest as error:
        if not mentions(error, *_GONE):
            raise


def mentions(error: BadRequest, *words: str) -> bool:
    """Whether the API's description of an error has some of these words."""
    return any(one in error.message.lower() for one in words)
