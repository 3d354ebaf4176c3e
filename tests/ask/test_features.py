"""What sentences and answers are judged by, on a small index of made-up articles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from coopbot.ask import features
from coopbot.ask.candidates import find_candidates
from coopbot.ask.features import Weighed, answer_features
from coopbot.ask.question import understand
from coopbot.ask.retrieve import best_sentence, rarity_of, weigh
from coopbot.ask.weights import load_weights
from coopbot.domain import Filters, Language
from coopbot.index.build import build
from coopbot.index.folder import open_current
from coopbot.index.snapshot import Snapshot
from tests.fakes import BagOfWords, make_article

Weigh = Callable[[str, Language], Weighed]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    articles = [
        make_article("en/road", "The road is 20 km long. It was opened on 3 May 2022. Ten people live there."),
        make_article("en/way", "The road is 20 km in all. Trees grow beside it."),
        make_article("en/other", "The road is 31 km long. Fish swim in the river."),
        make_article("ru/doroga", "Длина дороги Road – 20 км. Погода хорошая.", language="ru"),
    ]
    folder = tmp_path_factory.mktemp("index")
    embedder = BagOfWords()
    build(articles, embedder, folder, model="", precision="")
    return open_current(folder, embedder.fingerprint)


@pytest.fixture
def weighed(store: Snapshot) -> Weigh:
    def weigh_one(question: str, language: Language) -> Weighed:
        asked = understand(question, BagOfWords())
        candidates = find_candidates(asked, store, language, Filters(), late=True)
        assert candidates is not None
        return weigh(asked, store, candidates, load_weights().passage[candidates.pair], rarity_of(asked, store, [candidates]))

    return weigh_one


def test_every_sentence_has_every_feature(weighed: Weigh) -> None:
    found = weighed("how long is the road", "en")
    assert {len(values) for values in found.features.values()} == {len(found.texts)} == {7}
    assert all(np.isfinite(values).all() for values in found.features.values())


def test_only_sentences_of_the_kind_asked_for_fit(weighed: Weigh) -> None:
    found = weighed("how long is the road", "en")
    fitting = {text for text, fits in zip(found.texts, found.features["fits_number"], strict=True) if fits == 1}
    assert fitting == {"The road is 20 km long.", "The road is 20 km in all.", "The road is 31 km long."}
    assert set(found.features["fits_date"].tolist()) == {1.0}


def test_what_is_said_by_a_sentence_counts_more_than_what_its_passage_says(weighed: Weigh) -> None:
    found = weighed("what swims in the river beside the 31 km road", "en")
    row = found.texts.index("Fish swim in the river.")
    said, before, around = (float(found.features[name][row]) for name in ("said", "said_before", "said_around"))
    assert 0 < said < before <= around < 1


def test_what_is_asked_in_one_language_is_said_in_another(weighed: Weigh) -> None:
    found = weighed("how long is the road", "ru")
    assert found.features["said"][found.texts.index("Длина дороги Road – 20 км.")] == 1
    assert found.features["said"][found.texts.index("Погода хорошая.")] == 0


def test_a_sentence_that_names_something_else_is_elsewhere() -> None:
    asked, other = frozenset({"heihe"}), frozenset({"harbin"})
    assert [features._elsewhere(asked, named) for named in (asked, other, asked | other, frozenset[str]())] == [0, 1, 0, 0]
    assert features._elsewhere(frozenset(), other) == 0


def test_what_a_passage_says_of_words_of_known_meaning(weighed: Weigh) -> None:
    found = weighed("how long is the road by the river, qwerty", "en")
    scores = [np.zeros(len(found.texts), dtype=np.float32)]

    def meant(text: str) -> float:
        return float(answer_features([found], scores, (0, found.texts.index(text)))["meant_around"][0])

    assert meant("Fish swim in the river.") == 1
    assert 0 < meant("Trees grow beside it.") < meant("Ten people live there.") < 1


def test_words_that_no_passage_has_are_absent(weighed: Weigh) -> None:
    assert weighed("road river", "en").absent == 0
    assert 0 < weighed("road tariff", "en").absent < 1
    assert weighed("tariff", "en").absent == 1


def test_the_same_figure_elsewhere_supports_and_another_does_not(weighed: Weigh) -> None:
    english, russian = weighed("how long is the road", "en"), weighed("how long is the road", "ru")
    row = english.texts.index("The road is 20 km long.")
    scores = [np.full(len(one.texts), -20.0, dtype=np.float32) for one in (english, russian)]
    scores[0][row] = 0.0

    def support(of: int, text: str) -> float:
        heard = [own.copy() for own in scores]
        heard[of][(english, russian)[of].texts.index(text)] = -0.1
        return float(answer_features([english, russian], heard, (0, row))["support"][0])

    assert support(1, "Длина дороги Road – 20 км.") == pytest.approx(0, abs=1e-6)
    assert support(0, "The road is 20 km in all.") == pytest.approx(0, abs=1e-6)
    assert support(0, "The road is 31 km long.") == pytest.approx(np.log(1 / (1 + np.exp(-0.1))), abs=1e-3)


def test_the_own_language_is_quoted_where_others_are_hardly_better(weighed: Weigh) -> None:
    languages = [weighed("how long is the road", "en"), weighed("how long is the road", "ru")]
    scores = [np.zeros(len(one.texts), dtype=np.float32) for one in languages]
    scores[0][2], scores[1][1] = 1.0, 1.2
    assert best_sentence(languages, scores, 0.3) == (0, 2)
    assert best_sentence(languages, scores, 0.1) == (1, 1)
