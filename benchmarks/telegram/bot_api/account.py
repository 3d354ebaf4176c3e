"""The bot's account at Telegram: updates for it, messages of it, and what each method of the API does."""

from __future__ import annotations

import json
import threading
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
from benchmarks.telegram.bot_api.updates import ME, TOKEN, JsonObject

_WAIT_S = 60.0
_FIRST_SUPERGROUP = -1_000_000_000_000
_UPDATES_A_POLL = 100
_THE_SAME = "message is not modified: specified new message content and reply markup are exactly the same as a current content"


@dataclass(slots=True)
class Sent:
    """A message that the server took, as it is now. `entities` say what text they cover."""

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
        """The data of the button that has this in its label."""
        rows = self.keyboard.get("inline_keyboard", [])
        return next(str(one["callback_data"]) for row in rows for one in row if label in one["text"])


class Account:
    """Updates go in with `deliver`; what the bot sent comes out in `sent` and `calls`. Safe to share between threads."""

    def __init__(self, flood: Flood | None = None) -> None:
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
        self.webhook: dict[str, str] = {}
        self.changed = threading.Condition()
        self.closed = False
        self._pending: deque[JsonObject] = deque()
        self._queries: set[str] = set()
        self._received: set[tuple[int, int]] = set()
        self._last_update_id = 1000
        self._ids: dict[int, int] = {}
        self._polls = 0
        self._on_demand: dict[str, deque[RefusedError]] = {}

    def deliver(self, content: JsonObject, *, kind: str = "message") -> int:
        """Something happened; the number of the update."""
        with self.changed:
            self._last_update_id += 1
            if kind == "message":
                content = self._numbered(content)
            if kind in ("callback_query", "inline_query"):
                self._queries.add(str(content["id"]))
            self._pending.append({"update_id": self._last_update_id, kind: content})
            self.changed.notify_all()
            return self._last_update_id

    def last_received_id(self, chat_id: int) -> int:
        """The id of the latest message that somebody sent there."""
        return max(message_id for chat, message_id in self._received if chat == chat_id)

    def refuse_next(self, method: str, refusal: RefusedError) -> None:
        """The next call of a method is answered with this."""
        self._on_demand.setdefault(method, deque()).append(refusal)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
        """Wait for what the bot is to do."""
        with self.changed:
            if not self.changed.wait_for(condition, timeout_s):
                raise TimeoutError("the bot did not get there in time")

    def wait_for_sent(self, count: int, timeout_s: float = _WAIT_S) -> list[Sent]:
        """Wait for so many messages."""
        self.wait_until(lambda: len(self.sent) >= count, timeout_s)
        return self.sent

    def called(self, method: str) -> list[dict[str, str]]:
        """The parameters of each call of a method so far."""
        return [params for name, params in self.calls if name == method]

    @property
    def unconfirmed(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._pending)

    def close(self) -> None:
        """End polls that wait."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def call(self, token: str, method: str, params: dict[str, str]) -> Any:
        """The result of a method. Raises RefusedError."""
        with self.changed:
            if token != TOKEN:
                raise RefusedError(401, "Unauthorized")
            self.calls.append((method, params))
            self.changed.notify_all()
            demanded = self._on_demand.get(method)
            if demanded:
                raise demanded.popleft()
            action = _METHODS.get(method)
            if action is None:
                raise RefusedError(404, "Not Found")
            result = action(self, params)
            self.changed.notify_all()
            return result

    def next_delivery(self, timeout_s: float) -> JsonObject | None:
        """The update that a webhook is to get next; it stays until `delivered`."""
        with self.changed:
            self.changed.wait_for(lambda: (self.webhook and self._pending) or self.closed, timeout_s)
            return self._pending[0] if self.webhook and self._pending else None

    def delivered(self) -> None:
        """The webhook took it."""
        with self.changed:
            self._pending.popleft()
            self.changed.notify_all()

    def get_updates(self, params: dict[str, str]) -> list[JsonObject]:
        """A newer poll ends an older one, an offset confirms everything before it, and a webhook leaves nothing to poll."""
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        mine, offset = self._polls, int(params.get("offset", "0"))
        check(offset >= 0, "negative offsets are not for this bot")
        while self._pending and int(self._pending[0]["update_id"]) < offset:
            self._pending.popleft()
        self.changed.notify_all()
        timeout_s = float(params.get("timeout", "0"))
        self.changed.wait_for(lambda: self._wanted(params) or self.closed or self._polls != mine, timeout_s)
        if self._polls != mine:
            raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        return self._wanted(params)[:_UPDATES_A_POLL]

    def _wanted(self, params: dict[str, str]) -> list[JsonObject]:
        kinds = json.loads(params.get("allowed_updates", "[]"))
        for update in [one for one in self._pending if kinds and not set(kinds) & set(one)]:
            self._pending.remove(update)
        return list(self._pending)

    def send_message(self, params: dict[str, str]) -> JsonObject:
        """Take a message, in its chat's turn."""
        chat_id = self._open_chat(params)
        entities = checked_text(params.get("text", ""), json.loads(params.get("entities", "[]")))
        keyboard = checked_keyboard(params.get("reply_markup"))
        reply = json.loads(params.get("reply_parameters", "{}"))
        reply_to = reply.get("message_id")
        if reply_to is not None and not self._exists(chat_id, reply_to):
            check(bool(reply.get("allow_sending_without_reply")), "message to be replied not found")
        if self.flood:
            self.flood.count(chat_id)
        message_id = self._new_id(chat_id)
        self.sent.append(Sent(chat_id, message_id, params["text"], entities, keyboard, reply_to, params))
        return self._as_message(chat_id, message_id)

    def edit_message_text(self, params: dict[str, str]) -> JsonObject:
        """Change a message of the bot's own to something else."""
        chat_id, message_id = self._open_chat(params), int(params["message_id"])
        entities = checked_text(params.get("text", ""), json.loads(params.get("entities", "[]")))
        keyboard = checked_keyboard(params.get("reply_markup"))
        found = self._sent_at(chat_id, message_id)
        if found is None:
            check((chat_id, message_id) not in self._received, "message can't be edited")
            raise RefusedError(400, "Bad Request: message to edit not found")
        check((found.text, found.entities, found.keyboard) != (params["text"], entities, keyboard), _THE_SAME)
        if self.flood:
            self.flood.count(chat_id)
        found.text, found.entities, found.keyboard, found.edits = params["text"], entities, keyboard, found.edits + 1
        return self._as_message(chat_id, message_id)

    def delete_message(self, params: dict[str, str]) -> bool:
        """Take a message of the bot's own away."""
        found = self._sent_at(self._open_chat(params), int(params["message_id"]))
        check(found is not None, "message to delete not found")
        assert found is not None
        found.deleted = True
        return True

    def answer_press(self, params: dict[str, str]) -> bool:
        """A button stops spinning."""
        self._take_query(params["callback_query_id"])
        check(len(params.get("text", "")) <= 200, "MESSAGE_TOO_LONG")
        self.answered_presses.append((params["callback_query_id"], params.get("text", "")))
        return True

    def answer_inline(self, params: dict[str, str]) -> bool:
        """Results for what is typed."""
        results = checked_results(params["results"])
        self._take_query(params["inline_query_id"])
        self.offered.append(results)
        return True

    def set_webhook(self, params: dict[str, str]) -> bool:
        """Have updates delivered."""
        check(params.get("url", "").startswith("https://"), "bad webhook: An HTTPS URL must be provided for webhook")
        check(1 <= len(params.get("secret_token", "")) <= 256, "bad webhook: secret token is missing")
        self.webhook = params
        return True

    def delete_webhook(self, params: dict[str, str]) -> bool:
        """Have them polled."""
        self.webhook = {}
        if params.get("drop_pending_updates") == "true":
            self._pending.clear()
        return True

    def get_file(self, params: dict[str, str]) -> JsonObject:
        """Where a file is."""
        check(params["file_id"] in self.files, "invalid file_id")
        return {"file_id": params["file_id"], "file_unique_id": "u", "file_path": f"documents/{params['file_id']}"}

    def _open_chat(self, params: dict[str, str]) -> int:
        """The chat, if the bot may write there."""
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
        """A received message with its id, from which on ids are counted further."""
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


_METHODS: dict[str, Callable[[Account, dict[str, str]], Any]] = {
    "getMe": lambda account, params: ME,
    "getUpdates": Account.get_updates,
    "sendMessage": Account.send_message,
    "editMessageText": Account.edit_message_text,
    "deleteMessage": Account.delete_message,
    "answerCallbackQuery": Account.answer_press,
    "answerInlineQuery": Account.answer_inline,
    "sendChatAction": lambda account, params: check(params.get("action") == "typing", "wrong parameter action in request"),
    "setMyCommands": lambda account, params: checked_commands(params["commands"]),
    "setWebhook": Account.set_webhook,
    "deleteWebhook": Account.delete_webhook,
    "getWebhookInfo": lambda account, params: {
        "url": account.webhook.get("url", ""),
        "has_custom_certificate": False,
        "pending_update_count": account.unconfirmed,
    },
    "getFile": Account.get_file,
}
