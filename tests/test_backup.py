from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from coopbot.backup import back_up, restore
from coopbot.domain import Article
from coopbot.errors import CoopbotError, IndexMissing, InvalidRequest, Unreadable
from coopbot.index.build import build
from coopbot.index.disk.folder import current_id, open_current
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from tests.fakes import BagOfWords


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    corpus_dir, index_dir = tmp_path / "corpus", tmp_path / "index"
    corpus = Corpus(corpus_dir)
    corpus.add(Draft(title="A bridge", text="The bridge opened in 2022."))
    corpus.add(Draft(title="Порт", text="Порт работает круглый год."))
    articles = [found for found in corpus if isinstance(found, Article)]
    build(articles, BagOfWords(), index_dir, model="bag", precision="f32")
    return corpus_dir, index_dir


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_backed_up_comes_back(made: tuple[Path, Path], tmp_path: Path) -> None:
    corpus_dir, index_dir = made
    saved = back_up(corpus_dir, index_dir, tmp_path / "all.tar")
    assert (saved.articles, saved.snapshot) == (2, current_id(index_dir))
    there = tmp_path / "there"
    assert restore(tmp_path / "all.tar", there / "corpus", there / "index").snapshot == saved.snapshot
    assert everything(there / "corpus") == everything(corpus_dir)
    snapshot = open_current(there / "index", "bag-of-words")
    assert snapshot.sha256_by_article() == open_current(index_dir, "bag-of-words").sha256_by_article()
    assert sorted(path.name for path in there.iterdir()) == ["corpus", "index"]


def test_nothing_is_overwritten(made: tuple[Path, Path], tmp_path: Path) -> None:
    corpus_dir, index_dir = made
    target = tmp_path / "all.tar"
    back_up(corpus_dir, index_dir, target)
    with pytest.raises(InvalidRequest, match="exists"):
        back_up(corpus_dir, index_dir, target)
    with pytest.raises(InvalidRequest, match="COOPBOT_CORPUS_DIR"):
        restore(target, corpus_dir, index_dir)


def test_an_index_that_is_there_stays_to_go_back_to(made: tuple[Path, Path], tmp_path: Path) -> None:
    corpus_dir, index_dir = made
    old = back_up(corpus_dir, index_dir, tmp_path / "all.tar")
    build([], BagOfWords(), index_dir, model="bag", precision="f32")
    newer = current_id(index_dir)
    restore(tmp_path / "all.tar", tmp_path / "corpus2", index_dir)
    assert current_id(index_dir) == old.snapshot
    assert newer in {path.name for path in (index_dir / "snapshots").iterdir()}


def test_without_an_index_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="coopbot index"):
        back_up(tmp_path, tmp_path / "index", tmp_path / "all.tar")


@pytest.mark.parametrize("harm", ["cut", "flip", "other"])
def test_a_damaged_backup_restores_nothing(made: tuple[Path, Path], tmp_path: Path, harm: str) -> None:
    target = tmp_path / "all.tar"
    back_up(*made, target)
    data = bytearray(target.read_bytes())
    if harm == "flip":
        with tarfile.open(target) as tar:
            place = next(member for member in tar if member.name.endswith("tokens.u8")).offset_data
        data[place] ^= 0xFF
    target.write_bytes(b"hello" if harm == "other" else data[: len(data) // 2] if harm == "cut" else data)
    there = tmp_path / "there"
    with pytest.raises(CoopbotError):
        restore(target, there / "corpus", there / "index")
    assert not (there / "corpus").exists()
    assert current_id(there / "index") is None


def test_a_backup_cannot_write_outside(tmp_path: Path) -> None:
    outside = tmp_path / "hello.txt"
    outside.write_text("hello")
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.add(outside, "corpus/../../escaped.txt")
        tar.add(outside, "/absolute.txt")
        tar.add(outside, "corpus/a.md")
    with pytest.raises(Unreadable, match="not a backup"):
        restore(tmp_path / "bad.tar", tmp_path / "corpus", tmp_path / "index")
    assert not list(tmp_path.rglob("escaped.txt"))
