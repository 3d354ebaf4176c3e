"""Commands that run a service: HTTP, MCP and Telegram."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli import parts
from coopbot.cli.console import AsJson, say_either, warn
from coopbot.cli.keeping import Feeds
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.serve.run import Opened


def serve(
    watch: Annotated[bool, typer.Option("--watch", help="Index changes in the corpus folder.")] = False,
    feed: Feeds = None,
    minutes: Annotated[float, typer.Option("--minutes", min=1, help="How often feeds are read.")] = 15,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on, in place of COOPBOT_HOST.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port, in place of COOPBOT_PORT.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Number of worker processes.")] = 1,
    with_telegram: Annotated[bool, typer.Option("--telegram", help="Answer in Telegram too, with the same model.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer over HTTP, at COOPBOT_HOST and COOPBOT_PORT."""
    from coopbot.serve.run import listen, run_http, run_workers, share_memory_pools

    settings = load_settings()
    given: dict[str, object] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if workers > 1 and "threads" not in settings.model_fields_set:
        given["threads"] = max(1, settings.threads // workers)
    if workers > 1 and "at_once" not in settings.questions.model_fields_set:
        given["questions"] = settings.questions.model_copy(update={"at_once": max(1, settings.questions.at_once // workers)})
    settings = settings.model_copy(update=given)
    opening = partial(
        _open, settings, watch=watch, feeds=feed or [], minutes=minutes, with_telegram=with_telegram, shared=workers > 1
    )
    share_memory_pools()
    sockets = listen(settings.host, settings.port)
    opened = opening() if workers == 1 else None
    url = f"http://{settings.host}:{settings.port}"
    say_either(as_json, {"url": url}, f"{url} is the page; the interface for programs is described at {url}/docs")
    if opened is None:
        raise typer.Exit(run_workers(opening, sockets, workers, shutdown_s=settings.shutdown_s))
    service, bot = opened
    run_http(service, sockets, telegram=bot, shutdown_s=settings.shutdown_s)


def _open(
    settings: Settings, *, watch: bool, feeds: Sequence[str], minutes: float, with_telegram: bool, shared: bool
) -> Opened:
    """Open everything that one process serves with. shared: whether it is one of several, which are equal."""
    from coopbot.ask.understand.conversations import Conversations
    from coopbot.hosting import open_changes, open_monitoring, open_tracing
    from coopbot.serve.admission import Admission
    from coopbot.serve.feedback import FeedbackBox
    from coopbot.serve.http.metrics import Metrics
    from coopbot.serve.http.service import HttpService
    from coopbot.serve.watch import follow
    from coopbot.wiring import open_editor, open_state, prepared_reader

    metrics = Metrics(shared=shared) if settings.metrics_token else None
    tracing = open_tracing(settings)
    observers = [part.answered for part in (metrics, tracing) if part]
    state = open_state(settings, needed=with_telegram or settings.admin_token is not None)
    service = parts.service(
        settings,
        on_answer=lambda answer: [observe(answer) for observe in observers],
        conversations=Conversations(state),
    )
    changes = open_changes(settings, open_editor(settings, state, service.models.embedder), state)
    admission = Admission(settings.questions)
    bot = None
    if with_telegram:
        from coopbot.hosting import open_bot
        from coopbot.serve.http.webhook import WEBHOOK_PATH
        from coopbot.serve.telegram.service import BackgroundBot

        answering = open_bot(settings, service, changes, state, admission, webhook_path=WEBHOOK_PATH)
        # If the bot fails, the whole service exits, to be restarted.
        bot = BackgroundBot(answering, on_failure=lambda: os.kill(os.getpid(), signal.SIGTERM))

    def waiting() -> dict[str, int]:
        return {"questions": admission.waiting, "changes": changes.unfinished, **(bot.service.waiting if bot else {})}

    following = follow(changes, settings.corpus_dir, feeds, every_s=minutes * 60)
    over_http = HttpService(
        answerer=service.answerer,
        index=service.index,
        admission=admission,
        reader=prepared_reader(settings),
        changes=changes,
        access=settings,
        feedback=FeedbackBox(state),
        public_url=settings.public_url,
        monitoring=open_monitoring(settings, metrics, service, waiting) if metrics else None,
        tracing=tracing,
        background=[following] if watch or feeds else [],
    )
    # What is open now lives as long as the process. If each collection looked at it, one large body would stop the event loop
    # for a quarter of a second.
    gc.collect()
    gc.freeze()
    return over_http, bot


def mcp() -> None:
    """Serve search, fetch and ask over the Model Context Protocol, on standard input and output."""
    from coopbot.serve.logs import log_as_json
    from coopbot.serve.mcp.server import make_server, serve_stdio
    from coopbot.serve.mcp.tools import make_tools

    settings = load_settings()
    service = parts.service(settings)
    log_as_json()

    def file_of(article_id: str) -> str:
        path = (settings.corpus_dir / f"{article_id}.md").resolve()
        return path.as_uri() if path.is_file() else ""

    tools = make_tools(service.answerer, service.index, file_of)
    serve_stdio(make_server(tools, base_of=lambda request: settings.public_url.rstrip("/")))


def telegram() -> None:
    """Answer in Telegram, as the bot whose token is COOPBOT_TELEGRAM_TOKEN."""
    from coopbot.ask.understand.conversations import Conversations
    from coopbot.hosting import open_bot, open_changes
    from coopbot.serve.admission import Admission
    from coopbot.serve.telegram.service import run_bot
    from coopbot.wiring import READER_OFF, open_editor, open_state

    settings = load_settings()
    if settings.reader == READER_OFF:
        warn("the reader is off: passages are quoted unchecked, and more answers are wrong; unset COOPBOT_READER")
    state = open_state(settings)
    service = parts.service(settings, conversations=Conversations(state))
    editor = open_editor(settings, state, service.models.embedder) if settings.telegram.admins else None
    changes = open_changes(settings, editor, state) if editor else None
    with changes or nullcontext():
        run_bot(open_bot(settings, service, changes, state, Admission(settings.questions)))
