"""An index gives the same answers whether it was made by one build or by many."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Answer, Article, Filters
from coopbot.index.build import build
from coopbot.index.disk import local
from coopbot.index.disk.folder import open_current, snapshot_ids
from coopbot.index.disk.history import roll_back
from coopbot.index.disk.local import LocalTarget
from coopbot.index.disk.snapshot import Snapshot
from tests.fakes import BagOfWords, make_article

START = datetime(2026, 1, 1, tzinfo=UTC)
SUBJECTS = ("bridge", "port", "pipeline", "park", "railway", "visa", "ferry", "grain")


def article(number: int, version: int = 0) -> Article:
    subject = SUBJECTS[number % len(SUBJECTS)]
    text = " ".join(
        f"The {subject} number {number} took {version + k} million tonnes of {SUBJECTS[(number + k) % 8]} cargo in {2010 + k}."
        for k in range(1 + number % 4)
    )
    return make_article(f"en/{number:03d}", text, title=f"{subject} {number}")


def run(articles: Sequence[Article], folder: Path, day: int, *, copied_bytes: int = local.COPIED_BYTES) -> Snapshot:
    embedder = BagOfWords()
    target = LocalTarget(folder, copied_bytes=copied_bytes)
    now = START + timedelta(days=day)
    build(articles, embedder, folder, model="bag", precision="f32", now=lambda: now, target=target)
    return open_current(folder, embedder.fingerprint)


def answers(snapshot: Snapshot) -> list[Answer]:
    answerer = Answerer(BagOfWords(), lambda: snapshot)
    questions = [f"How many tonnes did the {subject} take?" for subject in SUBJECTS]
    found = [answerer.ask(question) for question in questions]
    return [replace(answer, snapshot="", timings_ms={}) for answer in found]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.dictionaries(st.integers(0, 15), st.integers(0, 2), max_size=16), min_size=2, max_size=5),
)
def test_many_builds_give_the_same_answers_as_one(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[int, int]]
) -> None:
    grown, fresh = tmp_path_factory.mktemp("grown"), tmp_path_factory.mktemp("fresh")
    for day, step in enumerate(steps):
        corpus = [article(number, version) for number, version in sorted(step.items())]
        many = run(corpus, grown, day)
    once = run(corpus, fresh, 0)
    assert answers(many) == answers(once)
    assert many.sha256_by_article() == once.sha256_by_article()
    assert (many.manifest.articles, many.manifest.passages, many.manifest.sentences) == (
        once.manifest.articles,
        once.manifest.passages,
        once.manifest.sentences,
    )
    assert [found.article_id for found in many.articles(0, 99)] == sorted(once.sha256_by_article())


def test_new_articles_become_a_segment_and_small_segments_are_merged(tmp_path: Path) -> None:
    corpus = [article(number) for number in range(60)]
    first = run(corpus, tmp_path, 0)
    counts = []
    for extra in range(60, 72):
        corpus.append(article(extra))
        counts.append(len(run(corpus, tmp_path, extra).segments))
    assert counts[0] == 2
    assert max(counts) <= 4
    now = open_current(tmp_path, "bag-of-words")
    assert first.segments[0].name in {segment.name for segment in now.segments}


def test_removed_articles_are_not_found_and_their_segment_is_rewritten_in_time(tmp_path: Path) -> None:
    corpus = [article(number) for number in range(40)]
    big = run(corpus, tmp_path, 0).segments[0].name
    less = run(corpus[1:], tmp_path, 1)
    assert [segment.name for segment in less.segments] == [big]
    assert less.article("en/000") is None
    rows = less.first_stage("en", BagOfWords().embed_question("bridge").pooled[0], ["bridg"], 60, Filters()).rows
    ids = {stored.passage.article_id for stored in less.stored("en", rows.tolist())}
    assert ids == {one.article_id for one in corpus[1:]}
    half = run(corpus[20:], tmp_path, 2)
    assert big not in {segment.name for segment in half.segments}


def test_a_filter_that_nothing_passes_finds_nothing_in_several_segments(tmp_path: Path) -> None:
    corpus = [article(number) for number in range(61)]
    run(corpus[:60], tmp_path, 0)
    store = run(corpus, tmp_path, 1)
    assert len(store.segments) == 2
    vector, nobody = BagOfWords().embed_question("bridge").pooled[0], Filters(publishers=("nobody",))
    assert store.first_stage("en", vector, ["bridg", "bridg"], 5, Filters()).rows.size
    assert store.first_stage("en", vector, ["bridg"], 5, nobody).rows.size == 0
    assert Answerer(BagOfWords(), lambda: store).ask("how long is the bridge", filters=nobody).outcome == "no_evidence"


_ASK_AT_ONCE = """
import sys, threading
from pathlib import Path
from coopbot.domain import Filters
from coopbot.index.disk.passages import PassageStore

store = PassageStore(Path(sys.argv[1]))
filtered = lambda: [store.rows_matching("en", Filters(publishers=("tass", "nobody"))) for _ in range(1000)]
read = lambda: [store.passages("en", range(30)) for _ in range(3000)]
threads = [threading.Thread(target=work) for work in (filtered, read, read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.process
def test_filters_by_publisher_block_no_other_thread(tmp_path: Path) -> None:
    """SQL that calls a Python function stopped the whole process, threads and all: hence another process, and a limit."""
    snapshot = run([article(number) for number in range(60)], tmp_path, 0)
    path = tmp_path / "snapshots" / snapshot.snapshot_id / snapshot.segments[0].name / "passages.sqlite"
    done = subprocess.run([sys.executable, "-c", _ASK_AT_ONCE, str(path)], timeout=120, check=False)
    assert done.returncode == 0


def test_small_segments_are_copied_and_large_ones_shared(tmp_path: Path) -> None:
    corpus = [article(number) for number in range(30)]
    for folder, most, shared in ((tmp_path / "copied", 10**9, False), (tmp_path / "linked", 0, True)):
        first = run(corpus, folder, 0, copied_bytes=most)
        second = run([*corpus, article(30)], folder, 1, copied_bytes=most)
        name = first.segments[0].name
        one, two = (folder / "snapshots" / snapshot.snapshot_id / name / "passages.sqlite" for snapshot in (first, second))
        assert os.path.samefile(one, two) is shared


def test_names_sort_by_age_even_if_the_clock_goes_backwards(tmp_path: Path) -> None:
    made = [run([article(1, version)], tmp_path, day).snapshot_id for version, day in enumerate([9, 9, 3])]
    assert made == sorted(made)
    assert snapshot_ids(tmp_path) == made[::-1]
    assert open_current(tmp_path, "bag-of-words").snapshot_id == made[-1]


def test_an_older_snapshot_can_be_made_current_again(tmp_path: Path) -> None:
    old = run([article(1)], tmp_path, 0)
    run([article(1), article(2)], tmp_path, 1)
    assert roll_back(tmp_path, "bag-of-words") == old.snapshot_id
    assert open_current(tmp_path, "bag-of-words").article("en/002") is None
    again = run([article(1), article(2)], tmp_path, 2)
    assert again.article("en/002") is not None
    assert np.array_equal(again.sentences("en", np.array([0, 1])).starts, [0, 3, 5])
