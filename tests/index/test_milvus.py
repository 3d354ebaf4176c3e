"""The index in Milvus, against `milvus-lite server`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ask.store import VectorStore
from coopbot.domain import Article, Filters, Language, Source
from coopbot.errors import Busy, CoopbotError, IndexBroken, IndexMismatch, IndexMissing, Misconfigured, Unreachable
from coopbot.index.build import BuildReport, build
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.lexical import Postings, PostingsWriter, word_keys
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.schema import (
    KINDS,
    VARCHAR_BYTES,
    Kind,
    Names,
    SnapshotManifest,
    bm25_share,
    changed_counts,
    counts_of,
    dimension,
    pack,
    record_of,
    unpack,
    word_weights,
)
from coopbot.index.milvus.store import LiveMilvus, MilvusStore, open_store
from coopbot.index.milvus.target import Build, MilvusTarget
from coopbot.index.types import Facts
from coopbot.text.tokens import lexical_tokens
from tests.fakes import BagOfWords, article_of, make_article
from tests.index.milvus_server import Server, milvus_server, until

BRIDGE = make_article(
    "en/bridge",
    "The bridge at Blagoveshchensk opened in 2022. It is 1,283 metres long.\n\nTrucks cross it every day.",
    published=date(2022, 6, 10),
)
BRIEF = make_article(
    "en/brief", "A brief on grain.", publisher="coopbot", published=date(2024, 1, 1), sources=(Source(publisher="TASS"),)
)
UNDATED = make_article("en/undated", "No date on the bridge.", publisher='Xin"hua\\', published=None)
PORT = make_article("ru/port", "Порт принял 245,3 тыс. тонн угля.\n\nСуда идут в Китай.", language="ru", publisher="ТАСС")
PARK = make_article("zh/park", "同江铁路大桥2022年通车。货物运输增长很快。", language="zh")
CITED = article_of(
    "en/cited",
    "The ferry carries cars.[^a]\n\n[^a]: People's Daily, 21 August 2019\n\n## Colour\n\nIt is blue.[^b]\n\n[^b]: RIA",
)
CORPUS = [BRIDGE, BRIEF, UNDATED, PORT, PARK, CITED]
QUESTIONS: list[tuple[Language, str]] = [
    ("en", "how long is the bridge"),
    ("en", "Blagoveshchensk trucks"),
    ("ru", "сколько угля принял порт"),
    ("zh", "铁路大桥"),
    ("en", "nothing of the kind"),
]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with milvus_server(tmp_path_factory.mktemp("milvus")) as running:
        yield running


@pytest.fixture(scope="session")
def milvus(server: Server) -> Iterator[Milvus]:
    connection = Milvus.connect(server.uri)
    yield connection
    connection._client.close()


class Place:
    """A separate index on the server that all tests share."""

    def __init__(self, milvus: Milvus, tmp_path: Path) -> None:
        self.milvus = milvus
        self.tmp_path = tmp_path
        self.prefix = f"test_{uuid4().hex[:8]}"
        self.embedder = BagOfWords()

    @property
    def names(self) -> Names:
        return Names(self.prefix, self.embedder.fingerprint)

    def run(
        self, articles: Sequence[Article], *, minute: int = 0, force: bool = False, milvus: Milvus | None = None
    ) -> BuildReport:
        return build(
            articles,
            self.embedder,
            self.tmp_path,
            model="bag",
            precision="f32",
            force=force,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute),
            target=MilvusTarget(milvus or self.milvus, self.tmp_path, self.prefix),
        )

    def open(self) -> MilvusStore:
        return open_store(self.milvus, self.names)

    def count(self, kind: Kind) -> int:
        return len(list(self.milvus.scan(self.names[kind], "id >= 0", ["id"])))


@pytest.fixture
def place(milvus: Milvus, tmp_path: Path) -> Place:
    return Place(milvus, tmp_path)


def local(articles: Sequence[Article], index_dir: Path) -> Snapshot:
    embedder = BagOfWords()
    build(articles, embedder, index_dir, model="bag", precision="f32")
    return open_current(index_dir, embedder.fingerprint)


def passage_ids(store: VectorStore, language: Language, rows: Sequence[int]) -> list[str]:
    return [stored.passage.passage_id for stored in store.stored(language, rows)]


def found(store: VectorStore, language: Language, question: str, top_k: int, filters: Filters) -> dict[str, list[float]]:
    """The passages of the first stage with their vectors."""
    vector = BagOfWords().embed_question(question).pooled[0]
    first = store.first_stage(language, vector, lexical_tokens(question), top_k, filters)
    return dict(zip(passage_ids(store, language, first.rows.tolist()), first.pooled.tolist(), strict=True))


def everything(store: VectorStore) -> list[object]:
    """Everything that answers are made of, for comparing two stores or two snapshots."""
    seen: list[object] = [store.languages, store.articles(0, 100), [store.article(a.article_id) for a in CORPUS]]
    for language, question in QUESTIONS:
        if language not in store.languages:
            continue
        terms = lexical_tokens(question)
        first = store.first_stage(language, BagOfWords().embed_question(question).pooled[0], terms, 8, Filters())
        order = np.argsort(passage_ids(store, language, first.rows.tolist()))
        rows = first.rows[order]
        sentences = store.sentences(language, rows)
        seen += [
            [(s.passage, s.language) for s in store.stored(language, rows.tolist())],
            first.pooled[order].tolist(),
            [array.tolist() for array in (sentences.starts, sentences.vectors, sentences.token_counts, sentences.codes)],
            {term: round(value, 9) for term, value in store.idf(language, terms).items()},
        ]
    return seen


def test_it_equals_the_index_on_disk(place: Place) -> None:
    place.run(CORPUS)
    store, snapshot = place.open(), local(CORPUS, place.tmp_path / "local")
    assert everything(store) == everything(snapshot)
    assert store.sha256_by_article() == snapshot.sha256_by_article()
    assert store.manifest.passages == snapshot.manifest.passages
    assert store.manifest.sentences == snapshot.manifest.sentences
    assert store.articles(1, 2) == snapshot.articles(1, 2)
    assert [store.article(name) for name in ("en/unknown", "", "a\x00b", '" or "1" == "1', "x" * 5000)] == [None] * 5


FILTERS = [
    Filters(),
    Filters(publishers=("tass",)),
    Filters(publishers=("Example News", "coopbot")),
    Filters(publishers=('Xin"hua\\',)),
    Filters(publishers=('"] ) or (id >= 0) or array_contains_any(publishers, ["tass',)),
    Filters(publishers=("\x00\ud800\n",)),
    Filters(published_from=date(2024, 1, 1)),
    Filters(published_to=date(2023, 1, 1)),
    Filters(published_from=date(2022, 6, 10), published_to=date(2022, 6, 10)),
    Filters(publishers=("RIA",)),
    Filters(publishers=("People's Daily",), published_to=date(2020, 1, 1)),
    Filters(languages=("ru",)),
    Filters(languages=("en", "ru"), publishers=("TASS",), published_from=date(2023, 1, 1)),
    Filters(places=("blagoveshchensk",)),
    Filters(places=("tongjiang-bridge", "heihe"), published_from=date(2023, 1, 1)),
]


def test_filters_work_as_on_disk(place: Place) -> None:
    place.run(CORPUS)
    store, snapshot = place.open(), local(CORPUS, place.tmp_path / "local")
    for filters in FILTERS:
        for language, question in QUESTIONS:
            expected = found(snapshot, language, question, 20, filters) if filters.publishers != FILTERS[5].publishers else {}
            assert found(store, language, question, 20, filters) == expected, (filters, question)
    (brief,) = found(store, "en", "the bridge", 20, FILTERS[1])
    assert brief.startswith("en/brief")
    for either in (store, snapshot):
        assert found(either, "ru", "порт", 20, Filters(publishers=("тасс",)))  # letter case of any alphabet
    assert all(one.startswith("en/bridge") for one in found(store, "en", "trucks", 20, Filters(places=("blagoveshchensk",))))
    assert found(store, "zh", "铁路大桥", 20, Filters(places=("tongjiang-bridge",)))


def test_lexical_search_finds_passages_that_the_vector_misses(place: Place) -> None:
    filler = [make_article(f"en/{i}", f"Filler text number {i} about trucks.") for i in range(20)]
    place.run([*filler, make_article("en/rare", "The Zarubino terminal.")])
    store = place.open()
    vector = place.embedder.embed_question("trucks").pooled[0]
    first = store.first_stage("en", vector, lexical_tokens("Zarubino"), 5, Filters())
    ids = [stored.passage.article_id for stored in store.stored("en", first.rows.tolist())]
    assert ids[-1] == "en/rare"
    assert len(ids) == 6
    assert np.flatnonzero(first.lexical).tolist() == [5]
    assert 0.3 < first.lexical[5] < 1


def test_languages_do_not_crowd_each_other_out(place: Place) -> None:
    english = [make_article(f"en/{i}", f"The port of Zarubino, text {i}.") for i in range(30)]
    place.run([*english, PORT])
    store = place.open()
    assert store.languages == ("en", "ru")
    assert [s.passage.article_id for s in store.stored("ru", rows_for(store, "ru", "port of Zarubino"))] == ["ru/port"]


def test_the_few_passages_that_pass_filters_are_found_among_many(place: Place) -> None:
    """With enough passages to be flushed, and most of them nearer to the question than what passes."""
    near = [make_article(f"en/{i}", f"Grain at the port of Zarubino, text {i}.") for i in range(600)]
    other = [make_article(f"ru/{i}", f"Зерно в порту Зарубино, текст {i}.", language="ru") for i in range(20)]
    place.run([*near, *other, make_article("en/far", "Timber by rail.", publisher="Rare")])
    place.milvus._client.release_collection(place.names["passages"])  # what is loaded next is searched by HNSW
    store = place.open()
    assert len(found(store, "ru", "grain at the port of Zarubino", 12, Filters())) == 12
    assert len(found(store, "en", "grain at the port of Zarubino", 12, Filters(publishers=("rare",)))) == 1


def rows_for(store: VectorStore, language: Language, question: str) -> list[int]:
    vector = BagOfWords().embed_question(question).pooled[0]
    return list(map(int, store.first_stage(language, vector, lexical_tokens(question), 3, Filters()).rows))


def test_scores_are_those_of_bm25(tmp_path: Path) -> None:
    passages = [["a", "b", "b", "c"], ["a"], ["c", "d", "d", "d", "e", "f"], []]
    writer = PostingsWriter(tmp_path)
    for words in passages:
        writer.add(words)
    writer.close()
    average = sum(map(len, passages)) / len(passages)
    idf = {"b": 1.5, "c": 0.5, "d": 2.0}
    stored_words = Postings(tmp_path, np.zeros(0, np.int64))
    rows, scores = stored_words.matches(stored_words.places(word_keys(idf)), list(idf.values()), average)
    for row, score in zip(rows, scores, strict=True):
        words = passages[row]
        stored = {key: float(np.float32(weight)) for key, weight in word_weights(words, "en").items()}
        idf_by_key = {dimension(term): value for term, value in idf.items()}
        share = bm25_share({"words": stored, "length": len(words)}, idf_by_key, "en", average)
        assert share * sum(idf.values()) == pytest.approx(score, rel=1e-6)
    assert rows.tolist() == [0, 2]
    assert len(word_weights([], "en")) == 1  # Milvus refuses an empty vector


def test_a_build_writes_only_what_changed(place: Place) -> None:
    place.run(CORPUS)
    place.embedder.embedded.clear()
    changed = make_article("en/bridge", "The bridge has a toll.")
    report = place.run([changed, BRIEF, PORT, PARK, CITED], minute=1)
    assert (report.changed, report.removed, report.reused, report.embedded) == (("en/bridge",), ("en/undated",), 4, 1)
    store = place.open()
    assert report.snapshot == store.snapshot_id
    assert everything(store) == everything(local([changed, BRIEF, PORT, PARK, CITED], place.tmp_path / "local"))
    assert not place.run([changed, BRIEF, PORT, PARK, CITED], minute=2).written
    assert place.open().snapshot_id == report.snapshot


def test_a_forced_build_writes_everything_again(place: Place) -> None:
    place.run(CORPUS)
    before = everything(place.open())
    assert place.run(CORPUS, minute=1, force=True).written
    assert everything(place.open()) == before
    assert place.open().manifest.passages == local(CORPUS, place.tmp_path / "local").manifest.passages


def test_an_article_may_come_back(place: Place) -> None:
    for minute, articles in enumerate([[BRIDGE, PORT], [PORT], [BRIDGE, PORT], [BRIDGE]]):
        place.run(articles, minute=minute)
        assert everything(place.open()) == everything(local(articles, place.tmp_path / str(minute))), minute


def test_an_empty_corpus_and_an_article_without_passages(place: Place) -> None:
    place.run([])
    assert (place.open().languages, place.open().articles(0, 9)) == ((), [])
    headings = make_article("en/empty", "## Only a heading")
    place.run([headings], minute=1)
    assert place.open().article("en/empty") == headings
    assert place.open().languages == ()


def test_a_reader_keeps_its_snapshot(place: Place) -> None:
    place.run([BRIDGE, PORT])
    held = place.open()
    before = everything(held)
    for minute, articles in enumerate([[BRIDGE], [PORT, PARK], [], CORPUS], start=1):
        place.run(articles, minute=minute)
        assert everything(held) == before
        assert held.snapshot_id != place.open().snapshot_id


def test_reading_a_pruned_snapshot_is_refused(place: Place) -> None:
    place.run([BRIDGE])
    held = place.open()
    rows = rows_for(held, "en", "the bridge")
    for step in range(1, 5):
        place.run([make_article("en/a", f"Text number {step}.")], minute=10 * step)
    assert place.count("passages") == 3
    assert place.count("records") == 6  # each article, and each time how many passages have its words
    with pytest.raises(Unreachable, match="ask again"):
        held.stored("en", rows)


def test_each_kept_snapshot_stays_readable(place: Place) -> None:
    held: list[tuple[MilvusStore, list[object]]] = []
    for step, articles in enumerate([CORPUS, [BRIDGE], [PORT, PARK], CORPUS, [PARK, BRIEF], [BRIDGE]]):
        place.run(articles, minute=10 * step)
        held.append((place.open(), everything(place.open())))
        for store, expected in held[-3:]:
            assert everything(store) == expected


class Stopped(Exception):
    """The process is killed."""


READS = {"query", "query_iterator", "describe_alias", "list_collections"}


class Stopping(Milvus):
    """A connection that is cut at the `at`-th write, when half of its rows are written."""

    def __init__(self, milvus: Milvus, at: int) -> None:
        super().__init__(milvus._client, milvus.address, 30.0)
        self._left = at

    def call(self, method: str, *arguments: Any, **options: object) -> Any:
        if method not in READS:
            self._left -= 1
            if self._left < 0:
                if method == "upsert":
                    collection, rows = arguments
                    super().call(method, collection, rows[: len(rows) // 2], **options)
                raise Stopped
        return super().call(method, *arguments, **options)


def test_a_build_may_be_killed_at_every_step(place: Place) -> None:
    toll, quay = make_article("en/bridge", "The bridge has a toll."), make_article("zh/quay", "黑河口岸。", language="zh")
    states = [[BRIDGE, BRIEF, PORT, PARK], [toll, BRIEF, PORT, quay]]
    # The next build may differ from the interrupted one, and keep what that one was about to remove.
    states += [[*articles, UNDATED] for articles in states]
    expected = [everything(local(articles, place.tmp_path / str(i))) for i, articles in enumerate(states)]
    place.run(states[0])
    steps = 0
    while True:
        before, after = expected[steps % 2], expected[(steps + 1) % 2]
        articles = states[(steps + 1) % 2]
        held = place.open()
        try:
            place.run(articles, minute=10 * steps + 1, milvus=Stopping(place.milvus, steps))
        except Stopped:
            assert everything(place.open()) in (before, after), steps
            assert everything(held) == before, steps
            place.run(states[2 + steps % 2], minute=10 * steps + 2)
            assert everything(place.open()) == expected[2 + steps % 2], steps
            place.run(articles, minute=10 * steps + 3)
            assert everything(place.open()) == after, steps
            steps += 1
        else:
            break
    assert steps >= 10


def test_a_first_build_may_be_killed_at_every_step(place: Place) -> None:
    steps = 0
    while True:
        try:
            place.run([BRIDGE, PORT], milvus=Stopping(place.milvus, steps))
        except Stopped:
            with pytest.raises(IndexMissing, match="coopbot index"):
                place.open()
            steps += 1
        else:
            break
        if place.milvus.alias_target(place.prefix):
            break
    assert steps >= 10
    assert everything(place.open()) == everything(local([BRIDGE, PORT], place.tmp_path / "local"))


def test_an_index_of_another_model_is_refused_and_a_new_one_built_beside_it(place: Place) -> None:
    place.run([BRIDGE])
    held, former = place.open(), place.names
    place.embedder = BagOfWords(fingerprint="another")
    with pytest.raises(IndexMismatch, match="coopbot index"):
        place.open()
    place.run([BRIDGE, PORT], minute=1)
    assert place.open().languages == ("en", "ru")
    assert held.article("en/bridge") == BRIDGE  # services with the former model still answer
    with pytest.raises(IndexMismatch):
        open_store(place.milvus, former)
    place.run([BRIDGE], minute=2)
    assert [name for name in place.milvus.call("list_collections") if name.startswith(former.stem)] == []
    assert sorted(name for name in place.milvus.call("list_collections") if name.startswith(place.prefix)) == sorted(
        place.names[kind] for kind in KINDS
    )


def test_a_missing_index_says_how_to_build_one(place: Place) -> None:
    with pytest.raises(IndexMissing, match="coopbot index"):
        place.open()


def facts(place: Place, minute: int) -> Facts:
    built_at = datetime(2026, 1, 1, 0, minute, tzinfo=UTC).isoformat()
    return replace(place.open().manifest.facts, built_at=built_at)


def test_a_build_on_an_outdated_snapshot_writes_nothing(place: Place) -> None:
    place.run([BRIDGE])
    late = MilvusTarget(place.milvus, place.tmp_path, place.prefix)
    late.state(place.embedder.fingerprint)
    place.run([BRIDGE, PORT], minute=1)
    with pytest.raises(Busy, match="another machine"):
        late.write(frozenset({"en/bridge"}), iter(()), facts(place, 2))
    assert set(place.open().sha256_by_article()) == {"en/bridge", "ru/port"}


def test_if_two_machines_write_at_once_one_wins(place: Place) -> None:
    place.run([BRIDGE, PORT])
    base = place.open()
    first = Build(place.milvus, place.names, base, facts(place, 1))
    first.remove(["ru/port"])
    second = Build(place.milvus, place.names, base, facts(place, 2))
    second.remove(["en/bridge"])
    with pytest.raises(Busy, match="another machine"):
        first.finish()
    second.finish()
    assert set(place.open().sha256_by_article()) == {"ru/port"}
    assert place.open().manifest.passages == {"ru": 1}


def test_a_running_service_follows_new_snapshots(place: Place) -> None:
    clock = [0.0]
    place.run([BRIDGE])
    live = LiveMilvus(place.milvus, place.names, clock_s=lambda: clock[0])
    first = live.current()
    place.run([BRIDGE, PORT], minute=1)
    assert live.current() is first  # asked for once a second
    clock[0] = 1.5
    assert live.current().languages == ("en", "ru")
    place.milvus.call("drop_alias", place.prefix)
    clock[0] = 3.0
    assert live.current().languages == ("en", "ru")
    assert "coopbot index" in live.fault


def test_readers_never_see_a_mixture_of_two_snapshots(place: Place) -> None:
    """Articles come in pairs; a reader that finds one without the other has seen two snapshots at once."""

    def pair(step: int) -> list[Article]:
        return [make_article(f"en/{side}", f"Step number {step} of the bridge.") for side in "ab"]

    place.run(pair(0))
    live = LiveMilvus(place.milvus, place.names, clock_s=iter(range(10**9)).__next__)
    stop, wrong, asked = threading.Event(), list[object](), [0]

    def ask() -> None:
        while not stop.is_set():
            try:
                store = live.current()
                texts = {s.passage.text for s in store.stored("en", rows_for(store, "en", "step of the bridge"))}
                articles = {article.text for article in store.articles(0, 9)}
                if len(texts) != 1 or texts != articles:
                    wrong.append((texts, articles))
            except CoopbotError as exc:
                wrong.append(exc)
            asked[0] += 1

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(1, 9):
        place.run(pair(step), minute=step)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert asked[0] > 8


def test_the_index_survives_a_kill_and_restart_of_the_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    own = Server(tmp_path / "own")
    try:
        place = Place(Milvus.connect(own.uri, timeout_s=5), tmp_path)
        place.run(CORPUS)
        held = place.open()
        before = everything(held)
        own.kill()
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+: Milvus does not answer; start it, or fix COOPBOT_MILVUS_URI"):
            held.articles(0, 1)
        with pytest.raises(Unreachable, match="COOPBOT_MILVUS_URI"):
            place.run([BRIDGE])
        own.restart()
        until(lambda: answers(held))
        assert everything(held) == before
        place.run([BRIDGE], minute=1)
        assert place.open().languages == ("en",)
        os.kill(own.process.pid, signal.SIGSTOP)
        os.waitpid(own.process.pid, os.WUNTRACED)  # on a busy machine it goes on for a while
        with pytest.raises(Unreachable, match="does not answer"):
            open_store(Milvus(place.milvus._client, "frozen", 0.2), place.names)
    finally:
        own.kill()


def answers(store: MilvusStore) -> bool:
    try:
        store.articles(0, 1)
    except Unreachable:
        return False
    return True


NO_ADDRESSES = [
    "",
    "http://",
    "host:19530",
    "./file.db",
    "ftp://user:secret@host",
    "http://user:secret@host:port",
    "http://user:secret@host:99999",
    "http://user:secret@[host",
]


@pytest.mark.parametrize(
    ("uri", "error", "message"),
    [
        ("http://user:secret@127.0.0.1:9", Unreachable, r"127\.0\.0\.1:9: .*COOPBOT_MILVUS_URI"),
        *((uri, Misconfigured, "COOPBOT_MILVUS_URI is not the address .* like http://host:19530") for uri in NO_ADDRESSES),
    ],
)
def test_errors_about_an_address_do_not_contain_its_password(uri: str, error: type[CoopbotError], message: str) -> None:
    pytest.importorskip("pymilvus")
    with pytest.raises(error, match=message) as raised:
        Milvus.connect(uri, timeout_s=0.2)
    causes = [raised.value, raised.value.__cause__, None if raised.value.__suppress_context__ else raised.value.__context__]
    assert "secret" not in "".join(map(repr, causes))


def test_without_pymilvus_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(Misconfigured, match=r"pip install 'coopbot\[milvus\]'"):
        Milvus.connect("http://127.0.0.1:9")


@given(st.binary(max_size=200), st.sampled_from([1, 1000]))
def test_packed_contents_can_be_unpacked(data: bytes, times: int) -> None:
    parts = pack(data * times)
    assert max(len(part.encode()) for part in parts) <= VARCHAR_BYTES
    assert unpack(parts) == data * times


def test_contents_with_a_missing_part_are_refused() -> None:
    parts = pack(np.random.default_rng(1).bytes(200_000))
    for missing in range(len(parts)):
        with pytest.raises(IndexBroken, match="coopbot index --force"):
            unpack(parts[:missing] + parts[missing + 1 :])


def test_contents_that_are_no_such_record_are_refused() -> None:
    with pytest.raises(IndexBroken, match="coopbot index --force"):
        record_of(SnapshotManifest, b'{"snapshot_id": 7}')


@given(st.lists(st.dictionaries(st.integers(min_value=0, max_value=2**32 - 2), st.integers(min_value=-2, max_value=3))))
def test_word_counts_follow_changes(changes: list[dict[int, int]]) -> None:
    counts, expected = np.zeros((2, 0), np.uint32), Counter[int]()
    for change in changes:
        possible = {word: max(by, -expected[word]) for word, by in change.items()}
        expected.update(possible)
        counts = changed_counts(counts, possible)
    words = [*expected, 7]
    assert counts_of(counts, words) == [expected[word] for word in words]
    assert len(counts[0]) == len(+expected)
