"""Passages of all languages ranked, opened and read, on a small index of made-up articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from coopbot.ask.rank.features import answer_features, names_other_time
from coopbot.ask.rank.retrieve import (
    OPENED,
    READ_AT_A_TIME,
    best_sentence,
    find_all,
    find_evidence,
    open_passages,
    rank_passages,
    scored_sentences,
    to_hits,
)
from coopbot.ask.rank.weights import Weights, load_weights
from coopbot.ask.understand.question import understand
from coopbot.domain import Filters
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.snapshot import Snapshot
from tests.fakes import BagOfWords, FigureReader, make_article

ROAD = "how long is the road in km"


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
        features = answer_features(ROAD, opened, scores, best_sentence(opened, scores, 0.0))
        assert all(np.isfinite(values).all() and values.shape == (1,) for values in features.values())
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
        return float(answer_features(ROAD, chosen, scores, (0, 0))["echo"][0])

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
        return float(answer_features(ROAD, opened, scores, (0, 0))["rivals"][0])

    others = sum(len(one.passage.sentences) for one in opened) - 1
    assert rivals(1.0) == pytest.approx(np.log(0.001 + others * np.exp(-1.0)), abs=1e-3)
    assert rivals(1.0) > rivals(2.0) > rivals(60.0) == pytest.approx(np.log(0.001), abs=1e-3)


def test_reading_ends_when_the_answer_is_sure(store: Snapshot, weights: Weights) -> None:
    for sure, read in ((0.0, READ_AT_A_TIME), (1.1, OPENED)):
        reader = FigureReader()
        evidence = find_evidence(understand(ROAD, BagOfWords()), store, replace(weights, sure=sure), Filters(), reader=reader)
        assert evidence.passages_read == len(reader.read_passages) == read


def test_without_a_reader_nothing_is_read_and_no_words_are_marked(store: Snapshot, weights: Weights) -> None:
    evidence = find_evidence(understand(ROAD, BagOfWords()), store, weights, Filters(), reader=None)
    assert evidence.passages_read == 0
    assert all(one.answer is None for one in evidence.sentences)


def test_the_others_are_as_far_behind_in_odds_as_in_score(store: Snapshot, weights: Weights) -> None:
    question = understand(ROAD, BagOfWords())
    ranked = rank_passages(find_all(question, store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(3), FigureReader())
    sentences = scored_sentences(ROAD, opened, weights.read, preference=0.0)
    assert [one.log_odds for one in sentences] == sorted((one.log_odds for one in sentences), reverse=True)
    assert sentences[0].text == "The road is 20 km long."
    assert sentences[0].answer_text == "20 km"


def test_a_sentence_in_the_questions_language_ranks_before_one_hardly_better(store: Snapshot, weights: Weights) -> None:
    question = understand(ROAD, BagOfWords())
    ranked = rank_passages(find_all(question, store, Filters(), late=True), weights.passage)
    opened = open_passages(ROAD, store, ranked, range(len(ranked)), None)
    english = next(i for i, one in enumerate(opened) if one.ranked.pair == "same")
    russian = next(i for i, one in enumerate(opened) if one.ranked.pair == "across")
    scores = [np.full(len(one.passage.sentences), -5.0, dtype=np.float32) for one in opened]
    scores[english][0], scores[russian][0] = 1.0, 1.2
    assert best_sentence(opened, scores, preference=0.3) == (english, 0)
    assert best_sentence(opened, scores, preference=0.1) == (russian, 0)


def test_a_filter_that_nothing_passes_leaves_nothing(store: Snapshot, weights: Weights) -> None:
    nobody = Filters(publishers=("Nobody",))
    evidence = find_evidence(understand(ROAD, BagOfWords()), store, weights, nobody, reader=FigureReader())
    assert (evidence.sentences, evidence.passages, evidence.confidence) == ((), (), 0.0)
