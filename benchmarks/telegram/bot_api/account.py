"""The bot's account at Telegram: its messages, and what each method of the API does."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.telegram.bot_api.checks import (
    RefusedError,
    SentEntity,
    check,
    checked_commands,
    checked_keyboard,
    checked_results,
    checked_text,
)
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.inbox import WAIT_S, Inbox
from benchmarks.telegram.bot_api.updates import ME, TOKEN, JsonObject

_FIRST_SUPERGROUP = -1_000_000_000_000
_THE_SAME = "message is not modified: specified new message content and reply markup are exactly the same as a current content"


@dataclass(slots=True)
class Sent:
    """A message that the bot sent, as it is now."""

    chat_id: int
    message_id: int
    text: str
    entities: tuple[SentEntity, ...]
    keyboard: JsonObject
    reply_to: int | None
    params: dict[str, str]
    edits: int = 0
    deleted: bool = False
    sent_at_s: float = field(default_factory=time.monotonic)

    def button(self, label: str) -> str:
        """The callback data of the first button whose label contains this. Raises LookupError if none does."""
        buttons = [one for row in self.keyboard.get("inline_keyboard", []) for one in row]
        for one in buttons:
            if label in one["text"]:
                return str(one["callback_data"])
        raise LookupError(f"no button says {label!r}: {[one['text'] for one in buttons]}")


class Account(Inbox):
    """Updates go in with `deliver`; what the bot sent comes out in `sent` and `calls`. Safe to share between threads.

    Tests may set `blocked` (user ids), `closed_topics`, `migrated` (group id to supergroup id) and `files` (content by id).
    """

    def __init__(self, flood: Flood | None = None) -> None:
        super().__init__()
        self.flood = flood
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.refused: list[str] = []
        self.blocked: set[int] = set()
        self.closed_topics: set[int] = set()
        self.migrated: dict[int, int] = {}
        self.files: dict[str, bytes] = {}
        self.answered_presses: list[tuple[str, str]] = []
        self.offered: list[list[JsonObject]] = []
        self._queries: set[str] = set()
        self._received: set[tuple[int, int]] = set()
        self._ids: dict[int, int] = {}
        self._refusals: dict[str, deque[RefusedError]] = {}

    def deliver(self, content: JsonObject, *, kind: str = "message") -> int:
        """Send the bot an update. Its id."""
        with self.changed:
            if kind == "message":
                content = self._numbered(content)
            if kind in ("callback_query", "inline_query"):
                self._queries.add(str(content["id"]))
            return self._add(kind, content)

    def last_received_id(self, chat_id: int) -> int:
        """The id of the latest message that a user sent in a chat."""
        return max(message_id for chat, message_id in self._received if chat == chat_id)

    def refuse_next(self, method: str, refusal: RefusedError) -> None:
        """Refuse the next call of a method."""
        self._refusals.setdefault(method, deque()).append(refusal)

    def wait_for_sent(self, count: int, timeout_s: float = WAIT_S) -> list[Sent]:
        """Wait until the bot has sent so many messages. Raises TimeoutError."""
        self.wait_until(lambda: len(self.sent) >= count, timeout_s)
        return self.sent

    def called(self, method: str) -> list[dict[str, str]]:
        """The parameters of each call of a method so far."""
        return [params for name, params in self.calls if name == method]

    # `Any`: JSON.
    def call(self, token: str, method: str, params: dict[str, str]) -> Any:
        """The result of a method. Raises RefusedError."""
        with self.changed:
            if token != TOKEN:
                raise RefusedError(401, "Unauthorized")
            self.calls.append((method, params))
            self.changed.notify_all()
            if refusals := self._refusals.get(method):
                raise refusals.popleft()
            action = _METHODS.get(method)
            if action is None:
                raise RefusedError(404, "Not Found")
            result = action(self, params)
            self.changed.notify_all()
            return result

    def send_message(self, params: dict[str, str]) -> JsonObject:
        """Accept a message of the bot."""
        chat_id = self._open_chat(params)
        text = _as_read(params)
        entities = checked_text(text, json.loads(params.get("entities", "[]")))
        keyboard = checked_keyboard(params.get("reply_markup"))
        reply = json.loads(params.get("reply_parameters", "{}"))
        reply_to = reply.get("message_id")
        if reply_to is not None and not self._exists(chat_id, reply_to):
            check(bool(reply.get("allow_sending_without_reply")), "message to be replied not found")
        if self.flood:
            self.flood.count(chat_id)
        message_id = self._new_id(chat_id)
        self.sent.append(Sent(chat_id, message_id, text, entities, keyboard, reply_to, params))
        return self._as_message(chat_id, message_id)

    def edit_message_text(self, params: dict[str, str]) -> JsonObject:
        """Change a message of the bot."""
        chat_id, message_id = self._open_chat(params), int(params["message_id"])
        text = _as_read(params)
        entities = checked_text(text, json.loads(params.get("entities", "[]")))
        keyboard = checked_keyboard(params.get("reply_markup"))
        found = self._sent_at(chat_id, message_id)
        if found is None:
            check((chat_id, message_id) not in self._received, "message can't be edited")
            raise RefusedError(400, "Bad Request: message to edit not found")
        check((found.text, found.entities, found.keyboard) != (text, entities, keyboard), _THE_SAME)
        if self.flood:
            self.flood.count(chat_id)
        found.text, found.entities, found.keyboard, found.edits = text, entities, keyboard, found.edits + 1
        return self._as_message(chat_id, message_id)

    def edit_keyboard(self, params: dict[str, str]) -> JsonObject:
        """Change the buttons under a message of the bot."""
        chat_id, message_id = self._open_chat(params), int(params["message_id"])
        keyboard = checked_keyboard(params.get("reply_markup"))
        found = self._sent_at(chat_id, message_id)
        check(found is not None, "message to edit not found")
        assert found is not None
        check(found.keyboard != keyboard, _THE_SAME)
        found.keyboard, found.edits = keyboard, found.edits + 1
        return self._as_message(chat_id, message_id)

    def delete_message(self, params: dict[str, str]) -> bool:
        """Delete a message of the bot."""
        found = self._sent_at(self._open_chat(params), int(params["message_id"]))
        check(found is not None, "message to delete not found")
        assert found is not None
        found.deleted = True
        return True

    def answer_press(self, params: dict[str, str]) -> bool:
        """Accept the bot's answer to a button press, once."""
        self._take_query(params.get("callback_query_id", ""))
        check(len(params.get("text", "")) <= 200, "MESSAGE_TOO_LONG")
        self.answered_presses.append((params["callback_query_id"], params.get("text", "")))
        return True

    def answer_inline(self, params: dict[str, str]) -> bool:
        """Accept the bot's results for an inline query, once."""
        results = checked_results(params["results"])
        self._take_query(params.get("inline_query_id", ""))
        self.offered.append(results)
        return True

    def get_file(self, params: dict[str, str]) -> JsonObject:
        """The path of a file."""
        check(params["file_id"] in self.files, "invalid file_id")
        return {"file_id": params["file_id"], "file_unique_id": "u", "file_path": f"documents/{params['file_id']}"}

    def _open_chat(self, params: dict[str, str]) -> int:
        """The id of the chat, if the bot may write there."""
        chat_id = int(params["chat_id"])
        if chat_id in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        if chat_id in self.migrated:
            new_id = self.migrated[chat_id]
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise RefusedError(400, description, migrate_to_chat_id=new_id)
        check(int(params.get("message_thread_id", "0")) not in self.closed_topics, "TOPIC_CLOSED")
        return chat_id

    def _take_query(self, query_id: str) -> None:
        check(query_id in self._queries, "query is too old and response timeout expired or query ID is invalid")
        self._queries.discard(query_id)

    def _new_id(self, chat_id: int) -> int:
        space = chat_id if chat_id < _FIRST_SUPERGROUP else 0
        self._ids[space] = self._ids.get(space, 0) + 1
        return self._ids[space]

    def _numbered(self, content: JsonObject) -> JsonObject:
        """A message of a user with its id; the ids of later messages follow it."""
        chat_id = content["chat"]["id"]
        message_id = content.get("message_id") or self._new_id(chat_id)
        space = chat_id if chat_id < _FIRST_SUPERGROUP else 0
        self._ids[space] = max(self._ids.get(space, 0), message_id)
        self._received.add((chat_id, message_id))
        return {"message_id": message_id, **content}

    def _exists(self, chat_id: int, message_id: int) -> bool:
        return (chat_id, message_id) in self._received or self._sent_at(chat_id, message_id) is not None

    def _sent_at(self, chat_id: int, message_id: int) -> Sent | None:
        found = (one for one in reversed(self.sent) if one.message_id == message_id and one.chat_id == chat_id)
        return next((one for one in found if not one.deleted), None)

    def _as_message(self, chat_id: int, message_id: int) -> JsonObject:
        kind = "private" if chat_id > 0 else "supergroup"
        return {"message_id": message_id, "date": int(time.time()), "chat": {"id": chat_id, "type": kind}, "from": ME}


# `Any`: JSON.
_METHODS: dict[str, Callable[[Account, dict[str, str]], Any]] = {
    "getMe": lambda account, params: ME,
    "getUpdates": Account.get_updates,
    "sendMessage": Account.send_message,
    "editMessageText": Account.edit_message_text,
    "editMessageReplyMarkup": Account.edit_keyboard,
    "deleteMessage": Account.delete_message,
    "answerCallbackQuery": Account.answer_press,
    "answerInlineQuery": Account.answer_inline,
    "sendChatAction": lambda account, params: check(params.get("action") == "typing", "wrong parameter action in request"),
    "setMyCommands": lambda account, params: checked_commands(params["commands"]),
    "setWebhook": Account.set_webhook,
    "deleteWebhook": Account.delete_webhook,
    "getWebhookInfo": Account.webhook_info,
    "getFile": Account.get_file,
}


def _as_read(params: dict[str, str]) -> str:
    """The text as a person reads it, to whom all spaces look alike."""
    return params.get("text", "").replace("\u00a0", " ")
