"""Commands that run a service: HTTP, MCP and Telegram."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli import parts
from coopbot.cli.console import AsJson, say_either, warn
from coopbot.cli.keeping import Feeds
from coopbot.errors import CoopbotError
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.serve.jobs import Jobs
    from coopbot.serve.telegram.service import BackgroundBot
    from coopbot.serve.workers import Worker
    from coopbot.wiring import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The options of `coopbot serve`, passed to each worker."""

    settings: Settings
    watch: bool
    feeds: tuple[str, ...]
    minutes: float
    telegram: bool
    as_json: bool


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
    from coopbot.serve.workers import listen, run_workers

    settings = load_settings()
    given: dict[str, object] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    for name in ("threads", "questions_at_once"):
        if workers > 1 and name not in settings.model_fields_set:
            given[name] = max(1, getattr(settings, name) // workers)
    settings = settings.model_copy(update=given)
    plan = _Plan(
        settings=settings, watch=watch, feeds=tuple(feed or ()), minutes=minutes, telegram=with_telegram, as_json=as_json
    )
    sockets = listen(settings.host, settings.port)
    if workers == 1:
        _serve(plan, sockets)
    else:
        raise typer.Exit(run_workers(partial(_work, plan), sockets, workers, shutdown_s=settings.shutdown_s))


def _work(plan: _Plan, worker: Worker, sockets: list[socket.socket]) -> None:
    """Serve as one of several worker processes."""
    try:
        _serve(plan, sockets, worker)
    except CoopbotError as exc:
        warn(f"coopbot: {exc}")
        sys.exit(1)


def _serve(plan: _Plan, sockets: list[socket.socket], worker: Worker | None = None) -> None:
    """Open everything and serve. Changes and the bot run in one process only: the leader, if there are several workers."""
    from coopbot.ask.understand.conversations import Conversations
    from coopbot.hosting import following, open_access, open_jobs, open_monitoring, open_tracing
    from coopbot.serve.admission import Admission
    from coopbot.serve.http.metrics import Metrics
    from coopbot.serve.http.service import HttpService
    from coopbot.serve.run import run_http
    from coopbot.wiring import open_editor, open_state, prepared_reader

    settings = plan.settings
    metrics = Metrics(shared=worker is not None) if settings.metrics_token else None
    tracing = open_tracing(settings)
    observers = [part.answered for part in (metrics, tracing) if part]
    state = open_state(settings, needed=plan.telegram or settings.admin_token is not None)
    service = parts.service(
        settings,
        on_answer=lambda answer: [observe(answer) for observe in observers],
        conversations=Conversations(state),
    )
    leads = worker is None or worker.is_leader
    editor = open_editor(settings, service.models.embedder) if leads else None
    keep = settings.admin_token is not None or (plan.telegram and bool(settings.telegram_admins))
    jobs = open_jobs(settings, editor, keep=keep) if editor else None
    bot = _background_bot(settings, service, jobs) if jobs and plan.telegram else None
    if leads:
        url = f"http://{settings.host}:{settings.port}"
        say_either(plan.as_json, {"url": url}, f"coopbot answers on {url} (try {url}/docs)")

    admission = Admission(settings.questions_at_once, settings.questions_waiting)

    def waiting() -> dict[str, int]:
        changes = {"changes": jobs.unfinished} if jobs else {}
        return {"questions": admission.waiting, **changes, **(bot.service.waiting if bot else {})}

    watches = plan.watch or plan.feeds
    over_http = HttpService(
        answerer=service.answerer,
        index=service.index,
        admission=admission,
        reader=prepared_reader(settings),
        jobs=jobs,
        admin_token=settings.admin_token.get_secret_value() if settings.admin_token else None,
        access=open_access(settings),
        public_url=settings.public_url,
        monitoring=open_monitoring(settings, metrics, service, waiting) if metrics else None,
        tracing=tracing,
        background=[following(settings, editor, jobs, plan.feeds, plan.minutes)] if editor and jobs and watches else [],
    )
    run_http(over_http, sockets, telegram=bot, worker=worker, shutdown_s=settings.shutdown_s)


def mcp() -> None:
    """Serve search, fetch and ask over the Model Context Protocol, on standard input and output."""
    from coopbot.serve.logs import log_as_json
    from coopbot.serve.mcp.server import make_server, serve_stdio
    from coopbot.serve.mcp.tools import make_tools

    settings = load_settings()
    service = parts.service(settings)
    log_as_json()
    tools = make_tools(service.answerer, service.index)
    serve_stdio(make_server(tools, base_of=lambda request: settings.public_url.rstrip("/")))


def _background_bot(settings: Settings, service: Service, jobs: Jobs) -> BackgroundBot:
    """The bot inside `coopbot serve`. If it fails, the whole service exits, to be restarted."""
    from coopbot.hosting import bot_settings, open_library
    from coopbot.serve.http.webhook import WEBHOOK_PATH
    from coopbot.serve.telegram.service import BackgroundBot, BotService

    bot = BotService(open_library(service, jobs), bot_settings(settings, webhook_path=WEBHOOK_PATH))
    return BackgroundBot(bot, on_failure=lambda: os.kill(os.getpid(), signal.SIGTERM))


def telegram() -> None:
    """Answer in Telegram, as the bot whose token is COOPBOT_TELEGRAM_TOKEN."""
    from coopbot.ask.understand.conversations import Conversations
    from coopbot.hosting import bot_settings, open_jobs, open_library
    from coopbot.serve.telegram.service import run_bot
    from coopbot.wiring import READER_OFF, open_editor, open_state

    settings = load_settings()
    if settings.reader == READER_OFF:
        warn("the reader is off: passages are quoted unchecked, and more answers are wrong; unset COOPBOT_READER")
    service = parts.service(settings, conversations=Conversations(open_state(settings)))
    editor = open_editor(settings, service.models.embedder) if settings.telegram_admins else None
    jobs = open_jobs(settings, editor, keep=True) if editor else None
    with jobs or nullcontext():
        run_bot(open_library(service, jobs), bot_settings(settings))
