"""What is to be done in a chat, as data that can be kept: send a message, edit or delete one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from telegram import InlineKeyboardMarkup, MessageEntity

from coopbot.domain import Language
from coopbot.serve.telegram.parts import Part

Action = Literal["send", "edit", "delete"]

_NOTHING = Part(text="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """`key` and `part` name what the message shows, such as the second part of an answer: an edit finds its message by them.

    What is to be edited and was never sent is sent.
    """

    action: Action
    chat_id: int
    key: str
    part: int = 0
    content: Part = _NOTHING
    keyboard: InlineKeyboardMarkup | None = None
    reply_to: int | None = None
    topic_id: int | None = None
    language: Language = "en"

    def as_json(self) -> str:
        """For the outbox."""
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
    def from_json(cls, chat_id: int, key: str, part: int, body: str) -> Outgoing:
        """What `as_json` wrote."""
        kept = json.loads(body)
        entities = MessageEntity.de_list(kept["entities"], None)
        return cls(
            action=kept["action"],
            chat_id=chat_id,
            key=key,
            part=part,
            content=Part(text=kept["text"], entities=tuple(entities)),
            keyboard=InlineKeyboardMarkup.de_json(kept["keyboard"], None) if kept["keyboard"] else None,
            reply_to=kept["reply_to"],
            topic_id=kept["topic_id"],
            language=kept["language"],
        )
