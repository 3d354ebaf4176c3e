"""Which conversation a message belongs to: one a private chat; in a group one a user; in each topic another."""

from __future__ import annotations

from collections import OrderedDict

# As many as are remembered at once; whose beginning is forgotten was idle for long.
_MOST_BEGUN = 1000


class ChatConversations:
    """Ids of conversations, as `ask.conversations.checked_conversation_id` takes them. For one thread."""

    def __init__(self) -> None:
        # By chat, topic and user the message that began the latest conversation, the longest ago first.
        self._begun: OrderedDict[str, int] = OrderedDict()

    def begin(self, chat_id: int, topic_id: int | None, user_id: int | None, message_id: int) -> None:
        """What comes next follows nothing that was asked before the message."""
        key = _key(chat_id, topic_id, user_id)
        self._begun[key] = message_id
        self._begun.move_to_end(key)
        if len(self._begun) > _MOST_BEGUN:
            self._begun.popitem(last=False)

    def current(self, chat_id: int, topic_id: int | None, user_id: int | None) -> str:
        """The id of the conversation that goes on there."""
        key = _key(chat_id, topic_id, user_id)
        return f"tg_{key}_{self._begun.get(key, 0)}"


def _key(chat_id: int, topic_id: int | None, user_id: int | None) -> str:
    return f"{chat_id}_{topic_id or 0}_{user_id or 0}"
