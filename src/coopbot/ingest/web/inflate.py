"""Decompresses content incrementally, so that a decompression bomb is stopped early."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

from coopbot.errors import Unreadable

_STEP_BYTES = 65_536
_GZIP_WBITS = 31
_MOST_CODINGS = 2  # nobody compresses a page three times in good faith


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
