"""The formats that can be read, and how a file of one becomes a Draft. The extension decides the format."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coopbot.errors import Unreadable
from coopbot.ingest.decode import decode_text
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.docx import read_docx
from coopbot.ingest.formats.markdown import read_markdown
from coopbot.ingest.formats.pdf import read_pdf
from coopbot.ingest.page.clean import check_length, clean_page
from coopbot.ingest.page.html import read_html
from coopbot.text.characters import HAN
from coopbot.text.sentences import split_sentences

Read = Callable[[bytes, str], Draft]
"""From the content and name of a file to its draft. Raises Unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """extensions: lower case; the first is given to content that has none. is_text: its charset may be declared elsewhere."""

    name: str
    extensions: tuple[str, ...]
    media_types: tuple[str, ...]
    read: Read
    is_text: bool = False


# No article has 20 MB of text; a PDF of that size is mostly pictures. Larger files are mistakes.
LARGEST_FILE_BYTES = 20_000_000
# What one article may hold. Each sentence gets a vector, and so does each token: more would hold up all other changes.
_MOST_SENTENCES = 10_000
_MOST_PIECES = 200_000
# Roughly what becomes one token: a Han character, some letters, or a sign.
_PIECE = re.compile(rf"[{HAN}]|[^\W{HAN}]{{1,5}}|[^\w\s]")
_NOT_WAITING: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def check_readable(size_bytes: int, name: str) -> None:
    """Raises Unreadable for a format or size that is refused whatever the content."""
    _reader(name)
    _check_size(size_bytes, name)


def read_bytes(data: bytes, name: str) -> Draft:
    """The draft of a file's content; the extension of `name` decides the format. Raises Unreadable with the reason."""
    check_readable(len(data), name)
    draft = _reader(name)(data, name)
    # A longer text would take too long, or too much memory, to cut and embed; a short one need not be counted.
    if len(draft.text) > _MOST_SENTENCES:
        check_length(len(draft.text), name)
        for count, most, what in (
            (sum(1 for _ in split_sentences(draft.text)), _MOST_SENTENCES, "sentences"),
            (sum(1 for _ in _PIECE.finditer(draft.text)), _MOST_PIECES, "words and signs"),
        ):
            if count > most:
                raise Unreadable(
                    name, f"too long ({count:,} {what}; the limit is {most:,}); give the article alone, or its parts"
                )
    return draft


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
    found = _BY_EXTENSION.get(Path(name).suffix.lower())
    if found is None:
        raise Unreadable(name, f"not a supported format; give one of {' '.join(ENDINGS)}")
    return found.read


def _check_size(size_bytes: int, source: str) -> None:
    if size_bytes > LARGEST_FILE_BYTES:
        reason = f"too large ({size_bytes / 1e6:.0f} MB); the limit is {LARGEST_FILE_BYTES / 1e6:.0f} MB"
        raise Unreadable(source, reason)


def with_extension(name: str, media_type: str) -> str:
    """The name of a file that was sent, with the extension of its media type where its own is of no format."""
    if Path(name).suffix.lower() in _BY_EXTENSION:
        return name
    return name + BY_MEDIA_TYPE.get(media_type.partition(";")[0].strip().lower(), "")


MARKDOWN = Format(
    name="Markdown",
    extensions=(".md", ".markdown"),
    media_types=("text/markdown", "text/x-markdown"),
    read=lambda data, source: read_markdown(decode_text(data, source), source),
    is_text=True,
)
# All that coopbot reads: files, addresses, uploads and the page's file picker ask here.
FORMATS = (
    MARKDOWN,
    Format(
        name="TXT",
        extensions=(".txt",),
        media_types=("text/plain",),
        read=lambda data, source: clean_page(decode_text(data, source), source),
        is_text=True,
    ),
    Format(
        name="HTML",
        extensions=(".html", ".htm"),
        media_types=("text/html", "application/xhtml+xml"),
        read=read_html,
        is_text=True,
    ),
    Format(name="PDF", extensions=(".pdf",), media_types=("application/pdf",), read=read_pdf),
    Format(
        name="DOCX",
        extensions=(".docx",),
        media_types=("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
        read=read_docx,
    ),
)
_BY_EXTENSION = {extension: one for one in FORMATS for extension in one.extensions}
ENDINGS = tuple(_BY_EXTENSION)
BY_MEDIA_TYPE = {media_type: one.extensions[0] for one in FORMATS for media_type in one.media_types}
