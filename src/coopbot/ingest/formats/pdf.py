"""Reads PDF files into drafts. The only module that imports pypdf."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.document import FAULTS, document_draft
from coopbot.ingest.page.shape import PAGE_NUMBER
from coopbot.ingest.page.title import FILE_NAME
from coopbot.ingest.tidy import columns, join_lines, one_line, repair

MOST_PAGES = 1_000  # for articles and reports; longer is a book, and takes minutes
_EDGE_LINES = 2  # running headers and footers are within this many lines of a page's top and bottom
_RUNNING_PAGES = 3
_SHORT_LINE = 0.75  # of the usual width; shorter is a heading or a paragraph's last line
_BROKEN_WORD = re.compile(r"[^\W\d_]-$")


def read_pdf(data: bytes, source: str) -> Draft:
    """The draft of a PDF. Raises Unreadable if it is damaged, encrypted, too long, or has no text layer."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    if not data:
        raise Unreadable(source, "the file is empty (0 bytes); give another copy")
    try:
        reader = PdfReader(BytesIO(data))
        # Many files are only locked against changes and open with an empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(source, "encrypted; save it without a password")
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable(source, f"too long ({len(reader.pages)} pages); the limit is {MOST_PAGES}")
        meta = reader.metadata
        title = one_line(str(meta.title or "")) if meta else ""
        author = one_line(str(meta.author or "")) if meta else ""
        pages = [repair(page.extract_text().replace("\xad\n", "")) for page in reader.pages]
    except (PyPdfError, *FAULTS) as error:
        raise Unreadable(source, "damaged, not a readable PDF; save it again") from error
    if not any(map(str.strip, pages)):
        raise Unreadable(source, "no text layer (scanned pages?); run text recognition on it first")
    lines = _without_running_lines([page.splitlines() for page in pages])
    # Lines joined into paragraphs: a line well short of the usual width ends one unless the next starts in lower case.
    widths = sorted(map(columns, lines))
    usual = widths[int(len(widths) * 0.9)] if widths else 0
    paragraphs = [one_line(lines[0])] if lines else []
    for previous, line in pairwise(lines):
        if columns(previous) < _SHORT_LINE * usual and not line[0].islower():
            paragraphs.append(one_line(line))
        elif _BROKEN_WORD.search(paragraphs[-1]) and line[0].islower():
            paragraphs[-1] = paragraphs[-1][:-1] + one_line(line)
        else:
            paragraphs[-1] = join_lines(paragraphs[-1], one_line(line))
    return document_draft(paragraphs, source, title="" if FILE_NAME.search(title) else title, author=author)


def _without_running_lines(pages: Sequence[Sequence[str]]) -> list[str]:
    """The lines of all pages without page numbers, or headers and footers repeated on at least half of the pages."""
    filled = [[line.strip() for line in page if line.strip()] for page in pages]
    edges = Counter(shape for page in filled for shape in {_digitless(line) for line in _edge_lines(page)})
    enough = max(_RUNNING_PAGES, len(filled) / 2)
    running = {shape for shape, count in edges.items() if count >= enough}
    kept = []
    for page in filled:
        edge = set(_edge_lines(page))
        kept += [line for line in page if not (line in edge and (_digitless(line) in running or PAGE_NUMBER.fullmatch(line)))]
    return kept


def _edge_lines(page: Sequence[str]) -> Sequence[str]:
    return [*page[:_EDGE_LINES], *page[-_EDGE_LINES:]]


def _digitless(line: str) -> str:
    return re.sub(r"\d+", "0", line)
