"""Builds what surrounds a running service from the settings: changes, the bot, metrics and traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from coopbot.editing import CorpusEditor
from coopbot.errors import Misconfigured
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes, Limits
from coopbot.settings import Settings
from coopbot.state import State
from coopbot.wiring import READER_OFF, Service, prepared_reader

if TYPE_CHECKING:
    from coopbot.serve.http.metrics import Metrics, Monitoring
    from coopbot.serve.http.tracing import Tracing
    from coopbot.serve.telegram.service import BotService

# Share of the shutdown time given to the running change; the rest is for the process itself.
_SHARE_OF_CHANGES = 0.85


def open_changes(settings: Settings, editor: CorpusEditor, state: State) -> Changes:
    """Changes of corpus and index; on shutdown they stop before the process has to exit."""
    changes = Changes(editor, state, limits=Limits(stop_s=settings.shutdown_s * _SHARE_OF_CHANGES))
    if not state.in_memory:
        changes.take_over(settings.index_dir / "pending")
    return changes


def open_bot(
    settings: Settings,
    service: Service,
    changes: Changes | None,
    state: State,
    admission: Admission,
    *,
    webhook_path: str | None = None,
) -> BotService:
    """The Telegram bot; it uses a webhook if there is a path for it and the settings name its address. Raises Misconfigured.

    admission: the one through which the other interfaces of this process ask.
    """
    # Imported here so that nothing else loads its library.
    from coopbot.serve.telegram.context import Backend
    from coopbot.serve.telegram.service import BotProcess, BotService

    backend = Backend(answerer=service.answerer, index=service.index, admission=admission, changes=changes)
    heartbeat = (settings.state_dir or settings.index_dir) / "heartbeat"
    process = BotProcess(heartbeat=heartbeat, shutdown_s=settings.shutdown_s, webhook_path=webhook_path)
    return BotService(backend, settings.telegram, process, state)


def open_monitoring(
    settings: Settings, metrics: Metrics, service: Service, waiting: Callable[[], Mapping[str, int]] = dict
) -> Monitoring:
    """The data for `/metrics`. waiting: queue lengths by name."""
    from coopbot.serve.http.metrics import Monitoring

    reader = prepared_reader(settings)
    card = service.models.embedder.card
    models = {
        "embedder": card.name,
        "embedder_precision": card.precision,
        "reader": reader.name if reader else READER_OFF,
        "reader_precision": reader.precision if reader else "",
        "writer": settings.llm.model if settings.llm.base_url else READER_OFF,
    }
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    return Monitoring(metrics=metrics, token=token, index=service.index, models=models, waiting=waiting)


def open_tracing(settings: Settings) -> Tracing | None:
    """The tracer, or None if no collector is set. Raises Misconfigured."""
    if not settings.otel_endpoint:
        return None
    try:
        from coopbot.serve.http.tracing import Tracing
    except ImportError as exc:
        raise Misconfigured('traces need a library; run: pip install "coopbot[otel]"') from exc
    return Tracing.to(settings.otel_endpoint)
