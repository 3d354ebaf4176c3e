"""Decodes bytes to text: UTF-8, UTF-16 with a byte order mark, and for HTML the charset that the page declares."""

from __future__ import annotations

import codecs
import re

from coopbot.errors import Unreadable

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

# Charset labels of pages and servers, and the superset that decodes each (as browsers do).
CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
    "koi8-r": "koi8-r",
    "iso-8859-5": "iso-8859-5",
    "iso-8859-1": "windows-1252",
    "windows-1252": "windows-1252",
    "us-ascii": "windows-1252",
}
_DECLARED = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]{2,20})", re.I)
_DECLARATION_WITHIN_BYTES = 4096
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.01  # maximum share of control characters in text


def decode_text(data: bytes, source: str) -> str:
    """The text of a UTF-8 or UTF-16 file. Raises Unreadable if it is empty, binary or in another encoding."""
    text = _by_mark(data, source)
    return text if text is not None else _checked(_decode(data, "utf-8", source), source)


def decode_html(data: bytes, source: str) -> str:
    """The text of a page, by its byte order mark, as UTF-8, or by its declared charset. Raises Unreadable if none fits."""
    text = _by_mark(data, source)
    if text is not None:
        return text
    declared = _DECLARED.search(data, 0, _DECLARATION_WITHIN_BYTES)
    label = declared[1].decode("ascii").lower() if declared else "utf-8"
    if label not in CHARSETS:
        raise Unreadable(source, f"charset {label} is not supported; save the page as UTF-8")
    try:
        return _checked(data.decode("utf-8"), source)
    except UnicodeDecodeError:
        return _checked(_decode(data, CHARSETS[label], source), source)


def _by_mark(data: bytes, source: str) -> str | None:
    if not data:
        raise Unreadable(source, "the file is empty (0 bytes); give another copy")
    if data.startswith(_UTF32_BOMS):
        raise Unreadable(source, "not UTF-8 but UTF-32; save it as UTF-8")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_decode(data[len(mark) :], encoding, source), source)
    return None


def _decode(data: bytes, encoding: str, source: str) -> str:
    if b"\0" in data and not encoding.startswith("utf-16"):
        raise Unreadable(source, "binary, not text (NUL bytes); a UTF-16 file needs a byte order mark")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"not {encoding.upper()} (byte 0x{data[error.start]:02X} at offset {error.start}); save it as UTF-8"
        raise Unreadable(source, reason) from error


def _checked(text: str, source: str) -> str:
    if "\0" in text or len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise Unreadable(source, "binary, not text (control characters); give a text file in UTF-8")
    return text
