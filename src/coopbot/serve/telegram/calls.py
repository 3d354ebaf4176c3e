"""The calls of the Bot API that change a chat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from telegram import Bot, LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest

from coopbot.serve.telegram.outgoing import Outgoing

# Part of the API's error for an edit that changes nothing.
TEXT_IS_THE_SAME = "message is not modified"
_GONE = ("message to edit not found", "message to delete not found", "message can't be", "message_id_invalid")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


async def send(bot: Bot, outgoing: Outgoing) -> int:
    """Send a message; returns its id. Raises TelegramError."""
    message = await bot.send_message(
        outgoing.chat_id,
        outgoing.content.text,
        entities=outgoing.content.entities,
        reply_markup=outgoing.keyboard,
        reply_parameters=(
            ReplyParameters(outgoing.reply_to, allow_sending_without_reply=True) if outgoing.reply_to is not None else None
        ),
        message_thread_id=outgoing.topic_id,
        link_preview_options=NO_PREVIEW,
    )
    return message.message_id


async def edit(bot: Bot, outgoing: Outgoing, message_id: int) -> None:
    """Edit a message. Raises TelegramError; BadRequest also if it is unchanged or was deleted."""
    await bot.edit_message_text(
        outgoing.content.text,
        outgoing.chat_id,
        message_id,
        entities=outgoing.content.entities,
        reply_markup=outgoing.keyboard,
        link_preview_options=NO_PREVIEW,
    )


async def edit_if_there(bot: Bot, outgoing: Outgoing, message_id: int) -> None:
    """Edit a message, unless it is unchanged or was deleted. Raises TelegramError."""
    with _unless(TEXT_IS_THE_SAME, *_GONE):
        await edit(bot, outgoing, message_id)


async def delete_if_there(bot: Bot, outgoing: Outgoing, message_id: int | None) -> None:
    """Delete a message, unless it is too old or was deleted already. Raises TelegramError."""
    if message_id is not None:
        with _unless(*_GONE):
            await bot.delete_message(outgoing.chat_id, message_id)


def mentions(error: BadRequest, *words: str) -> bool:
    """Whether the API's description of an error has some of these words."""
    return any(one in error.message.lower() for one in words)


@contextmanager
def _unless(*words: str) -> Iterator[None]:
    """Ignore an error that mentions some of these words."""
    try:
        yield
    except BadRequest as error:
        if not mentions(error, *words):
            raise
