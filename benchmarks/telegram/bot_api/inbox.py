"""Updates on their way to the bot, which polls them or has them delivered to a webhook."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable

from benchmarks.telegram.bot_api.checks import RefusedError, check
from benchmarks.telegram.bot_api.updates import JsonObject

WAIT_S = 60.0
_UPDATES_PER_POLL = 100


class Inbox:
    """Updates wait until the bot confirms them. Safe to share between threads, which hold `changed` to read or change it."""

    def __init__(self) -> None:
        self.webhook: dict[str, str] = {}
        self.changed = threading.Condition()
        self.closed = False
        self._pending: deque[JsonObject] = deque()
        self._last_update_id = 1000
        self._polls = 0

    @property
    def unconfirmed(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._pending)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait for something that the bot should do. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(condition, timeout_s):
                raise TimeoutError(f"the bot did not do what was expected within {timeout_s:.0f} s")

    def close(self) -> None:
        """End the polls that wait."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def next_delivery(self, timeout_s: float) -> JsonObject | None:
        """The update to deliver to the webhook next, if any; it stays until `delivered`."""
        with self.changed:
            self.changed.wait_for(lambda: (self.webhook and self._pending) or self.closed, timeout_s)
            return self._pending[0] if self.webhook and self._pending else None

    def delivered(self) -> None:
        """Remove the update that the webhook accepted."""
        with self.changed:
            self._pending.popleft()
            self.changed.notify_all()

    def get_updates(self, params: dict[str, str]) -> list[JsonObject]:
        """A newer poll ends an older one, an offset confirms all updates before it, and there is no polling with a webhook."""
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        poll, offset = self._polls, int(params.get("offset", "0"))
        check(offset >= 0, "negative offsets are not supported by this server")
        while self._pending and int(self._pending[0]["update_id"]) < offset:
            self._pending.popleft()
        self.changed.notify_all()
        timeout_s = float(params.get("timeout", "0"))
        self.changed.wait_for(lambda: self._wanted(params) or self.closed or self._polls != poll, timeout_s)
        if self._polls != poll:
            raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        return self._wanted(params)[:_UPDATES_PER_POLL]

    def set_webhook(self, params: dict[str, str]) -> bool:
        """Deliver updates from now on."""
        check(params.get("url", "").startswith("https://"), "bad webhook: An HTTPS URL must be provided for webhook")
        check(1 <= len(params.get("secret_token", "")) <= 256, "bad webhook: secret token is missing")
        self.webhook = params
        return True

    def delete_webhook(self, params: dict[str, str]) -> bool:
        """Let updates be polled from now on."""
        self.webhook = {}
        if params.get("drop_pending_updates") == "true":
            self._pending.clear()
        return True

    def webhook_info(self, params: dict[str, str]) -> JsonObject:
        """The current webhook."""
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": self.unconfirmed,
        }

    def _add(self, kind: str, content: JsonObject) -> int:
        self._last_update_id += 1
        self._pending.append({"update_id": self._last_update_id, kind: content})
        self.changed.notify_all()
        return self._last_update_id

    def _wanted(self, params: dict[str, str]) -> list[JsonObject]:
        """The updates of the kinds that the bot polls for; others are dropped."""
        kinds = json.loads(params.get("allowed_updates", "[]"))
        for update in [one for one in self._pending if kinds and not set(kinds) & set(one)]:
            self._pending.remove(update)
        return list(self._pending)
