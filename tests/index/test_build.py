from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from coopbot.domain import Article, Filters, Language, Source
from coopbot.errors import Busy, IndexBroken, IndexMismatch, IndexMissing, Misconfigured
from coopbot.index.build import BuildReport, build
from coopbot.index.disk.folder import current_id, open_current, snapshot_ids
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.manifest import describe_files
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.filters import passes, sentence_passes
from coopbot.index.live import LiveIndex
from coopbot.index.model.embedder import Embedder, Embeddings
from coopbot.index.types import FirstStage
from coopbot.text.sentences import split_sentences
from coopbot.text.tokens import lexical_tokens
from tests.fakes import BagOfWords, article_of, make_article

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


def test_a_long_article_is_embedded_64_passages_at_a_time(tmp_path: Path) -> None:
    blocks: list[int] = []

    class Counting(BagOfWords):
        def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
            blocks.extend([len(texts)] * with_tokens)
            return super().embed_passages(texts, with_tokens=with_tokens)

    text = "\n\n".join(f"## Day {day}\n\nTrucks crossed." for day in range(100))  # each below a heading: a passage
    report = run([make_article("en/long", text)], tmp_path, Counting(dim=16))
    assert report.embedded == sum(blocks) == report.passages == 100
    assert max(blocks) <= 64


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


CITED = article_of(
    "en/cited",
    """---
publisher: River briefs
published: 2026-03-01
---
The ferry carries cars.[^a] It is blue.[^b]

## Dogs

Nobody counts them.

## Price

A ticket costs 5 yuan.[^c]

[^a]: People's Daily, 21 August 2019, <https://people.example/1>
[^b]: RIA via mail.example, March 2026
[^c]: TASS
""",
)


def test_filters_by_publisher_and_date_go_by_who_said_a_sentence_of_the_passage(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([BRIDGE, CITED], tmp_path, embedder)
    snapshot = open_current(tmp_path, embedder.fingerprint)
    assert snapshot.article("en/cited") == CITED

    def texts(filters: Filters) -> set[str]:
        vector = embedder.embed_question("the").pooled[0]
        found = snapshot.first_stage("en", vector, ["ferry", "dogs", "ticket"], 50, filters)
        stored = snapshot.stored("en", found.rows.tolist())
        assert {one.passage.article_id for one in stored} <= {"en/bridge", "en/cited"}
        passed = {one.passage.text.split(".")[0] for one in stored if one.passage.article_id == "en/cited"}
        assert bool(passed) == passes(CITED, filters)
        return passed

    ferry, dogs, ticket = "The ferry carries cars", "Nobody counts them", "A ticket costs 5 yuan"
    assert texts(Filters()) == {ferry, dogs, ticket}
    assert texts(Filters(publishers=("people's daily",))) == {ferry}
    assert texts(Filters(publishers=("RIA",), published_from=date(2026, 3, 20))) == {ferry}  # some day of March
    assert texts(Filters(publishers=("Mail.example",))) == {ferry}
    assert texts(Filters(publishers=("RIA",), published_to=date(2020, 1, 1))) == set()  # it was another one who said it then
    assert texts(Filters(published_to=date(2020, 1, 1))) == {ferry}
    assert texts(Filters(published_from=date(2026, 3, 1), published_to=date(2026, 3, 1))) == {ferry, dogs}
    assert texts(Filters(publishers=("TASS",))) == {ticket}
    assert texts(Filters(publishers=("River briefs",))) == {ferry, dogs, ticket}
    assert texts(Filters(publishers=("River briefs",), published_from=date(2021, 1, 1))) == {ferry, dogs}
    assert texts(Filters(publishers=("Example News",))) == set()


def test_a_sentence_passes_by_its_own_source() -> None:
    filters = Filters(publishers=("RIA",))
    spans = split_sentences(CITED.text)
    assert [span.of(CITED.text) for span in spans if sentence_passes(CITED, span, filters)] == ["It is blue."]
    assert all(sentence_passes(BRIDGE, span, filters) for span in split_sentences(BRIDGE.text))


def test_a_snapshot_of_the_format_before_attributions_is_read_and_extended(tmp_path: Path) -> None:
    embedder = BagOfWords()
    run([BRIDGE, PORT], tmp_path, embedder)
    (snapshot_id,) = snapshot_ids(tmp_path)
    folder = tmp_path / "snapshots" / snapshot_id
    (file,) = folder.glob("*/passages.sqlite")
    with closing(sqlite3.connect(file)) as db:
        db.executescript("ALTER TABLE articles DROP COLUMN attributions; DROP TABLE voices")
    fields = json.loads((folder / "manifest.json").read_bytes())
    files = fields["files"] | describe_files(folder, {})
    data = json.dumps({**fields, "format": 9, "files": files}).encode()
    (folder / "manifest.json").write_bytes(data)
    old_id = f"{snapshot_id[:-8]}{sha256(data).hexdigest()[:8]}"
    folder.rename(folder.with_name(old_id))
    (tmp_path / "CURRENT").write_text(old_id)

    old = open_current(tmp_path, embedder.fingerprint)
    assert not old.fault
    assert old.article("en/bridge") == BRIDGE
    run([BRIDGE, PORT, CITED], tmp_path, embedder, day=2)
    new = open_current(tmp_path, embedder.fingerprint)
    assert [new.article(one.article_id) for one in (BRIDGE, PORT, CITED)] == [BRIDGE, PORT, CITED]
    vector = embedder.embed_question("the").pooled[0]
    for publisher, article in (("Example News", "en/bridge"), ("RIA", "en/cited")):
        found = new.first_stage("en", vector, ["the"], 50, Filters(publishers=(publisher,)))
        assert set(article_ids(new, "en", found)) == {article}


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
