"""Turns a PDF or DOCX into a Draft: all text is kept, and its first blocks are searched for metadata."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.page.metadata import is_byline, is_labelled, read_byline
from coopbot.ingest.page.names import person_names
from coopbot.ingest.tidy import HEADING, ends_sentence, opening

# What libraries let through on broken structures, besides errors of their own. RuntimeError includes RecursionError.
FAULTS = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError, OSError)
_HEAD_BLOCKS = 6  # title, standfirst, byline and date are among these first blocks
_LONGEST_TITLE = 250  # characters


def document_draft(blocks: Sequence[str], source: str, *, title: str = "", author: str = "") -> Draft:
    """The draft of a document. `title` and `author` come from its properties. Raises Unreadable if it has no text."""
    bylines = [block for block in blocks[:_HEAD_BLOCKS] if is_byline(block) and (is_labelled(block) or len(blocks) > 1)]
    byline = read_byline(bylines)
    rest = [block for block in blocks if block not in bylines]
    found = title or next((block for block in rest[:1] if _can_be_title(block)), "")
    body = rest[1:] if rest and rest[0].removeprefix(HEADING) == found.removeprefix(HEADING) else rest
    if not any(not block.startswith(HEADING) for block in body):
        raise Unreadable(source, "there is no text in it; give a document with text")
    return Draft(
        title=found.removeprefix(HEADING) or opening(next(block for block in body if not block.startswith(HEADING))),
        text="\n\n".join(body),
        authors=byline.authors or person_names(author),
        publisher=byline.publisher,
        published=byline.published,
    )


def _can_be_title(block: str) -> bool:
    return block.startswith(HEADING) or (len(block) <= _LONGEST_TITLE and not ends_sentence(block))
