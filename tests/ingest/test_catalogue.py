import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from coopbot.domain import Article, Source, When
from coopbot.errors import Unreadable
from coopbot.ingest.corpus import store as corpus_module
from coopbot.ingest.corpus.catalogue import Catalogue, Entry, Found
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import Read, read_bytes, read_file
from coopbot.ingest.formats.sandbox import OverLimit
from tests.fakes import make_article

SOURCE = Source(publisher="TASS", title="Мост", url="https://tass.example/1", published=When("2025-05-10"), facts=("HB-01",))
ARTICLE = replace(
    make_article("en/a", "黑河 bridge.", sources=(SOURCE, Source(publisher="P"))),
    authors=("Anna Low",),
    also_published_by=(replace(SOURCE, facts=()),),
    published=None,
)


def entry(name: str, found: Found, stamp: str = "1", content: bytes = b"") -> Entry:
    return Entry(name=name, stamp=stamp, content=content, found=found)


def test_what_is_put_in_comes_out() -> None:
    catalogue = Catalogue()
    catalogue.update(entries=[entry("en/a.md", ARTICLE), entry("b\udcff.pdf", Unreadable("b.pdf", "damaged"))])
    assert catalogue.get("en/a.md") == ARTICLE
    found = catalogue.get("b\udcff.pdf")
    assert isinstance(found, Unreadable)
    assert (found.source, found.reason) == ("b.pdf", "damaged")
    assert catalogue.get("c.md") is None
    assert set(catalogue.known()) == {"en/a.md", "b\udcff.pdf"}


def test_articles_are_found_by_text_and_page() -> None:
    catalogue = Catalogue()
    no_page = replace(ARTICLE, article_id="en/b", text="Other.", url="")
    catalogue.update(entries=[entry("en/a.md", ARTICLE), entry("en/b.md", no_page)])
    assert catalogue.with_text("Other.") == "en/b.md"
    assert catalogue.with_text("Another.") is None
    assert catalogue.with_page("//news.example/a") == "en/a.md"
    assert catalogue.with_page("//news.example/b") is None
    assert catalogue.with_page("") is None


def test_articles_are_found_by_bands_of_their_language() -> None:
    catalogue = Catalogue()
    texts = {"en/a.md": (1, 2, 3), "en/b.md": (1, 9), "en/c.md": (7, 8)}
    for name, keys in texts.items():
        catalogue.update(entries=[entry(name, make_article(name, name))])
        assert catalogue.unsigned("en") == [name]
        catalogue.sign(name, keys)
    assert catalogue.unsigned("en") == []
    assert catalogue.alike((1, 2, 4), "en") == ["en/a.md", "en/b.md"]
    assert catalogue.alike((1, 2, 4), "ru") == []
    catalogue.update(gone=["en/a.md"])
    assert catalogue.alike((1, 2, 4), "en") == ["en/b.md"]


# The corpus with its catalogue.


def later() -> int:
    """A clock well ahead, so that what has just been written counts as old."""
    return time.time_ns() + 10_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "catalogue.sqlite"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read and parsed."""
    names: list[str] = []

    def reader(path: Path, name: str, read: Read) -> Draft:
        names.append(name)
        return read_file(path, name, read)

    monkeypatch.setattr(corpus_module, "read_file", reader)
    return names


def write(root: Path, name: str, text: str = "Text of it.") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(f"---\ntitle: T\n---\n{text}\n", encoding="utf-8")


def texts(corpus: Corpus) -> list[str]:
    return [found.text if isinstance(found, Article) else found.reason for found in corpus]


def test_only_what_changed_is_read_again(root: Path, path: Path, parsed: list[str]) -> None:
    for name in ("a.md", "b.md", "c.md", "d.xlsx"):
        write(root, name, name)
    reason = "not a supported format"
    assert texts(Corpus(root, path, later))[:3] == ["a.md", "b.md", "c.md"]
    assert sorted(parsed) == ["a.md", "b.md", "c.md", "d.xlsx"]
    parsed.clear()
    corpus = Corpus(root, path, later)
    assert reason in texts(corpus)[3]
    assert parsed == []
    write(root, "b.md", "B.md")
    (root / "c.md").unlink()
    write(root, "e.md", "e.md")
    for same in (corpus, Corpus(root, path, later)):
        assert texts(same)[:3] == ["a.md", "B.md", reason + texts(same)[2].removeprefix(reason)]
        assert texts(same)[3] == "e.md"
    assert sorted(parsed) == ["b.md", "e.md"]


def test_a_recent_file_is_not_trusted(root: Path, path: Path) -> None:
    """It could change again within the same step of the file system's clock; here even its times are set back."""
    write(root, "a.md", "One.")
    now = time.time_ns()
    assert texts(Corpus(root, path, lambda: now)) == ["One."]
    assert Catalogue(path).known()["a.md"][0] == ""
    assert texts(Corpus(root, path, lambda: now + 2_100_000_000)) == ["One."]
    assert Catalogue(path).known()["a.md"][0] != ""


def test_a_clock_set_back_makes_nothing_stale(root: Path, path: Path) -> None:
    write(root, "a.md", "One.")
    hour_ns = 3600 * 10**9
    for moment in (later(), later() - hour_ns, later() + hour_ns):
        corpus = Corpus(root, path, partial(int, moment))
        assert len(texts(corpus)) == 1
        write(root, "a.md", f"At {moment}.")
        assert texts(corpus) == [f"At {moment}."]


def test_a_time_of_modification_set_back_does_not_hide_a_change(root: Path, path: Path) -> None:
    write(root, "a.md", "One.")
    before = (root / "a.md").stat()
    assert texts(Corpus(root, path, later)) == ["One."]
    write(root, "b.md", "Two.")
    (root / "b.md").replace(root / "a.md")
    os.utime(root / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert texts(Corpus(root, path, later)) == ["Two."]


def test_the_same_content_is_not_parsed_again(root: Path, path: Path, parsed: list[str]) -> None:
    write(root, "a.md")
    texts(Corpus(root, path, later))
    (root / "a.md").touch()
    assert texts(Corpus(root, path, later)) == ["Text of it."]
    write(root, "copy.md")
    (root / "copy.md").replace(root / "a.md")
    assert texts(Corpus(root, path, later)) == ["Text of it."]
    assert parsed == ["a.md"]


def test_a_link_that_leads_elsewhere_is_followed_anew(root: Path, path: Path) -> None:
    write(root.parent, "outside.md")
    write(root, "inside.md")
    (root / "link.md").symlink_to(root.parent / "outside.md")
    assert texts(Corpus(root, path, later)) == ["Text of it.", "the link leads out of the folder; put the file itself there"]
    (root / "link.md").unlink()
    (root / "link.md").symlink_to(root / "inside.md")
    assert texts(Corpus(root, path, later)) == ["Text of it.", "Text of it."]


def test_over_the_limits_is_remembered_under_the_same_limits_only(root: Path, path: Path) -> None:
    write(root, "a.md")
    calls = 0

    def read(data: bytes, name: str) -> Draft:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OverLimit(name, "takes too long")
        return read_bytes(data, name)

    def found(limits: str) -> list[str]:
        return texts(Corpus(root, path, later, read=read, limits=limits))

    assert found("30 s") == found("30 s") == ["takes too long"]
    assert calls == 1
    assert found("60 s") == found("30 s") == ["Text of it."]
    assert calls == 2


def test_a_fault_of_the_disk_is_not_remembered(root: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "a.md")

    def fail(path: Path, name: str, read: Read) -> Draft:
        raise Unreadable("a.md", "cannot be opened") from OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(corpus_module, "read_file", fail)
        assert texts(Corpus(root, path, later)) == ["cannot be opened"]
    assert texts(Corpus(root, path, later)) == ["Text of it."]


def _delete(path: Path) -> None:
    path.unlink()


def _garbage(path: Path) -> None:
    path.write_bytes(b"garbage " * 1000)


def _flip_text(path: Path) -> None:
    data = path.read_bytes()
    assert b"Text of it." in data
    path.write_bytes(data.replace(b"Text of it.", b"Test of it."))


def _zeros(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"\0" * (path.stat().st_size - 4096))


def _of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE files; CREATE TABLE files (other TEXT); PRAGMA user_version = 999;")


@pytest.mark.parametrize("damage", [_delete, _garbage, _flip_text, _zeros, _of_another_version])
def test_a_damaged_catalogue_changes_nothing(root: Path, path: Path, damage: Callable[[Path], None]) -> None:
    for name in ("a.md", "b.md"):
        write(root, name)
    expected = list(Corpus(root, path, later))
    damage(path)
    corpus = Corpus(root, path, later)
    assert list(corpus) == expected
    assert list(Corpus(root, path, later)) == expected
    arrival = corpus.add(Draft(title="New", text="A new text."))
    assert arrival.change == "added"
    assert len(list(Corpus(root, path, later))) == 3


def test_a_catalogue_that_breaks_in_the_middle_changes_nothing(root: Path, path: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        write(root, name)
    corpus = Corpus(root, path, later)
    reading = iter(corpus)
    first = next(reading)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE files")
    rest = list(reading)
    assert [found.article_id for found in (first, *rest) if isinstance(found, Article)] == ["a", "b", "c"]
    assert len(list(corpus)) == 3


def test_another_process_that_writes_is_no_hindrance_to_reading(
    root: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "Catalogue", lambda path: Catalogue(path, patience_s=0.05))
    write(root, "a.md", "One.")
    texts(Corpus(root, path, later))
    write(root, "a.md", "Two.")
    write(root, "b.md", "Three.")
    with closing(sqlite3.connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert texts(Corpus(root, path, later)) == ["Two.", "Three."]
        db.rollback()
    assert texts(Corpus(root, path, later)) == ["Two.", "Three."]


def test_without_a_catalogue_nothing_is_written(root: Path) -> None:
    write(root, "a.md")
    assert texts(Corpus(root)) == ["Text of it."]
    assert [found.name for found in root.parent.rglob("*")] == ["corpus", "a.md"]
