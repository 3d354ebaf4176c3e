"""A Bot API server on loopback: real HTTP, and at least as strict about what a bot sends as Telegram is."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]

BOT_ID = 4711
BOT_USERNAME = "coop_test_bot"
TOKEN = f"{BOT_ID}:test-TOKEN_that-nobody-may-see"

_ENTITY_TYPES = {"bold", "italic", "blockquote", "expandable_blockquote", "text_link"}
_MAX_UNITS, _MAX_ENTITIES, _MAX_TOTAL = 4096, 100, 9500
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class SentEntity:
    type: str
    offset: int
    length: int
    url: str
    covers: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the server took. `entities` say what text they cover."""

    chat_id: int
    text: str
    entities: tuple[SentEntity, ...]
    reply_to: int | None
    params: dict[str, str]


class RefusedError(Exception):
    """What the server answers instead of a result."""

    def __init__(self, code: int, description: str, retry_after_s: float | None = None) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after_s = code, description, retry_after_s


def message(
    text: str | None,
    *,
    chat_id: int = 1,
    message_id: int = 1,
    language_code: str = "en",
    chat_type: str = "private",
    extra: JsonObject | None = None,
) -> JsonObject:
    """A message as Telegram delivers it, mentions and commands marked; `extra` are further fields, such as `photo`."""
    entities = list(_entities_of(text or ""))
    return {
        "message_id": message_id,
        "date": 1_750_000_000,
        "chat": {"id": chat_id, "type": chat_type},
        "from": {"id": 77, "is_bot": False, "first_name": "Li", "language_code": language_code},
        **({} if text is None else {"text": text}),
        **({"entities": entities} if entities else {}),
        **(extra or {}),
    }


def _entities_of(text: str) -> Iterator[Json]:
    for word in text.split():
        kind = {"@": "mention", "/": "bot_command"}.get(word[0])
        if kind is not None:
            yield {"type": kind, "offset": _units(text[: text.index(word)]), "length": _units(word)}


class BotApi:
    """The server's state. Updates go in with `deliver`; what the bot sent comes out in `sent` and `calls`."""

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.refused: list[str] = []
        self.blocked: set[int] = set()
        self._pending: deque[JsonObject] = deque()
        self._last_update_id = 1000
        self._polls = 0
        self._closed = False
        self._on_demand: dict[str, deque[RefusedError]] = {}
        self._changed = threading.Condition()

    def deliver(self, content: JsonObject, *, kind: str = "message") -> None:
        with self._changed:
            self._last_update_id += 1
            self._pending.append({"update_id": self._last_update_id, kind: content})
            self._changed.notify_all()

    def refuse_next(self, method: str, refusal: RefusedError) -> None:
        self._on_demand.setdefault(method, deque()).append(refusal)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, _WAIT_S), "the bot did not get there in time"

    def wait_for_sent(self, count: int) -> list[Sent]:
        self.wait_until(lambda: len(self.sent) >= count)
        return self.sent

    def called(self, method: str) -> list[dict[str, str]]:
        return [params for name, params in self.calls if name == method]

    @property
    def unconfirmed(self) -> int:
        return len(self._pending)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def call(self, token: str, method: str, params: dict[str, str]) -> Json:
        with self._changed:
            if token != TOKEN:
                raise RefusedError(401, "Unauthorized")
            self.calls.append((method, params))
            self._changed.notify_all()
            demanded = self._on_demand.get(method)
            if demanded:
                raise demanded.popleft()
            match method:
                case "getMe":
                    return _ME
                case "getUpdates":
                    return self._get_updates(params)
                case "sendMessage":
                    return self._send_message(params)
                case "sendChatAction":
                    return _check(params.get("action") == "typing", "wrong parameter action in request")
                case "setMyCommands":
                    return _check_commands(params)
                case "deleteWebhook":
                    if params.get("drop_pending_updates") == "true":
                        self._pending.clear()
                    return True
            raise RefusedError(404, "Not Found")

    def _get_updates(self, params: dict[str, str]) -> Json:
        """A newer poll ends an older one, as there; an offset confirms everything before it."""
        self._polls += 1
        mine, offset = self._polls, int(params.get("offset", "0"))
        while self._pending and int(str(self._pending[0]["update_id"])) < offset:
            self._pending.popleft()
        self._changed.notify_all()
        timeout_s = float(params.get("timeout", "0"))
        self._changed.wait_for(lambda: self._pending or self._closed or self._polls != mine, timeout_s)
        if self._polls != mine:
            raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        return list(self._pending)

    def _send_message(self, params: dict[str, str]) -> Json:
        chat_id, text = int(params["chat_id"]), params.get("text", "")
        if chat_id in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        _check(bool(text.strip()), "message text is empty")
        _check(_units(text) <= _MAX_UNITS, "message is too long")
        entities = _entities(text, json.loads(params.get("entities", "[]")))
        reply = json.loads(params.get("reply_parameters", "{}"))
        self.sent.append(Sent(chat_id, text, entities, reply.get("message_id"), params))
        self._changed.notify_all()
        return {
            "message_id": 10_000 + len(self.sent),
            "date": int(time.time()),
            "chat": {"id": chat_id, "type": "private"},
        }


_ME: JsonObject = {"id": BOT_ID, "is_bot": True, "first_name": "Coopbot", "username": BOT_USERNAME}


def _check(fine: bool, description: str) -> bool:
    if not fine:
        raise RefusedError(400, f"Bad Request: {description}")
    return True


def _check_commands(params: dict[str, str]) -> bool:
    for command in json.loads(params["commands"]):
        _check(1 <= len(command["command"]) <= 32 and command["command"].islower(), "BOT_COMMAND_INVALID")
        _check(1 <= len(command["description"]) <= 256, "BOT_COMMAND_DESCRIPTION_INVALID")
    return True


def _entities(text: str, raw: list[dict[str, str | int]]) -> tuple[SentEntity, ...]:
    """Stricter than Telegram in two things: it drops the entities over 100 and those out of bounds without a word."""
    _check(len(raw) <= _MAX_ENTITIES, "too many entities")
    _check(_units(text) + sum(len(str(one.get("url", ""))) for one in raw) <= _MAX_TOTAL, "ENTITIES_TOO_LONG")
    entities = tuple(_entity(text, one) for one in raw)
    quotes = sorted((one.offset, one.offset + one.length) for one in entities if one.type.endswith("blockquote"))
    _check(all(end <= start for (_, end), (start, _) in pairwise(quotes)), "nested blockquote")
    return entities


def _entity(text: str, raw: dict[str, str | int]) -> SentEntity:
    kind, offset, length, url = str(raw["type"]), int(raw["offset"]), int(raw["length"]), str(raw.get("url", ""))
    _check(kind in _ENTITY_TYPES, f"unsupported entity type {kind}")
    _check(offset >= 0 and length > 0 and offset + length <= _units(text), "entity out of bounds")
    _check(url.startswith(("http://", "https://")) == (kind == "text_link"), "wrong HTTP URL")
    units = text.encode("utf-16-le")
    try:
        covers = units[2 * offset : 2 * (offset + length)].decode("utf-16-le")
    except UnicodeDecodeError:
        raise RefusedError(400, "Bad Request: entity begins or ends in a middle of a UTF-16 symbol") from None
    _check(covers == covers.strip(), "entity begins or ends with white space")
    return SentEntity(kind, offset, length, url, covers)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@contextmanager
def bot_api() -> Iterator[BotApi]:
    """A running server."""
    api = BotApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            _, _, token_and_method = self.path.partition("/bot")
            token, _, method = token_and_method.partition("/")
            try:
                self._answer(200, {"ok": True, "result": api.call(token, method, dict(parse_qsl(body)))})
            except RefusedError as refusal:
                if refusal.code == 400:
                    api.refused.append(refusal.description)
                parameters: JsonObject = {"parameters": {"retry_after": refusal.retry_after_s}}
                failure: JsonObject = {"ok": False, "error_code": refusal.code, "description": refusal.description}
                self._answer(refusal.code, failure | (parameters if refusal.retry_after_s is not None else {}))

        def _answer(self, status: int, content: JsonObject) -> None:
            payload = json.dumps(content).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except ConnectionError:
                self.close_connection = True  # the bot hung up on a poll

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.close()
            server.shutdown()
            thread.join()
