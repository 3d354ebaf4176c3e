"""Every broken state, made for real: the doctor finds it, says what fixes it, and changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coopbot.cli import app
from coopbot.doctor import Check, examine
from coopbot.doctor.corpus import look_at_corpus
from coopbot.doctor.index import look_at_index
from coopbot.domain import Article
from coopbot.errors import IndexBroken
from coopbot.index.build import build
from coopbot.index.disk.folder import current_id, open_current, snapshot_ids
from coopbot.index.disk.lock import write_lock
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource
from coopbot.index.model.reader_model import reader_card
from tests.fakes import BagOfWords, make_article
from tests.invoke import share_model
from tests.soak.harness import read_only
from tests.write.llm_server import scripted

FINGERPRINT = BagOfWords().fingerprint
BRIDGE = make_article("en/bridge", "The bridge opened in 2022. It is 1283 m long.")
PORT = make_article("ru/port", "Порт работает круглый год.", language="ru")
PARK = make_article("zh/park", "园区占地广阔。企业很多。", language="zh")
NOW_S = datetime(2026, 2, 1, tzinfo=UTC).timestamp()


def run(articles: Sequence[Article], index_dir: Path, day: int) -> None:
    now = datetime(2026, 1, day, tzinfo=UTC)
    build(articles, BagOfWords(), index_dir, model="bag", precision="f32", now=lambda: now)


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    """Two snapshots, whole; the corpus is bridge and port."""
    run([BRIDGE], tmp_path / "index", 1)
    run([BRIDGE, PORT], tmp_path / "index", 2)
    return tmp_path / "index"


def look(
    index_dir: Path, articles: Sequence[Article] = (BRIDGE, PORT), fingerprint: str | None = FINGERPRINT, free: int = 10**12
) -> dict[str, Check]:
    before = state_of(index_dir.parent)
    wanted = {article.article_id: article.sha256 for article in articles}
    checks = look_at_index(index_dir, fingerprint, wanted, now_s=lambda: NOW_S, free_bytes=lambda path: free)
    assert state_of(index_dir.parent) == before
    named = {check.name: check for check in checks}
    assert len(named) == len(checks)
    return named


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def wrong(checks: dict[str, Check]) -> set[str]:
    return {check.name for check in checks.values() if not check.ok}


def newest(index_dir: Path) -> Path:
    return index_dir / "snapshots" / snapshot_ids(index_dir)[0]


def test_nothing_is_wrong_with_a_whole_index(index_dir: Path) -> None:
    checks = look(index_dir)
    assert wrong(checks) == set()
    assert "2 articles" in checks["index"].detail
    assert "2 passages" in checks["cache"].detail
    assert checks["leftovers"].detail == "nothing is left over"
    assert checks["writer"].detail == "nobody is writing the index"
    assert "in force" in checks[f"snapshot {current_id(index_dir)}"].detail


def test_a_folder_that_is_not_there_is_no_index(tmp_path: Path) -> None:
    checks = look(tmp_path / "index")
    assert wrong(checks) == {"index"}
    assert "run: coopbot index" in checks["index"].detail
    assert wrong(look(tmp_path / "index", fingerprint=None)) == {"index"}


@pytest.mark.parametrize("content", [None, b"", b"\xff\xff", b"../x\n", b"20250101T000000000Z-00000000\n"])
def test_a_current_that_is_damaged_or_points_nowhere(index_dir: Path, content: bytes | None) -> None:
    (index_dir / "CURRENT").unlink()
    if content is not None:
        (index_dir / "CURRENT").write_bytes(content)
    checks = look(index_dir)
    assert wrong(checks) == {"index"}
    assert "CURRENT" in checks["index"].detail
    assert f"{newest(index_dir).name} serves in its place; run: coopbot index" in checks["index"].detail


@pytest.mark.parametrize("name", ["manifest.json", "passages.sqlite", "vectors.faiss", "tokens.u8", "words.u64"])
def test_the_newest_snapshot_damaged(index_dir: Path, name: str) -> None:
    next(newest(index_dir).rglob(name)).write_bytes(b"x")
    checks = look(index_dir)
    # The older one that serves has one article less.
    assert wrong(checks) == {"index", "freshness", f"snapshot {newest(index_dir).name}"}
    assert name.split(".")[0] in checks["index"].detail
    assert checks["index"].detail.endswith("serves in its place; run: coopbot index")


def test_an_older_snapshot_damaged(index_dir: Path) -> None:
    older = index_dir / "snapshots" / snapshot_ids(index_dir)[1]
    next(older.rglob("sentences.f16")).unlink()
    checks = look(index_dir)
    assert wrong(checks) == {f"snapshot {older.name}"}
    detail = checks[f"snapshot {older.name}"].detail
    assert "sentences.f16" in detail
    assert f"delete {older}" in detail
    shutil.rmtree(older)
    assert wrong(look(index_dir)) == set()


def test_no_snapshot_whole(index_dir: Path) -> None:
    for snapshot_id in snapshot_ids(index_dir):
        next((index_dir / "snapshots" / snapshot_id).rglob("words.u64")).write_bytes(b"")
    checks = look(index_dir)
    assert wrong(checks) == {"index", *(f"snapshot {one}" for one in snapshot_ids(index_dir))}
    assert "words.u64" in checks["index"].detail
    assert "run: coopbot index" in checks["index"].detail
    with pytest.raises(IndexBroken):
        open_current(index_dir, FINGERPRINT)
    run([BRIDGE, PORT], index_dir, 3)
    assert "index" not in wrong(look(index_dir))


def test_an_index_of_another_model(index_dir: Path) -> None:
    checks = look(index_dir, fingerprint="another")
    assert wrong(checks) == {"index"}
    assert "COOPBOT_MODEL" in checks["index"].detail
    assert "bag-of-words.sqlite" in checks["other caches"].detail


def test_an_index_of_another_format(index_dir: Path) -> None:
    for snapshot_id in snapshot_ids(index_dir):
        folder = index_dir / "snapshots" / snapshot_id
        fields = json.loads((folder / "manifest.json").read_bytes())
        data = json.dumps({**fields, "format": 4}).encode()
        (folder / "manifest.json").write_bytes(data)
        folder.rename(folder.with_name(f"{snapshot_id[:-8]}{hashlib.sha256(data).hexdigest()[:8]}"))
    (index_dir / "CURRENT").write_text(newest(index_dir).name)
    checks = look(index_dir)
    assert "index" in wrong(checks)
    assert "format 4" in checks["index"].detail
    assert "run: coopbot index" in checks["index"].detail
    run([BRIDGE, PORT], index_dir, 3)
    assert wrong(look(index_dir)) == set()  # older ones of another format are not damaged, only of no use


def test_an_index_older_than_the_corpus(index_dir: Path) -> None:
    changed = make_article("en/bridge", "The bridge opened in 2023.")
    checks = look(index_dir, [changed, PARK])
    assert wrong(checks) == {"freshness"}
    assert "1 added, 1 changed, 1 removed; run: coopbot index" in checks["freshness"].detail


def test_leftovers_of_killed_builds_and_damage(index_dir: Path) -> None:
    snapshots = index_dir / "snapshots"
    (snapshots / ".building" / "new").mkdir(parents=True)
    (snapshots / ".building" / "new" / "passages.sqlite").write_bytes(bytes(12_345))
    (index_dir / ".restore-x").mkdir()
    (snapshots / ".damaged-20260101T000000000Z-00000000").mkdir()
    (snapshots / ".damaged-20260101T000000000Z-00000000" / "manifest.json").write_bytes(bytes(2_000))
    (snapshots / "my copy").mkdir()
    checks = look(index_dir)
    assert wrong(checks) == set()
    told = checks["leftovers"].detail
    assert "12 kB in .building, .restore-x, left by a killed build; the next coopbot index deletes it" in told
    assert "2 kB of a damaged snapshot that was set aside; delete" in told
    assert "my copy: not named like a snapshot" in told


def test_another_writer_is_named_and_not_disturbed(index_dir: Path) -> None:
    (index_dir / "snapshots" / ".building").mkdir()
    with write_lock(index_dir, now_s=lambda: NOW_S - 90):
        (index_dir / "snapshots" / ".building").mkdir()
        checks = look(index_dir)
        assert wrong(checks) == set()
        assert f"({os.getpid()} on " in checks["writer"].detail
        assert "for 90 s) is writing the index" in checks["writer"].detail
        assert "being written" in checks["leftovers"].detail
        assert "a build is running" in checks["cache"].detail


def harm_header(cache: Path) -> None:
    with cache.open("r+b") as file:
        file.write(b"no database at all")


def harm_entry(cache: Path) -> None:
    with sqlite3.connect(cache) as db:
        db.execute("UPDATE vectors SET codes = zeroblob(8) WHERE key = (SELECT min(key) FROM vectors)")
    db.close()


def harm_end(cache: Path) -> None:
    os.truncate(cache, cache.stat().st_size // 2)


@pytest.mark.parametrize("harm", [harm_header, harm_entry, harm_end])
def test_a_damaged_cache(index_dir: Path, harm: Callable[[Path], None]) -> None:
    cache = index_dir / "cache" / f"{FINGERPRINT}.sqlite"
    harm(cache)
    checks = look(index_dir)
    assert wrong(checks) == {"cache"}
    assert f"{cache} is damaged" in checks["cache"].detail
    assert "delete it" in checks["cache"].detail
    cache.unlink()
    assert wrong(look(index_dir)) == set()


def test_caches_of_other_models(index_dir: Path) -> None:
    for name in ("0123.sqlite", f"{FINGERPRINT}.sqlite.damaged", "corpus.sqlite"):
        (index_dir / "cache" / name).write_bytes(bytes(3_000))
    (index_dir / "cache" / f"{FINGERPRINT}.sqlite-wal").write_bytes(bytes(100))
    checks = look(index_dir)
    assert wrong(checks) == set()
    assert checks["other caches"].detail.startswith("3 kB of other models")
    assert "corpus.sqlite" not in checks["other caches"].detail
    assert checks["damaged cache"].detail.startswith("3 kB of a damaged cache")
    assert "interrupted" in checks["cache"].detail


def test_a_disk_nearly_full(index_dir: Path) -> None:
    checks = look(index_dir, [BRIDGE, PORT, PARK], free=1_000_000)
    assert wrong(checks) == {"disk", "freshness"}
    assert "1 MB free, the next build needs at most about 20 MB; make room" in checks["disk"].detail


@pytest.mark.process
def test_a_folder_that_cannot_be_written(index_dir: Path) -> None:
    with read_only(index_dir):
        checks = look(index_dir)
    assert wrong(checks) == {"index folder"}
    assert "COOPBOT_INDEX_DIR" in checks["index folder"].detail
    shutil.rmtree(index_dir / "cache")
    (index_dir / "cache").write_text("in the way")
    assert "index folder" in wrong(look(index_dir))


def test_a_clock_behind_the_newest_snapshot(index_dir: Path) -> None:
    (check,) = [one for one in look_at_index(index_dir, FINGERPRINT, None, now_s=lambda: 86_400.0) if one.name == "clock"]
    assert not check.ok
    assert "1970-01-02 00:00" in check.detail
    assert "2026-01-02 00:00" in check.detail
    assert "set the clock" in check.detail


def test_a_corpus_folder_that_is_not_there(tmp_path: Path) -> None:
    (check,), articles = look_at_corpus(tmp_path / "corpus")
    assert not check.ok
    assert "COOPBOT_CORPUS_DIR" in check.detail
    assert articles is None


def write(corpus_dir: Path, name: str, text: str) -> None:
    path = corpus_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\ntitle: {path.stem}\nlanguage: en\n---\n{text}\n", encoding="utf-8")


STORY = "\n\n".join(
    f"In {2010 + k} the port of number {k} handled much cargo, and trains from the north came {name} than before to the river."
    for k, name in enumerate(("sooner", "later", "slower", "faster", "oftener", "fuller", "emptier", "longer"))
)


def test_files_of_the_corpus_that_give_no_article_or_one_twice(tmp_path: Path) -> None:
    write(tmp_path, "en/port.md", STORY)
    write(tmp_path, "en/same.md", STORY)
    write(tmp_path, "en/near.md", STORY.replace("much cargo", "a lot of cargo", 1))
    write(tmp_path, "en/other.md", "A bridge was opened.")
    write(tmp_path, "en/other.markdown", "A visa was given.")
    (tmp_path / "en" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / "en" / ".port-123.tmp").write_bytes(bytes(5_000))
    before = state_of(tmp_path)
    checks, articles = look_at_corpus(tmp_path)
    assert state_of(tmp_path) == before
    corpus, twice, leftovers = checks
    assert not corpus.ok
    assert "2 of 6 files" in corpus.detail
    assert "broken.pdf" in corpus.detail
    assert "same id" in corpus.detail
    assert corpus.detail.endswith("fix or remove them")
    assert not twice.ok
    assert "2 articles are there twice: en/near = en/port; en/port = en/same" in twice.detail or "en/same" in twice.detail
    assert "coopbot remove" in twice.detail
    assert leftovers.ok
    assert "5 kB" in leftovers.detail
    assert articles is not None
    assert set(articles) == {"en/port", "en/same", "en/near", "en/other"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> Path:
    """A folder that the settings point into, with a corpus of one article."""
    write(tmp_path / "corpus", "en/bridge.md", "The bridge opened to traffic on 16 November 2022.")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(cache_dir))
    return tmp_path


def test_an_unknown_setting(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_CORPUS", "x")
    (check,) = examine()
    assert not check.ok
    assert "COOPBOT_CORPUS" in check.detail


@pytest.mark.process  # the corpus is read in one
@pytest.mark.server
def test_a_language_model_is_asked_whether_it_answers(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run([BRIDGE], place / "index", 1)
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(place / "nowhere"))
    assert "language model" not in {check.name for check in examine()}
    with scripted() as server:
        server.script = lambda request: request.say("Yes.")
        monkeypatch.setenv("COOPBOT_LLM_BASE_URL", server.base_url)
        without_name = {check.name: check for check in examine()}["language model"]
        monkeypatch.setenv("COOPBOT_LLM_MODEL", "some-model")
        found = {check.name: check for check in examine()}["language model"]
        server.script = lambda request: request.start(500)
        broken = {check.name: check for check in examine()}["language model"]
    assert (found.ok, found.detail) == (True, f"some-model answers at {server.base_url}")
    assert not without_name.ok
    assert "COOPBOT_LLM_MODEL" in without_name.detail
    assert not broken.ok
    assert "COOPBOT_LLM_BASE_URL" in broken.detail


@pytest.mark.process  # the corpus is read in one
def test_a_model_that_is_not_prepared_is_not_prepared_by_looking(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run([BRIDGE], place / "index", 1)
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(place / "nowhere"))
    before = state_of(place)
    checks = {check.name: check for check in examine()}
    assert state_of(place) == before
    assert checks["model"].ok
    assert "coopbot prepare" in checks["model"].detail
    assert checks["index"].ok
    assert "not compared with a model" in checks["index"].detail


@pytest.mark.process  # the corpus is read in one
@pytest.mark.parametrize(
    "name",
    [
        *("card.json", "sentencepiece.model", "tokenizer.json", "centres.npz", "model.xml", "words.npy", "words_scale.npy"),
        "questions/model.xml",
    ],
)
def test_a_damaged_model(place: Path, monkeypatch: pytest.MonkeyPatch, embedder: Encoder, cache_dir: Path, name: str) -> None:
    key = ModelSource.of(None).key()
    model = place / "cache" / "models" / key
    model.mkdir(parents=True)
    for path in (cache_dir / "models" / key).rglob("*"):
        copy = model / path.relative_to(cache_dir / "models" / key)
        copy.mkdir() if path.is_dir() else copy.symlink_to(path)
    if not (model / name).exists():
        pytest.skip("this machine runs the model without that file")
    half = (model / name).read_bytes()
    (model / name).unlink()
    (model / name).write_bytes(half[: len(half) // 2])
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(place / "cache"))
    checks = {check.name: check for check in examine()}
    assert not checks["model"].ok
    assert "coopbot prepare --force" in checks["model"].detail


def reader_check() -> Check:
    return next(check for check in examine() if check.name == "reader")


@pytest.mark.process  # the corpus is read in one
@pytest.mark.model
def test_a_reader_that_is_off(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_READER", "off")
    found = reader_check()
    assert found.ok
    assert found.detail.startswith("off: ")
    assert "unset COOPBOT_READER" in found.detail


@pytest.mark.process  # the corpus is read in one
@pytest.mark.model
def test_a_reader_that_is_not_prepared_is_not_prepared_by_looking(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(place / "nowhere"))
    before = state_of(place)
    found = reader_check()
    assert state_of(place) == before
    assert found.ok
    assert found.detail == "coopbot-reader is not prepared yet; the first use does it, or: coopbot prepare"


@pytest.mark.process  # the corpus is read in one
@pytest.mark.model
def test_a_reader_whose_weights_are_of_another_encoder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopbot.index.model.updates.encoder_hash", lambda: "of another version")
    found = reader_check()
    assert not found.ok
    assert "another version of the encoder; install" in found.detail
    assert "COOPBOT_READER=off" in found.detail


@pytest.mark.process  # the corpus is read in one
@pytest.mark.model
def test_a_damaged_reader(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_CACHE_DIR", str(place / "cache"))
    monkeypatch.setattr("coopbot.index.model.reader_model._key", lambda: "0123")
    prepared = place / "cache" / "models" / "coopbot-reader-0123"
    prepared.mkdir(parents=True)
    for card in ("{", json.dumps({"name": "half"})):
        (prepared / "card.json").write_text(card)
        found = reader_check()
        assert not found.ok
        assert found.detail.endswith("run: coopbot prepare --force")


@pytest.mark.process  # the corpus is read in one
@pytest.mark.model
def test_a_reader_that_is_ready(place: Path, cache_dir: Path) -> None:
    if reader_card(cache_dir) is None:
        pytest.skip("the reader is not prepared on this machine")
    found = reader_check()
    assert found.ok
    assert found.detail.startswith("coopbot-reader, ")
    assert "cosine to the float model" in found.detail


@pytest.mark.process  # the corpus is read in one
def test_json_has_the_same_checks(place: Path, embedder: Encoder, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share_model(monkeypatch, cache_dir, lambda: embedder)
    checks = [asdict(check) for check in examine()]
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert ", for questions 0." in next(one["detail"] for one in told if one["name"] == "model")
    untimed = ("clock", "disk")
    assert [one for one in told if one["name"] not in untimed] == [one for one in checks if one["name"] not in untimed]
    assert {one["name"] for one in told} >= {
        "settings",
        "model",
        "reader",
        "corpus",
        "duplicates",
        "index",
        "disk",
        "clock",
        "cache",
    }
