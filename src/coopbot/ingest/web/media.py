"""What servers say of the content they send: types that stand for formats, and charsets."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import PurePosixPath

from coopbot.errors import Unreadable
from coopbot.ingest.decode import CHARSETS

# Content types and the endings of the files they would be.
ARTICLES: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
# Many a feed is served as something else; what is none is told by its content.
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
# What servers call content that they know nothing of; the ending of the path knows more.
_VAGUE = ("", "text/plain", "application/octet-stream", "binary/octet-stream", "application/zip")
_BINARY = (".pdf", ".docx")
# What a header is not believed about: servers name these for whatever they send.
_UNBELIEVED = ("utf-8", "windows-1252")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def ending_of(content_type: str, path: str, kinds: Mapping[str, str], source: str) -> str:
    """The ending that the type stands for among `kinds`, or that of the path where the type says little. Unreadable if none."""
    media_type = content_type.partition(";")[0].strip().lower()
    of_path = PurePosixPath(path).suffix.lower()
    if media_type in _VAGUE and of_path in kinds.values():
        return of_path
    if media_type in kinds:
        return kinds[media_type]
    if media_type in FEEDS and media_type.endswith("xml"):
        raise Unreadable(source, "a feed, not an article; add it with --feed")
    given = f"of type {media_type[:80]}" if media_type else "of no type that it names"
    wanted = "the address of an RSS or Atom feed" if kinds is FEEDS else "a web page, PDF, docx, Markdown or text"
    raise Unreadable(source, f"{given}, which I do not read; give {wanted}")


def as_utf8(content: bytes, content_type: str, ending: str) -> bytes:
    """Text whose header alone says that it is not UTF-8, brought to UTF-8: readers know only what the text itself says."""
    label = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    charset = CHARSETS.get(label, "utf-8")
    if charset in _UNBELIEVED or ending in _BINARY or content.startswith(_BOMS):
        return content
    for encoding in ("utf-8", charset):  # text that is UTF-8 is that, whatever it is called
        try:
            return content.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return content
