"""Links that open a page at the quoted words (URL text fragments)."""

from __future__ import annotations

from urllib.parse import quote, urldefrag

# Longer fragments are written as their first and last words, which browsers match to what lies between.
_WHOLE_CHARS = 80
_EDGE_CHARS = 30


def deep_link(url: str, text: str) -> str:
    """`url` with a text fragment for `text`, or "" where there is no page to link to."""
    if not url.startswith(("http://", "https://")):
        return ""
    # "-" and "," have a meaning in a text fragment, and "-" is never escaped by quote().
    parts = [quote(part, safe="").replace("-", "%2D") for part in _edges(" ".join(text.split()))]
    return f"{urldefrag(url).url}#:~:text={','.join(parts)}"


def _edges(text: str) -> list[str]:
    if len(text) <= _WHOLE_CHARS:
        return [text]
    first, last = text[:_EDGE_CHARS], text[-_EDGE_CHARS:]
    # Whole words only; Chinese has no spaces to cut at, and needs none.
    if " " in first:
        first = first[: first.rindex(" ")]
    if " " in last:
        last = last[last.index(" ") + 1 :]
    return [first, last]
