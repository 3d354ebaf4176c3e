"""Content types and charsets that servers declare, and the formats they stand for."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import PurePosixPath

from coopbot.errors import Unreadable
from coopbot.ingest.decode import CHARSETS

# Content types and the file extensions they stand for.
ARTICLES: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
# Feeds are often served under other types; the content then shows whether it is one.
FEEDS: Mapping[str, str] = {
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/rdf+xml": ".xml",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/html": ".xml",
    "text/plain": ".xml",
    "application/octet-stream": ".xml",
}
# What servers send for content of unknown type; the path's extension is more reliable.
_VAGUE = ("", "text/plain", "application/octet-stream", "binary/octet-stream", "application/zip")
_BINARY = (".pdf", ".docx")
# Charsets not trusted in a header: servers declare them for any content.
_UNBELIEVED = ("utf-8", "windows-1252")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def ending_of(content_type: str, path: str, kinds: Mapping[str, str], source: str) -> str:
    """The extension for the type in `kinds`, or the path's own if the type is generic. Raises Unreadable if there is none."""
    media_type = content_type.partition(";")[0].strip().lower()
    of_path = PurePosixPath(path).suffix.lower()
    if media_type in _VAGUE and of_path in kinds.values():
        return of_path
    if media_type in kinds:
        return kinds[media_type]
    if media_type in FEEDS and media_type.endswith("xml"):
        raise Unreadable(source, "a feed, not an article; add it with --feed")
    given = f"of type {media_type[:80]}" if media_type else "of no declared type"
    wanted = "the address of an RSS or Atom feed" if kinds is FEEDS else "a web page, PDF, docx, Markdown or text"
    raise Unreadable(source, f"{given}, which cannot be read; give {wanted}")


def as_utf8(content: bytes, content_type: str, ending: str) -> bytes:
    """Text converted to UTF-8 when only the header declares another charset: readers see the text alone."""
    label = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    charset = CHARSETS.get(label, "utf-8")
    if charset in _UNBELIEVED or ending in _BINARY or content.startswith(_BOMS):
        return content
    for encoding in ("utf-8", charset):  # valid UTF-8 is UTF-8, whatever the header says
        try:
            return content.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return content
