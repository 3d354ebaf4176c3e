import zipfile
from io import BytesIO

import docx
import pytest

from coopbot.errors import Unreadable
from coopbot.ingest.formats.docx import read_docx


def word(*paragraphs: tuple[str, str], rows: list[list[str]] | None = None, title: str = "", author: str = "") -> bytes:
    document = docx.Document()
    document.core_properties.title = title
    if author:
        document.core_properties.author = author
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    if rows:
        table = document.add_table(len(rows), len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_paragraphs_headings_lists_and_tables_in_order() -> None:
    data = word(
        ("Title", "Мост и паром"),
        ("Normal", "Автор: Иван Петров"),
        ("Normal", "12 мая 2025"),
        ("Normal", "Мост открыли в июне."),
        ("Heading 1", "Сколько стоит"),
        ("List Bullet", "билет 2200 рублей"),
        ("Normal", ""),
        ("Normal", "黑河口岸。"),
        rows=[["Год", "Тонн"], ["2024", "12"]],
    )
    draft = read_docx(data, "a.docx")
    assert (draft.title, draft.authors, str(draft.published)) == ("Мост и паром", ("Иван Петров",), "2025-05-12")
    assert (
        draft.text == "Мост открыли в июне.\n\n## Сколько стоит\n\n- билет 2200 рублей\n\n黑河口岸。\n\nГод | Тонн\n\n2024 | 12"
    )


def test_title_and_author_from_the_properties() -> None:
    draft = read_docx(word(("Normal", "Text of it."), title="A title", author="Anna Low"), "a.docx")
    assert (draft.title, draft.authors) == ("A title", ("Anna Low",))
    assert read_docx(word(("Normal", "Text of it.")), "a.docx").authors == ()


def test_without_a_title_the_first_line_or_sentence_serves() -> None:
    assert read_docx(word(("Normal", "A headline"), ("Normal", "Text of it.")), "a.docx").title == "A headline"
    draft = read_docx(word(("Normal", "Text of it. More.")), "a.docx")
    assert (draft.title, draft.text) == ("Text of it.", "Text of it. More.")


def bomb(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr("coopbot.ingest.formats.document.LARGEST_UNPACKED_BYTES", 1_000_000)
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 2_000_000)
    return out.getvalue()


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bomb(monkeypatch)
    assert len(data) < 10_000
    with pytest.raises(Unreadable, match="too large unpacked \\(2 MB\\)"):
        read_docx(data, "a.docx")


def archive_without_a_document() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


def broken_xml() -> bytes:
    source, out = BytesIO(word(("Normal", "Text."))), BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, b"<broken" if entry.filename == "word/document.xml" else old.read(entry))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (b"PK\x03\x04 cut off", "damaged"),
        (word(("Normal", "Text."))[:-40], "damaged"),
        (archive_without_a_document(), "damaged"),
        (broken_xml(), "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ole", "encrypted, or an old"),
        (word(("Normal", " ")), "no text"),
        (word(("Heading 1", "Only a heading")), "no text"),
    ],
)
def test_bad_files_are_named_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"a\\.docx: .*{reason}"):
        read_docx(data, "a.docx")
