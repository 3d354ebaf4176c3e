import os
from itertools import chain
from pathlib import Path

import pytest

from coopbot.errors import Unreadable
from coopbot.ingest.formats import readers
from coopbot.ingest.formats.readers import ENDINGS, FORMATS, LARGEST_FILE_BYTES, read_bytes, read_file, with_extension

TEXT = "Bridge opens to lorries\n\nThe bridge opened to lorries on Friday. The first of them carried soybeans.\n"


def test_the_ending_decides_the_format() -> None:
    assert read_bytes(TEXT.encode(), "a.txt").title == "Bridge opens to lorries"
    assert read_bytes(b"# Bridge\n\nIt opened.\n", "folder/a.MARKDOWN").title == "Bridge"


@pytest.mark.parametrize(
    ("name", "media_type", "named"),
    [
        ("a.PDF", "text/plain", "a.PDF"),
        ("report", "application/pdf", "report.pdf"),
        ("v1.2", "Text/HTML; charset=gbk", "v1.2.html"),
        ("a.xlsx", "application/vnd.ms-excel", "a.xlsx"),
    ],
)
def test_a_name_without_an_extension_gets_that_of_its_media_type(name: str, media_type: str, named: str) -> None:
    assert with_extension(name, media_type) == named


def test_no_two_formats_claim_the_same_files() -> None:
    for claims in ([one.extensions for one in FORMATS], [one.media_types for one in FORMATS]):
        every = list(chain.from_iterable(claims))
        assert len(set(every)) == len(every)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.md.gz", ".md"])
def test_other_formats_are_refused(name: str) -> None:
    with pytest.raises(Unreadable, match="not a supported format"):
        read_bytes(TEXT.encode(), name)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"")
    with pytest.raises(Unreadable, match=f"a{ending}: .*0 bytes"):
        read_file(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"a{ending}"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    monkeypatch.setattr(Path, "open", None)
    with pytest.raises(Unreadable, match="too large \\(50 MB\\); the limit is 20 MB"):
        read_file(path)


def test_large_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LARGEST_FILE_BYTES == 20_000_000
    monkeypatch.setattr(readers, "LARGEST_FILE_BYTES", 10)
    with pytest.raises(Unreadable, match="too large"):
        read_bytes(TEXT.encode(), "a.txt")


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    for name in ("folder.txt", "absent.txt"):
        with pytest.raises(Unreadable, match="not a file"):
            read_file(tmp_path / name)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(Unreadable, match="not a file"):
        read_file(tmp_path / "pipe.txt")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("мост " * 121_000, "characters"),
        ("It is there. " * 10_100, "sentences"),
        ("& " * 210_000, "words and signs"),
        ("桥" * 210_000, "words and signs"),
    ],
)
def test_no_article_of_any_format_is_longer_than_can_be_indexed(text: str, what: str) -> None:
    with pytest.raises(Unreadable, match=rf"too long \([\d,]+ {what}"):
        read_bytes(f"---\ntitle: T\n---\n\n{text}\n".encode(), "a.md")


def test_a_long_report_is_read() -> None:
    assert len(read_bytes(("The bridge carried soybeans in the second quarter. " * 9_000).encode(), "a.md").text) > 400_000
