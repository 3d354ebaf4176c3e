"""Messages to send, edit or delete, in a form that can be stored."""

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
    """key, part: what the message shows, such as the second part of an answer. Edits and deletions find their message by them.

    An edit of a message that was never sent sends it.
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
    def from_json(cls, chat_id: int, key: str, part: int, body: str) -> Outgoing:
        """Read the JSON that `as_json` wrote."""
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
