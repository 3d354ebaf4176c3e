"""The content of an answer: its declared type and charset, its compression, its size."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from coopbot.errors import Unreadable
from coopbot.ingest.decode import CHARSETS
from coopbot.ingest.formats.readers import BY_MEDIA_TYPE, FORMATS

# Content types and the file extensions they stand for.
ARTICLES: Mapping[str, str] = BY_MEDIA_TYPE
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
_BINARY = tuple(extension for one in FORMATS if not one.is_text for extension in one.extensions)
# Charsets not trusted in a header: servers declare them for any content.
_UNBELIEVED = ("utf-8", "windows-1252")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Decompressed in small steps, so that a decompression bomb is stopped early.
_STEP_BYTES = 65_536
_GZIP_WBITS = 31
_MOST_CODINGS = 2  # nobody compresses a page three times in good faith


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
    wanted = "the address of an RSS or Atom feed" if kinds is FEEDS else f"one of {', '.join(one.name for one in FORMATS)}"
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


def inflated(chunks: Iterable[bytes], codings: Sequence[str], most_bytes: int, source: str) -> Iterator[bytes]:
    """The content with `codings` (in the order applied) undone. Raises Unreadable once any stage exceeds `most_bytes`."""
    applied = [coding for coding in codings if coding != "identity"]
    unknown = next((coding for coding in applied if coding not in ("gzip", "x-gzip")), None)
    if unknown is not None or len(applied) > _MOST_CODINGS:
        reason = f"compressed in a way that was not requested ({unknown or ', '.join(applied)[:40]})"
        raise Unreadable(source, f"{reason}; save the page and add the file")
    stage = _bounded(chunks, most_bytes, source)
    for _ in applied:
        stage = _bounded(_gunzipped(stage, source), most_bytes, source)
    return stage


def _bounded(chunks: Iterable[bytes], most_bytes: int, source: str) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > most_bytes:
            raise too_large(most_bytes, source)
        yield chunk


def too_large(most_bytes: int, source: str) -> Unreadable:
    """The error for content above the limit."""
    return Unreadable(source, f"larger than {most_bytes / 1e6:g} MB, the limit; give the address of something smaller")


def _gunzipped(chunks: Iterable[bytes], source: str) -> Iterator[bytes]:
    """The first gzip member; what some servers send after it is padding."""
    member = zlib.decompressobj(_GZIP_WBITS)
    for chunk in chunks:
        rest = chunk
        while rest and not member.eof:
            try:
                piece = member.decompress(rest, _STEP_BYTES)
            except zlib.error as error:
                raise Unreadable(source, "its compressed content is damaged; save the page and add the file") from error
            rest = member.unconsumed_tail
            if piece:
                yield piece
    if not member.eof:
        raise Unreadable(source, "its compressed content breaks off; save the page and add the file")
