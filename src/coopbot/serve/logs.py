"""The log on standard error: one line of JSON for each event of coopbot, of libraries, and for each crash; without secrets."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

_MESSAGE_CHARS = 200
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)

# structlog's: an event is a dictionary of whatever was logged.
_Event = MutableMapping[str, Any]

log = structlog.get_logger()


def log_as_json() -> None:
    """Set up structlog, the standard library's loggers, warnings and uncaught errors for the whole process."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_frames,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _without_arguments],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: log.critical("process_crashed", exc_info=error)
    threading.excepthook = _thread_crashed


def frames(error: BaseException) -> list[str]:
    """The stack of an error, its cause first: types and code lines. Messages are left out, as they may contain a question."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return [*(frames(cause) if cause else []), *places, type(error).__name__]


def _with_frames(logger: Any, method: str, event: _Event) -> _Event:
    """Replace `exc_info` by the type of the error and its stack."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    elif found and not isinstance(found, BaseException):
        found = sys.exception()
    if isinstance(found, BaseException):
        event.update(error=type(found).__name__, frames=frames(found))
    return event


def _without_arguments(logger: Any, method: str, event: _Event) -> _Event:
    """Cut another library's message to the first line of its template: arguments may contain what a user wrote."""
    record = event.get("_record")
    if record is not None:
        event["event"] = next(iter(str(record.msg).splitlines()), "")[:_MESSAGE_CHARS]
    return event


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        log.critical("thread_crashed", thread=args.thread.name if args.thread else "", exc_info=args.exc_value)


def public_address(url: str) -> str:
    """The address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_secrets(text: str) -> str:
    """The text, each web address in it reduced to its `public_address`."""
    return _ADDRESS.sub(lambda found: public_address(found[0]), text)
