"""Reads a file into a Draft. The extension decides the format; each format has its own module."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from coopbot.errors import Unreadable
from coopbot.ingest.decode import decode_text
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.docx import read_docx
from coopbot.ingest.formats.markdown import read_markdown
from coopbot.ingest.formats.pdf import read_pdf
from coopbot.ingest.page.clean import clean_page
from coopbot.ingest.page.html import read_html

Read = Callable[[bytes, str], Draft]
"""From the content and name of a file to its draft. Raises Unreadable."""

# No article has 20 MB of text; a PDF of that size is mostly pictures. Larger files are mistakes.
LARGEST_FILE_BYTES = 20_000_000
_NOT_WAITING: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def check_readable(size_bytes: int, name: str) -> None:
    """Raises Unreadable for a format or size that is refused whatever the content."""
    _reader(name)
    _check_size(size_bytes, name)


def read_bytes(data: bytes, name: str) -> Draft:
    """The draft of a file's content; the extension of `name` decides the format. Raises Unreadable with the reason."""
    check_readable(len(data), name)
    return _reader(name)(data, name)


def read_file(path: Path, name: str = "", read: Read = read_bytes) -> Draft:
    """The draft of a file; errors use `name`. Raises Unreadable with the reason; checks the size before `read` reads it."""
    source = name or path.name
    _reader(source)
    try:
        if not path.is_file():
            raise Unreadable(source, "not a file; give a file")
        _check_size(path.stat().st_size, source)
        # Opening a pipe that has replaced the file since would block.
        with open(os.open(path, os.O_RDONLY | _NOT_WAITING), "rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise Unreadable(source, f"cannot be opened ({error.strerror}); check that it is there and may be read") from error
    return read(data, source)


def _reader(name: str) -> Read:
    reader = _READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise Unreadable(name, f"not a supported format; give one of {' '.join(_READERS)}")
    return reader


def _check_size(size_bytes: int, source: str) -> None:
    if size_bytes > LARGEST_FILE_BYTES:
        reason = f"too large ({size_bytes / 1e6:.0f} MB); the limit is {LARGEST_FILE_BYTES / 1e6:.0f} MB"
        raise Unreadable(source, reason)


def _read_markdown(data: bytes, source: str) -> Draft:
    return read_markdown(decode_text(data, source), source)


def _read_text(data: bytes, source: str) -> Draft:
    return clean_page(decode_text(data, source), source)


_READERS: dict[str, Read] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".txt": _read_text,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
}
ENDINGS = tuple(_READERS)
