"""Commands that answer others."""

from __future__ import annotations

import os
import signal
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli import parts
from coopbot.cli.console import AsJson, say, say_json, warn
from coopbot.cli.keeping import Feeds
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.serve.jobs import Jobs
    from coopbot.serve.telegram.background import BackgroundBot
    from coopbot.wiring import Service


def serve(
    watch: Annotated[bool, typer.Option("--watch", help="Take in what comes into the corpus folder.")] = False,
    feed: Feeds = None,
    minutes: Annotated[float, typer.Option("--minutes", min=1, help="How often feeds are read.")] = 15,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on, in place of COOPBOT_HOST.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port, in place of COOPBOT_PORT.")] = None,
    with_telegram: Annotated[bool, typer.Option("--telegram", help="Answer in Telegram too, with the same model.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer over HTTP, at COOPBOT_HOST and COOPBOT_PORT."""
    from coopbot.serve.metrics import Metrics
    from coopbot.serve.run import listen, run_http
    from coopbot.wiring import open_access, open_editor, open_jobs, open_monitoring, prepared_reader, watching

    settings = load_settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update=given)
    sockets = listen(settings.host, settings.port)
    metrics = Metrics() if settings.metrics_token else None
    service = parts.service(settings, metrics.answered if metrics else lambda _: None)
    editor = open_editor(settings, service.models.embedder)
    keep = settings.admin_token is not None or (with_telegram and bool(settings.telegram_admins))
    jobs = open_jobs(settings, editor, keep=keep)
    bot = _background_bot(settings, service, jobs) if with_telegram else None
    url = f"http://{settings.host}:{settings.port}"
    if as_json:
        say_json({"url": url})
    else:
        say(f"coopbot answers on {url} (try {url}/docs)")

    def waiting() -> dict[str, int]:
        return {"changes": jobs.unfinished, **(bot.service.waiting if bot else {})}

    run_http(
        service.answerer,
        service.index,
        sockets,
        reader=prepared_reader(settings),
        jobs=jobs,
        admin_token=settings.admin_token.get_secret_value() if settings.admin_token else None,
        access=open_access(settings),
        watching=watching(settings, editor, feed or [], minutes) if watch or feed else None,
        telegram=bot,
        shutdown_s=settings.shutdown_s,
        public_url=settings.public_url,
        monitoring=open_monitoring(settings, metrics, service, waiting) if metrics else None,
    )


def mcp() -> None:
    """Offer search, fetch and ask to other programs' models: the Model Context Protocol on standard input and output."""
    from importlib.metadata import version

    from coopbot.serve.logs import log_as_json
    from coopbot.serve.mcp.server import make_server, serve_stdio
    from coopbot.serve.mcp.tools import make_tools

    settings = load_settings()
    service = parts.service(settings)
    log_as_json()
    tools = make_tools(service.answerer, service.index)
    serve_stdio(make_server(tools, version("coopbot"), base_of=lambda request: settings.public_url.rstrip("/")))


def _background_bot(settings: Settings, service: Service, jobs: Jobs) -> BackgroundBot:
    """The bot within `coopbot serve`; should it fail, the whole ends, so that it is started again."""
    from coopbot.serve.http.webhook import WEBHOOK_PATH
    from coopbot.serve.telegram.background import BackgroundBot
    from coopbot.serve.telegram.service import BotService
    from coopbot.wiring import bot_settings, open_library

    bot = BotService(open_library(service, jobs), bot_settings(settings, webhook_path=WEBHOOK_PATH))
    return BackgroundBot(bot, on_failure=lambda: os.kill(os.getpid(), signal.SIGTERM))


def telegram() -> None:
    """Answer in Telegram, as the bot whose token is COOPBOT_TELEGRAM_TOKEN."""
    from coopbot.serve.telegram.bot import run_bot
    from coopbot.wiring import READER_OFF, bot_settings, open_editor, open_jobs, open_library

    settings = load_settings()
    if settings.reader == READER_OFF:
        warn("the reader is off: no passage is read before it is quoted, and more answers are wrong; unset COOPBOT_READER")
    service = parts.service(settings)
    editor = open_editor(settings, service.models.embedder) if settings.telegram_admins else None
    jobs = open_jobs(settings, editor, keep=True) if editor else None
    with jobs or nullcontext():
        run_bot(open_library(service, jobs), bot_settings(settings))
