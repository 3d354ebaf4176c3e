import codecs

import pytest

from coopbot.errors import Unreadable
from coopbot.ingest.decode import decode_html, decode_text

TEXT = "Мост у Хэйхэ: 黑河大桥, bridge."


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_unicode_with_and_without_a_mark(data: bytes) -> None:
    assert decode_text(data, "a.txt") == TEXT
    assert decode_html(data, "a.html") == TEXT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        ("Мост".encode("windows-1251"), "not UTF-8 \\(byte 0xCC at offset 0\\)"),
        ("黑河".encode("gb18030"), "not UTF-8"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "UTF-32"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "not UTF-16"),
        (TEXT.encode("utf-16-le"), "binary.*byte order mark"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (b"\x01\x02\x03\x04 text", "binary"),
    ],
)
def test_other_bytes_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"a\\.txt: .*{reason}"):
        decode_text(data, "a.txt")


@pytest.mark.parametrize("charset", ["gb18030", "GB2312", "windows-1251", "koi8-r", "utf-8", "big5"])
def test_a_page_is_read_in_the_charset_it_declares(charset: str) -> None:
    word = "黑河" if charset.lower().startswith(("gb", "big")) else "Мост"
    for head in (f'<meta charset="{charset}">', f"<meta http-equiv=Content-Type content='text/html; charset={charset}'>"):
        page = f"<html><head>{head}</head><body>{word}</body></html>"
        assert decode_html(page.encode(charset), "a.html") == page


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<meta charset=x-klingon>abc", "charset x-klingon is not supported"),
        ("<p>Мост</p>".encode("windows-1251"), "not UTF-8"),
        (b'<meta charset="gb18030">\xff\xff', "not GB18030"),
    ],
)
def test_a_page_in_no_known_charset(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode_html(data, "a.html")


def test_utf8_that_declares_something_else_is_still_utf8() -> None:
    page = "<meta charset=windows-1251><p>Мост</p>"
    assert decode_html(page.encode(), "a.html") == page
