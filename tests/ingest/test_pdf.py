from io import BytesIO

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from coopbot.errors import Unreadable
from coopbot.ingest.formats.pdf import read_pdf

ARTICLE = [
    "Grain terminal loads its first cars",
    "By Anna Low | River Daily | 3 April 2025",
    "The first train of grain hopper cars left the new terminal on",
    "the Amur on Tuesday, carrying oats to a feed mill south of Har-",
    "bin.",
    "The operator expects to ship 180,000 tonnes in its first season",
    "and to reach full capacity in 2027.",
]


def pdf(pages: list[list[str]], *, password: str | None = None, meta: dict[str, str] | None = None) -> bytes:
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for lines in pages:
        page = writer.add_blank_page(612, 792)
        shown = "".join(f"({line.replace('(', '[').replace(')', ']')}) Tj T* " for line in lines)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
    if meta:
        writer.add_metadata(meta)
    if password is not None:
        writer.encrypt(password)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_lines_become_paragraphs_and_the_head_is_read() -> None:
    draft = read_pdf(pdf([ARTICLE]), "a.pdf")
    assert draft.title == ARTICLE[0]
    assert draft.authors == ("Anna Low",)
    assert draft.publisher == "River Daily"
    assert str(draft.published) == "2025-04-03"
    assert draft.text == (
        "The first train of grain hopper cars left the new terminal on the Amur on Tuesday, "
        "carrying oats to a feed mill south of Harbin."
        "\n\nThe operator expects to ship 180,000 tonnes in its first season and to reach full capacity in 2027."
    )


def test_running_heads_and_page_numbers_are_removed() -> None:
    pages = [
        ["River Daily Quarterly", f"Paragraph number {word} stands on a page of its own here.", f"- {number} -"]
        for number, word in enumerate(["one", "two", "three"], 1)
    ]
    text = read_pdf(pdf(pages), "a.pdf").text
    assert "Quarterly" not in text
    assert "- 2 -" not in text
    assert text.count("Paragraph number") == 3


def test_the_properties_name_title_and_author_unless_they_are_a_file_name() -> None:
    draft = read_pdf(pdf([ARTICLE[2:]], meta={"/Title": "Oats cross the Amur", "/Author": "Bo Chen"}), "a.pdf")
    assert (draft.title, draft.authors) == ("Oats cross the Amur", ("Bo Chen",))
    assert read_pdf(pdf([ARTICLE], meta={"/Title": "Microsoft Word - final2.docx"}), "a.pdf").title == ARTICLE[0]


def test_a_file_that_opens_without_a_password_is_read() -> None:
    assert read_pdf(pdf([ARTICLE], password=""), "a.pdf").title == ARTICLE[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (pdf([ARTICLE], password="secret"), "encrypted"),
        (pdf([[]]), "no text layer"),
        (pdf([ARTICLE])[:200], "damaged"),
        (b"%PDF-1.7\n garbage", "damaged"),
        (b"not a pdf at all", "damaged"),
    ],
)
def test_bad_files_are_named_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"a\\.pdf: .*{reason}"):
        read_pdf(data, "a.pdf")


def test_too_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.ingest.formats.pdf.MOST_PAGES", 1)
    with pytest.raises(Unreadable, match="too long \\(2 pages\\)"):
        read_pdf(pdf([ARTICLE, ARTICLE]), "a.pdf")
