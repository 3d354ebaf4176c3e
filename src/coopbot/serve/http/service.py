"""What the HTTP service is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.store import LiveStore
from coopbot.domain import INTERFACE_LANGUAGES, InterfaceLanguage
from coopbot.index.model.reader_model import ReaderCard
from coopbot.sections import Access
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes
from coopbot.serve.feedback import FeedbackBox
from coopbot.serve.http.metrics import Monitoring
from coopbot.serve.http.webhook import Deliver
from coopbot.serve.messages import message
from coopbot.state import State

if TYPE_CHECKING:  # an optional library
    from coopbot.serve.http.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpService:
    """An answerer over an open index, and what surrounds it.

    admission: whose turn it is. reader: shown with the index. changes: articles change only if `access` has an admin token
    too. feedback: where it is stored; in memory by default. public_url: the service's address in links; if empty, the address
    that the request was sent to. questions: to suggest, as in `Messages`.
    monitoring: the data for `/metrics`. tracing: makes spans of requests. deliver: receives updates from Telegram. alive:
    whether the bot works. background: contexts that are entered, after `changes` and `tracing`, when the service starts and
    exited in reverse order when it ends.
    """

    answerer: Answerer
    index: LiveStore
    admission: Admission = field(default_factory=Admission)
    reader: ReaderCard | None = None
    changes: Changes | None = None
    access: Access = field(default_factory=Access)
    feedback: FeedbackBox = field(default_factory=lambda: FeedbackBox(State(None)))
    public_url: str = ""
    questions: Mapping[InterfaceLanguage, Mapping[str, Sequence[str]]] = field(
        default_factory=lambda: {language: message(language).questions for language in INTERFACE_LANGUAGES}
    )
    monitoring: Monitoring | None = None
    tracing: Tracing | None = None
    deliver: Deliver | None = None
    alive: Callable[[], bool] = lambda: True
    background: Sequence[AbstractContextManager[object]] = ()

    def base_address(self, request: Request | None) -> str:
        """The service's address for links in the response to a request, without a trailing slash; "" if there is none."""
        return (self.public_url or (str(request.base_url) if request else "")).rstrip("/")
