"""Builds what surrounds a running service from the settings: changes, access control, the bot, metrics and traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from coopbot.editing import CorpusEditor
from coopbot.errors import Misconfigured
from coopbot.serve.changes import Changes, Limits
from coopbot.settings import Settings
from coopbot.state import State
from coopbot.wiring import READER_OFF, Service, prepared_reader

if TYPE_CHECKING:
    from coopbot.serve.http.access import Access
    from coopbot.serve.http.metrics import Metrics, Monitoring
    from coopbot.serve.http.tracing import Tracing
    from coopbot.serve.telegram.kit import Library
    from coopbot.serve.telegram.service import BotSettings

# Share of the shutdown time given to the running change; the rest is for the process itself.
_SHARE_OF_CHANGES = 0.85


def open_changes(settings: Settings, editor: CorpusEditor, state: State) -> Changes:
    """Changes of corpus and index; on shutdown they stop before the process has to exit."""
    changes = Changes(editor, state, limits=Limits(stop_s=settings.shutdown_s * _SHARE_OF_CHANGES))
    if not state.in_memory:
        changes.take_over(settings.index_dir / "pending")
    return changes


def open_access(settings: Settings) -> Access:
    """Access control and rate limits for HTTP."""
    # Imported here because the Telegram bot alone needs no web framework.
    from coopbot.serve.http.access import Access

    return Access(
        hosts=settings.hosts,
        api_keys=tuple(key.get_secret_value() for key in settings.api_keys),
        rate_limit=settings.rate_limit,
        rate_storage=settings.rate_storage.get_secret_value(),
        trusted_proxies=settings.trusted_proxies,
    )


def open_library(service: Service, changes: Changes | None) -> Library:
    """The service and changes for the Telegram bot."""
    # Imported here so that nothing else loads its library.
    from coopbot.serve.telegram.kit import Library

    return Library(answers=service.answerer, index=service.index, changes=changes)


def bot_settings(settings: Settings, *, webhook_path: str | None = None) -> BotSettings:
    """Settings of the Telegram bot; it uses a webhook if there is a path for it and a public address."""
    from coopbot.serve.telegram.kit import Rules
    from coopbot.serve.telegram.service import BotSettings

    over_http = settings.telegram_webhook_url is not None and webhook_path is not None
    return BotSettings(
        token=settings.telegram_token.get_secret_value() if settings.telegram_token else "",
        heartbeat=(settings.state_dir or settings.index_dir) / "heartbeat",
        api_url=settings.telegram_api_url,
        rules=Rules(
            admins=frozenset(settings.telegram_admins),
            allowed=frozenset(settings.telegram_allowed),
            messages_per_minute=settings.telegram_rate,
        ),
        shutdown_s=settings.shutdown_s,
        health_port=settings.telegram_health_port,
        webhook_url=f"{settings.telegram_webhook_url}".rstrip("/") + f"{webhook_path}" if over_http else None,
    )


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
