"""Passages of all languages ranked, opened and read, on a small index of made-up articles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from coopbot.ask.rank.features import OpenPassage, names_other_time
from coopbot.ask.rank.judge import answer_features, candidates_of, judge, same_features
from coopbot.ask.rank.retrieve import (
    OPENED,
    find_all,
    find_evidence,
    open_passages,
    rank_passages,
    reading_order,
    scored_sentences,
    to_hits,
)
from coopbot.ask.understand.question import understand
from coopbot.ask.weights import PAIRS, JudgeWeights, LinearModel, Weights, load_weights
from coopbot.domain import Filters
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.types import F32
from tests.fakes import BagOfWords, FigureReader, make_article

ROAD = "how long is the road in km"
ZEROS = np.zeros(2, dtype=np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    articles = [
        make_article("en/road", "The road is 20 km long. It was opened on 3 May 2022. Ten people live there."),
        make_article("en/way", "The way home is green. Trees grow beside it."),
        make_article("ru/doroga", "Длина дороги Road – 20 км. Погода хорошая.", language="ru"),
        *(make_article(f"en/other-{n}", f"Fish number {n} swims in the river. It is {n} years old.") for n in range(12)),
    ]
    folder = tmp_path_factory.mktemp("index")
    embedder = BagOfWords()
    build(articles, embedder, folder, model="", precision="")
    return open_current(folder, embedder.fingerprint)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return load_weights()


def test_passages_of_all_languages_are_ranked_together(store: Snapshot, weights: Weights) -> None:
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    assert {one.candidates.language for one in ranked} == {"en", "ru"}
    hits = to_hits(ranked, store, 3)
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert hits[0].passage.article_id == "en/road"


def test_every_sentence_has_every_feature(store: Snapshot, weights: Weights) -> None:
    question = understand(ROAD, BagOfWords())
    ranked = rank_passages(find_all(question, store, Filters(), late=True), weights.passage)
    for reader in (None, FigureReader()):
        opened = open_passages(ROAD, store, ranked, range(4), reader)
        names = {frozenset(one.features) for one in opened}
        assert len(names) == 1
        assert ("read_starts" in next(iter(names))) == (reader is not None)
        for one in opened:
            assert {len(values) for values in one.features.values()} == {len(one.passage.sentences)}
            assert all(np.isfinite(values).all() for values in one.features.values())
        scores = [one.features["cosine"] for one in opened]
        own, others = (candidates_of("", opened, scores, pair) for pair in PAIRS)
        for features in answer_features(ROAD, own, others, opened, scores):
            assert all(values.shape == (1,) and not np.isinf(values).any() for values in features.values())
            assert reader is None or features["read_total"] >= max(float(one.features["read_starts"].max()) for one in opened)


def test_an_answer_has_an_echo_in_other_articles_the_nearer_the_likelier_they_are(store: Snapshot, weights: Weights) -> None:
    question = understand(ROAD, BagOfWords())
    ranked = rank_passages(find_all(question, store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(len(ranked)), None)
    road = next(i for i, one in enumerate(opened) if one.passage.article_id == "en/road")

    def echo(among: list[int], behind: float) -> float:
        chosen = [opened[place] for place in among]
        scores = [np.full(len(one.passage.sentences), -behind, dtype=np.float32) for one in chosen]
        scores[0][0] = 0.0
        return _of_first(chosen, scores, "echo")

    others = [place for place in range(len(opened)) if place != road]
    assert echo([road], 0.0) == 0.0
    assert echo([road, *others], 0.0) > echo([road, *others], 2.0) > echo([road, *others], 4.0) > 0
    assert echo([road, *others], 0.0) >= echo([road, others[0]], 0.0)


@pytest.mark.parametrize(
    ("question", "other_time"),
    [
        ("How long is the road?", False),
        ("How long was the road in 2024?", True),
        ("Сколько километров дороги открыли в 2023 году?", False),
        ("2023年下半年公路有多少公里？", True),
        ("2023年前六个月公路有多少公里？", False),
    ],
)
def test_a_sentence_about_another_time_shows(question: str, other_time: bool) -> None:
    assert names_other_time(question, "In the first half of 2023, 20 km of the road opened.", None) == other_time


def test_the_day_of_a_report_is_not_what_a_sentence_is_about() -> None:
    reported = "In 2024 the road carried 2 Mt, TASS wrote on 3 March 2025."
    assert names_other_time("How much did the road carry in 2025?", reported, date(2025, 3, 3))
    assert not names_other_time("How much did the road carry in 2024?", reported, date(2025, 3, 3))
    assert not names_other_time("What opened in 2025?", "The road opened on 3 March 2025.", None)


@pytest.mark.parametrize(
    "sentence", ["The road carried 2 Mt last year.", "В прошлом году дорога перевезла 2 млн т.", "公路去年运了200万吨。"]
)
def test_words_for_a_year_are_resolved_by_the_date_of_the_article(sentence: str) -> None:
    asked = "How much did the road carry in 2024?"
    assert not names_other_time(asked, sentence, date(2025, 3, 3))
    assert names_other_time(asked, sentence, date(2013, 3, 3))
    assert not names_other_time(asked, sentence, None)


def test_rivals_count_all_other_sentences_by_their_odds(store: Snapshot, weights: Weights) -> None:
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(2), None)

    def rivals(behind: float) -> float:
        scores = [np.full(len(one.passage.sentences), -behind, dtype=np.float32) for one in opened]
        scores[0][0] = 0.0
        return _of_first(opened, scores, "rivals")

    others = sum(len(one.passage.sentences) for one in opened) - 1
    assert rivals(1.0) == pytest.approx(np.log(0.001 + others * np.exp(-1.0)), abs=1e-3)
    assert rivals(1.0) > rivals(2.0) > rivals(60.0) == pytest.approx(np.log(0.001), abs=1e-3)


def _of_first(opened: Sequence[OpenPassage], scores: Sequence[F32], name: str) -> float:
    """A feature of the best sentence in the question's language, which is the first one here."""
    own = candidates_of("", opened, scores, "same")
    return float(answer_features(ROAD, own, [], opened, scores)[0][name][0])


def test_articles_in_the_questions_language_are_always_among_those_read(store: Snapshot, weights: Weights) -> None:
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    foreign_first = sorted(ranked, key=lambda one: one.pair == "same")
    batches = reading_order(foreign_first)
    assert sum(map(len, batches)) == OPENED
    assert len({place for batch in batches for place in batch}) == OPENED
    assert [foreign_first[place].pair for place in batches[0]] == ["same", "same", "same", "across"]


def test_where_one_side_has_too_few_the_other_is_read(store: Snapshot, weights: Weights) -> None:
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    english = [one for one in ranked if one.pair == "same"]
    assert [len(batch) for batch in reading_order(english)] == [4, 4]
    assert [len(batch) for batch in reading_order(english[:5])] == [4, 1]
    assert reading_order([]) == []


def test_reading_ends_when_the_answer_is_sure(store: Snapshot, weights: Weights) -> None:
    for sure, read in ((0.0, 4), (1.1, OPENED)):
        reader = FigureReader()
        surer = replace(weights, read=replace(weights.read, sure=sure))
        evidence = find_evidence(understand(ROAD, BagOfWords()), store, surer, Filters(), reader=reader)
        assert len({one.stored.passage.passage_id for one in evidence.sentences}) == len(reader.read_passages) == read


def test_without_a_reader_nothing_is_read_and_no_words_are_marked(store: Snapshot, weights: Weights) -> None:
    evidence = find_evidence(understand(ROAD, BagOfWords()), store, weights, Filters(), reader=None)
    assert all(one.answer is None for one in evidence.sentences)


def test_the_sentence_to_quote_comes_first(store: Snapshot, weights: Weights) -> None:
    question = understand(ROAD, BagOfWords())
    ranked = rank_passages(find_all(question, store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(3), FigureReader())
    sentences = scored_sentences(ROAD, opened, weights.read)
    assert sentences[0].text == "The road is 20 km long."
    assert sentences[0].answer_text == "20 km"
    assert len(sentences) == sum(len(one.passage.sentences) for one in opened)


def test_an_answer_in_another_language_must_be_worth_not_being_readable(store: Snapshot, weights: Weights) -> None:
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(len(ranked)), None)
    russian = next(place for place, one in enumerate(opened) if one.ranked.pair == "across")
    scores = [np.zeros(len(one.passage.sentences), dtype=np.float32) for one in opened]
    scores[russian][0] = 1.0

    def first(readable: float) -> str:
        # Judged by the score alone.
        model = LinearModel(
            names=("passage", "lead"), mean=ZEROS, scale=ZEROS + 1, weight=np.array([0, 1], dtype=np.float32), bias=0.0
        )
        plain = JudgeWeights(answered={"same": model, "across": model}, same=None, readable=readable)
        return judge(ROAD, opened, scores, plain)[0].candidate.pair

    assert first(0.95) == "across"
    assert first(0.2) == "same"


def test_what_says_the_same_is_as_likely(store: Snapshot, weights: Weights) -> None:
    """The Russian road is read with certainty, the English one with doubt, and both say 20 km."""
    ranked = rank_passages(find_all(understand(ROAD, BagOfWords()), store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(len(ranked)), FigureReader())
    scores = [np.full(len(one.passage.sentences), -5.0, dtype=np.float32) for one in opened]
    for place, one in enumerate(opened):
        if one.passage.article_id in ("en/road", "ru/doroga"):
            scores[place][0] = 1.0
    sure, doubtful = (
        LinearModel(names=("passage",), mean=ZEROS[:1], scale=ZEROS[:1] + 1, weight=ZEROS[:1], bias=bias)
        for bias in (4.0, -1.0)
    )
    agrees = LinearModel(names=("agrees",), mean=ZEROS[:1], scale=ZEROS[:1] + 1, weight=ZEROS[:1] + 8, bias=-4.0)
    pooled = JudgeWeights(answered={"same": doubtful, "across": sure}, same=agrees, readable=0.75)
    best = judge(ROAD, opened, scores, pooled)[0]
    assert best.candidate.opened.passage.article_id == "en/road"
    assert best.log_odds > 2
    apart = judge(ROAD, opened, scores, replace(pooled, same=None))[0]
    assert apart.candidate.pair == "across"
    english, russian = (candidates_of("", opened, scores, pair)[0] for pair in PAIRS)
    assert same_features(english, russian)["agrees"] == 1.0


def test_what_is_said_the_other_way_round_takes_no_place_among_the_judged(tmp_path: Path, weights: Weights) -> None:
    embedder = BagOfWords()
    russians = [
        make_article(f"en/r{n}", f"Russian driver number {n} needs a visa. Russian citizens of town {n} need a visa too.")
        for n in range(2)
    ]
    chinese = make_article("en/c", "Chinese citizens need no visa for the visa fair.")
    build([*russians, chinese], embedder, tmp_path, model="", precision="")
    store = open_current(tmp_path, embedder.fingerprint)
    question = "Do Chinese citizens need a visa?"
    ranked = rank_passages(find_all(understand(question, embedder), store, Filters(), late=True), weights.passage)
    opened = open_passages(question, store, ranked, range(len(ranked)), None)
    scores = [
        np.full(len(one.passage.sentences), -1.0 if one.passage.article_id == "en/c" else 0.0, dtype=np.float32)
        for one in opened
    ]
    for asked, has_chinese in ((question, True), ("Who needs a visa?", False)):
        judged = candidates_of(asked, opened, scores, "same")
        assert any("Chinese" in one.text for one in judged) is has_chinese


def test_a_filter_that_nothing_passes_leaves_nothing(store: Snapshot, weights: Weights) -> None:
    nobody = Filters(publishers=("Nobody",))
    evidence = find_evidence(understand(ROAD, BagOfWords()), store, weights, nobody, reader=FigureReader())
    assert (evidence.sentences, evidence.passages, evidence.confidence) == ((), (), 0.0)
