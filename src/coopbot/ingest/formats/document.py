"""Turns a PDF or DOCX into a Draft: all text is kept, and its first blocks are searched for metadata."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.page.metadata import is_byline, is_labelled, read_byline
from coopbot.ingest.page.names import person_names
from coopbot.ingest.tidy import HEADING, ends_sentence, opening

# What libraries let through on broken structures, besides errors of their own. RuntimeError includes RecursionError.
FAULTS = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError, OSError)
ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, SyntaxError, *FAULTS)  # of XML in an archive: lxml's errors are SyntaxErrors
# A document that unpacks to more is a zip bomb or a book; zipfile reads no more of a member than its header declares.
LARGEST_UNPACKED_BYTES = 200_000_000
_HEAD_BLOCKS = 6  # title, standfirst, byline and date are among these first blocks
_LONGEST_TITLE = 250  # characters


def document_draft(blocks: Sequence[str], source: str, *, title: str = "", author: str = "") -> Draft:
    """The draft of a document. `title` and `author` come from its properties. Raises Unreadable if it has no text."""
    bylines = [block for block in blocks[:_HEAD_BLOCKS] if is_byline(block) and (is_labelled(block) or len(blocks) > 1)]
    byline = read_byline(bylines)
    rest = [block for block in blocks if block not in bylines]
    first = rest[0] if rest else ""
    can_be_title = first.startswith(HEADING) or (len(first) <= _LONGEST_TITLE and not ends_sentence(first))
    found = title or (first if can_be_title else "")
    body = rest[1:] if first.removeprefix(HEADING) == found.removeprefix(HEADING) else rest
    if not any(not block.startswith(HEADING) for block in body):
        raise Unreadable(source, "there is no text in it; give a document with text")
    return Draft(
        title=found.removeprefix(HEADING) or opening(next(block for block in body if not block.startswith(HEADING))),
        text="\n\n".join(body),
        authors=byline.authors or person_names(author),
        publisher=byline.publisher,
        published=byline.published,
    )


def open_zip(data: bytes, source: str) -> zipfile.ZipFile:
    """An archive of parts. Raises Unreadable if it is too large unpacked, ZIP_FAULTS if it is damaged."""
    archive = zipfile.ZipFile(BytesIO(data))
    unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
    if unpacked_bytes > LARGEST_UNPACKED_BYTES:
        raise Unreadable(source, f"too large unpacked ({unpacked_bytes / 1e6:.0f} MB); save it without its pictures")
    return archive
