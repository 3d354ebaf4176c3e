from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from coopbot.domain import Article, Filters, Language, Source
from coopbot.errors import Busy, IndexBroken, IndexMismatch, IndexMissing, Misconfigured
from coopbot.index.build import BuildReport, build
from coopbot.index.disk.folder import current_id, open_current, snapshot_ids
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.live import LiveIndex
from coopbot.index.model.embedder import Embedder
from coopbot.index.types import FirstStage
from coopbot.text.tokens import lexical_tokens
from tests.fakes import BagOfWords, make_article

SENTENCES = ["The bridge opened in 2022.", "It is 1283 m long.", "Trucks cross them every day."]
BRIDGE = make_article("en/bridge", f"{SENTENCES[0]} {SENTENCES[1]}\n\n{SENTENCES[2]}")
PORT = make_article("ru/port", "Порт работает круглый год. Через него везут уголь.", language="ru")
PARK = make_article("zh/park", "园区占地广阔。企业很多。", language="zh")


def run(articles: Sequence[Article], index_dir: Path, embedder: Embedder, day: int = 1, force: bool = False) -> BuildReport:
    now = datetime(2026, 1, day, tzinfo=UTC)
    return build(articles, embedder, index_dir, model="bag", precision="f32", force=force, now=lambda: now)


def article_ids(snapshot: Snapshot, language: Language, found: FirstStage) -> list[str]:
    return [stored.passage.article_id for stored in snapshot.stored(language, found.rows.tolist())]


def test_a_snapshot_holds_articles_passages_and_vectors(tmp_path: Path) -> None:
    embedder = BagOfWords()
    report = run([PARK, BRIDGE, PORT], tmp_path, embedder)
    assert report.written
    assert report.added == ("en/bridge", "ru/port", "zh/park")
    snapshot = open_current(tmp_path, embedder.fingerprint)
    assert snapshot.languages == ("en", "zh", "ru")
    assert snapshot.article("en/bridge") == BRIDGE
    (stored,) = snapshot.stored("en", [0])
    assert BRIDGE.text[stored.passage.start_char : stored.passage.end_char] == stored.passage.text
    assert len(stored.passage.sentences) == 3
    sentences = snapshot.sentences("en", np.array([0]))
    assert np.allclose(np.linalg.norm(sentences.vectors, axis=1), 1, atol=1e-2)
    assert sentences.starts.tolist() == [0, 3]
    assert sentences.token_counts.tolist() == [len(text.split()) for text in SENTENCES]
    assert len(sentences.codes) == sentences.token_counts.sum()


def test_the_best_passage_is_found_in_each_language(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([PARK, BRIDGE, PORT], tmp_path, embedder)
    snapshot = open_current(tmp_path, embedder.fingerprint)
    vector = embedder.embed_question("уголь через порт").pooled[0]
    found = snapshot.first_stage("ru", vector, ["порт"], 1, Filters())
    assert article_ids(snapshot, "ru", found) == ["ru/port"]
    assert float(found.pooled[0] @ vector) > 0.3
    assert found.lexical.shape == (1,)


def test_lexical_search_finds_passages_that_the_vector_misses(tmp_path: Path) -> None:
    embedder = BagOfWords()
    articles = [make_article(f"en/{i}", f"Filler text number {i} about trucks.") for i in range(20)]
    run([*articles, make_article("en/rare", "The Zarubino terminal.")], tmp_path, embedder)
    snapshot = open_current(tmp_path, embedder.fingerprint)
    vector = embedder.embed_question("trucks").pooled[0]
    found = snapshot.first_stage("en", vector, lexical_tokens("Zarubino"), 5, Filters())
    ids = article_ids(snapshot, "en", found)
    assert "en/rare" in ids
    assert found.lexical[ids.index("en/rare")] == found.lexical.max() > 0.5


def test_a_build_without_change_writes_nothing(tmp_path: Path) -> None:
    embedder = BagOfWords()
    first = run([BRIDGE], tmp_path, embedder)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    again = run([BRIDGE], tmp_path, embedder, day=2)
    assert not again.written
    assert again.snapshot == first.snapshot
    assert again.reused == 1
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_only_new_text_is_embedded(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([BRIDGE, PORT], tmp_path, embedder)
    embedder.embedded.clear()
    changed = make_article("en/bridge", BRIDGE.text + "\n\n" + "A new sentence about tolls. " * 60)
    report = run([changed, PARK], tmp_path, embedder, day=2)
    assert (report.added, report.changed, report.removed) == (("zh/park",), ("en/bridge",), ("ru/port",))
    assert not any("Порт" in text for text in embedder.embedded)
    embedder.embedded.clear()
    run([BRIDGE, PORT], tmp_path, embedder, day=3)
    assert embedder.embedded == []  # both were embedded before


def test_texts_are_embedded_in_a_reproducible_order(tmp_path: Path) -> None:
    articles = [make_article(f"en/{name}", f"Bridge {name} opened.") for name in "hbeagdcf"]
    embedder = BagOfWords()
    run([make_article("en/long", "Bridge number one opened."), *articles], tmp_path, embedder)
    sentences = [text for text in embedder.embedded if "\n" not in text]  # passages have their title before them
    assert sentences == [*(article.text for article in articles), "Bridge number one opened."]


def test_filters_limit_by_language_publisher_source_and_date(tmp_path: Path) -> None:
    embedder = BagOfWords()
    brief = make_article(
        "en/brief", "A brief.", publisher="coopbot", published=date(2024, 1, 1), sources=(Source(publisher="TASS"),)
    )
    undated = make_article("en/undated", "No date.", publisher="Xinhua", published=None)
    story = make_article("en/story", "A story.", publisher="РИА Новости", also_published_by=(Source(publisher="Xinhua"),))
    run([BRIDGE, brief, undated, story], tmp_path, embedder)
    snapshot = open_current(tmp_path, embedder.fingerprint)

    def ids(filters: Filters) -> set[str]:
        vector = embedder.embed_question("the").pooled[0]
        found = snapshot.first_stage("en", vector, ["brief", "date", "opened"], 50, filters)
        return set(article_ids(snapshot, "en", found))

    assert ids(Filters()) == {"en/bridge", "en/brief", "en/undated", "en/story"}
    assert ids(Filters(publishers=("tass",))) == {"en/brief"}
    assert ids(Filters(publishers=("РИА НОВОСТИ",))) == {"en/story"}
    assert ids(Filters(publishers=("xinhua",))) == {"en/undated", "en/story"}
    assert ids(Filters(publishers=("Xinhua", "Example News"))) == {"en/bridge", "en/undated", "en/story"}
    assert ids(Filters(published_from=date(2024, 1, 1), published_to=date(2024, 12, 31))) == {"en/brief"}
    assert ids(Filters(languages=("ru",))) == set()


def test_a_filter_by_place_passes_the_articles_that_name_it(tmp_path: Path) -> None:
    embedder = BagOfWords()
    heihe = make_article("en/heihe", "A port.\n\nTrucks cross at Heihe.\n\nThey carry soy.")
    title = make_article("en/title", "Trucks cross.", title="Kheikhe")
    both = make_article("en/both", "Trucks go from Vladivostok to Heihe.")
    russian = make_article("ru/heihe", "Порт в Хэйхэ.", language="ru")

    def ids(language: Language, *places: str) -> list[str]:
        snapshot = open_current(tmp_path, embedder.fingerprint)
        vector = embedder.embed_question("trucks").pooled[0]
        found = snapshot.first_stage(language, vector, lexical_tokens("trucks port"), 50, Filters(places=places))
        return sorted(set(article_ids(snapshot, language, found)))

    run([BRIDGE, heihe, title, russian], tmp_path, embedder)
    run([BRIDGE, heihe, title, russian, both], tmp_path, embedder, day=2)
    assert len(open_current(tmp_path, embedder.fingerprint).segments) == 1  # the first was merged into the second
    assert ids("en", "heihe") == ["en/both", "en/heihe", "en/title"]
    assert ids("en", "vladivostok") == ["en/both"]
    assert ids("en", "vladivostok", "heihe") == ["en/both", "en/heihe", "en/title"]
    assert ids("ru", "heihe") == ["ru/heihe"]
    assert ids("ru", "vladivostok") == ids("en", "nowhere") == []


def test_places_are_found_anew_when_the_gazetteer_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = BagOfWords()
    first = run([BRIDGE, PORT], tmp_path, embedder)
    assert not run([BRIDGE, PORT], tmp_path, embedder, day=2).written
    monkeypatch.setattr("coopbot.index.build.gazetteer_sha256", lambda: "another")
    monkeypatch.setattr("coopbot.index.rows.places_in", lambda article: frozenset({"heihe"}))
    report = run([BRIDGE, PORT], tmp_path, embedder, day=3)
    assert report.written
    assert report.snapshot != first.snapshot
    assert (report.embedded, report.changed) == (0, ())
    snapshot = open_current(tmp_path, embedder.fingerprint)
    vector = embedder.embed_question("bridge").pooled[0]
    found = snapshot.first_stage("en", vector, ["bridg"], 5, Filters(places=("heihe",)))
    assert article_ids(snapshot, "en", found) == ["en/bridge"]
    assert not run([BRIDGE, PORT], tmp_path, embedder, day=4).written


def test_an_empty_corpus_makes_an_empty_index(tmp_path: Path) -> None:
    embedder = BagOfWords()
    assert run([], tmp_path, embedder).passages == 0
    assert open_current(tmp_path, embedder.fingerprint).languages == ()


def test_an_article_of_headings_only_is_kept_without_passages(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([make_article("en/empty", "## Only a heading")], tmp_path, embedder)
    snapshot = open_current(tmp_path, embedder.fingerprint)
    assert snapshot.article("en/empty") is not None


def test_a_missing_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="coopbot index"):
        open_current(tmp_path, "bag-of-words")


def test_an_index_of_another_model_is_refused_and_rebuilt(tmp_path: Path) -> None:
    run([BRIDGE], tmp_path, BagOfWords())
    with pytest.raises(IndexMismatch, match="coopbot index"):
        open_current(tmp_path, "another")
    other = BagOfWords(fingerprint="another")
    run([BRIDGE], tmp_path, other, day=2)
    assert open_current(tmp_path, "another").article("en/bridge") == BRIDGE


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_damage_to_any_file_is_noticed_and_the_previous_snapshot_is_served(tmp_path: Path, harm: str) -> None:
    embedder = BagOfWords()
    made = tmp_path / "made"
    good = run([BRIDGE, PORT], made, embedder).snapshot
    bad = run([BRIDGE, PORT, PARK], made, embedder, day=2).snapshot
    folder = made / "snapshots" / bad
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(names) > 20
    for number, name in enumerate(names):
        index_dir = tmp_path / str(number)
        shutil.copytree(made, index_dir)
        damage(index_dir / "snapshots" / bad / name, harm)
        snapshot = open_current(index_dir, embedder.fingerprint)
        assert snapshot.snapshot_id == good, (name, harm)
        assert "coopbot index" in snapshot.fault
        repaired = run([BRIDGE, PORT, PARK], index_dir, embedder, day=3)
        whole = open_current(index_dir, embedder.fingerprint)
        assert (whole.snapshot_id, whole.fault) == (repaired.snapshot, "")
        assert bad not in snapshot_ids(index_dir)  # set aside


def damage(path: Path, harm: str) -> None:
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2] or b"!")
    elif data:
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    else:
        path.write_bytes(b"!")


def test_if_no_snapshot_is_intact_the_first_fault_is_raised(tmp_path: Path) -> None:
    embedder = BagOfWords()
    snapshot_id = run([BRIDGE], tmp_path, embedder).snapshot
    (tokens,) = (tmp_path / "snapshots" / snapshot_id).glob("*/en/tokens.u8")
    damage(tokens, "flip")
    with pytest.raises(IndexBroken, match=r"en/tokens\.u8.*coopbot index"):
        open_current(tmp_path, embedder.fingerprint)


def test_a_half_written_build_is_ignored_and_cleared(tmp_path: Path) -> None:
    embedder = BagOfWords()
    first = run([BRIDGE], tmp_path, embedder).snapshot
    leftover = tmp_path / "snapshots" / ".building" / "en"
    leftover.mkdir(parents=True)
    (leftover / "vectors.faiss").write_bytes(b"half")
    assert open_current(tmp_path, embedder.fingerprint).snapshot_id == first
    run([BRIDGE, PORT], tmp_path, embedder, day=2)
    assert not (tmp_path / "snapshots" / ".building").exists()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with write_lock(tmp_path), pytest.raises(Busy, match="another process"):
        run([BRIDGE], tmp_path, BagOfWords())


def test_the_error_names_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Misconfigured, match="COOPBOT_INDEX_DIR"):
        run([BRIDGE], tmp_path / "file", BagOfWords())


def test_old_snapshots_are_pruned_but_never_the_current(tmp_path: Path) -> None:
    embedder = BagOfWords()
    for day in range(1, 7):
        run([make_article("en/a", f"Text number {day}.")], tmp_path, embedder, day=day)
    ids = snapshot_ids(tmp_path)
    assert len(ids) == 3
    assert current_id(tmp_path) == ids[0]


def test_a_live_index_follows_current_and_earlier_snapshots_stay_open(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([BRIDGE], tmp_path, embedder)
    live = LiveIndex(tmp_path, embedder.fingerprint)
    held = live.current()
    for day in range(2, 7):
        run([make_article("en/a", f"Text number {day}.")], tmp_path, embedder, day=day)
    assert live.current().article("en/a") is not None
    assert held.article("en/bridge") == BRIDGE  # its files are pruned by now, but still open
    assert len(held.sentences("en", np.array([0])).vectors) == 3


def test_a_reader_keeps_its_snapshot_when_the_new_one_is_damaged(tmp_path: Path) -> None:
    embedder = BagOfWords()
    first = run([BRIDGE], tmp_path, embedder).snapshot
    live = LiveIndex(tmp_path, embedder.fingerprint)
    second = run([BRIDGE, PORT], tmp_path, embedder, day=2).snapshot
    damage(next((tmp_path / "snapshots" / second).glob("*/passages.sqlite")), "cut")
    assert live.current().snapshot_id == first
    assert "passages.sqlite" in live.fault
