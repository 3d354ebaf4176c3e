"""Escapes untrusted text for printing: no control sequences reach the terminal, and one line stays one line."""

from __future__ import annotations

import re

# Control characters steer a terminal; directional and zero-width ones disguise text. Surrogates, which stand for file name
# bytes that are not UTF-8, cannot be printed at all.
_HARMFUL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
_IN_LINE = re.compile(f"[{_HARMFUL}\t\n]")
_IN_TEXT = re.compile(f"[{_HARMFUL}]")


def escaped_line(text: str) -> str:
    """The text with each harmful character, including tabs and line breaks, as \\uXXXX."""
    return _IN_LINE.sub(_escape, text)


def escaped_text(text: str) -> str:
    """The same, but tabs and line feeds are kept. JSON keeps its meaning."""
    return _IN_TEXT.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
