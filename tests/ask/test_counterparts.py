"""Sentences that say the same are recognised, and looked up in the question's language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coopbot.ask.answer.compose import Chosen, in_own_language, with_versions
from coopbot.ask.answer.counterparts import find_counterpart, say_the_same
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.store import VectorStore
from coopbot.domain import Attribution, Filters, Language, Source
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from tests.ask.sentences import sentence, towards
from tests.fakes import BagOfWords, make_article

ENGLISH = "Gazprom Amur Heihe line: 1,283 m in 2022."
RUSSIAN = "Gazprom Amur Heihe: 1283 м в 2022 году."
OTHER = "Gazprom Amur Heihe line: 1,400 m in 2022."


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    folder: Path = tmp_path_factory.mktemp("index")
    articles = [
        make_article("en/line", ENGLISH, title="A line", publisher="Post"),
        make_article("ru/line", f"Мост открыт. {RUSSIAN}", language="ru", title="Линия", publisher="Почта"),
    ]
    build(articles, BagOfWords(), folder, model="bag of words", precision="f32")
    return LiveIndex(folder, BagOfWords().fingerprint).current()


def quoted(store: VectorStore, answer: str = "1,283 m", text: str = ENGLISH) -> ScoredSentence:
    """The English sentence as found for a Russian question; with another text, one that the index does not have."""
    (vector,) = BagOfWords().embed_passages([text]).pooled
    return replace(sentence(text, 2.0, towards(1), answer=answer), pair="across", vector=vector)


@pytest.mark.parametrize(
    ("one", "other", "cosine", "same"),
    [
        ("It is 1,283 m long.", "Длина 1283 м.", 0.45, True),
        ("It is 1,283 m long.", "Длина 1284 м.", 0.55, False),
        ("It is 1,283 m long.", "Длина 1283 м.", 0.35, False),
        ("It paid 2,500 yuan to some, 3,000 to others.", "2500 юаней одним и 3000 юаней другим.", 0.45, True),
        ("In 2023 it had 1,500 people.", "В 2025 году их было 1500.", 0.55, False),
        ("It opened in June 2022.", "Открыт в июне 2022 года.", 0.55, True),
        ("It opened in June 2022.", "Открыт в июне 2022 года.", 0.45, False),
        ("It opened.", "Открыт.", 0.55, False),
        ("It opened.", "Открыт.", 0.65, True),
    ],
)
def test_what_says_the_same_in_two_languages(one: str, other: str, cosine: float, same: bool) -> None:
    assert say_the_same(sentence(one, 1.0, towards(1)), sentence(other, 1.0, towards(cosine), "ru")) is same


def test_in_one_language_a_shorter_sentence_repeats_a_longer_one() -> None:
    long = sentence("About 500 cars were stuck in 2026 for the rule of 180 days.", 2.0, towards(1))
    short = sentence("About 500 cars were stuck in 2026.", 2.0, towards(0.8))
    assert say_the_same(short, long)
    assert not say_the_same(long, short)


def test_the_counterpart_is_found_with_the_figure_that_answers(store: VectorStore) -> None:
    found = find_counterpart(quoted(store), "ru", store, Filters())
    assert found is not None
    assert (found.text, found.answer_text, found.pair, found.log_odds) == (RUSSIAN, "1283 м", "same", 2.0)


def test_there_is_none_with_other_figures_in_other_languages_or_beyond_the_filters(store: VectorStore) -> None:
    assert find_counterpart(quoted(store, answer="1,400 m", text=OTHER), "ru", store, Filters()) is None
    assert find_counterpart(quoted(store), "zh", store, Filters()) is None
    assert find_counterpart(quoted(store), "ru", store, Filters(publishers=("Post",))) is None


def test_the_counterpart_is_quoted_and_the_other_folded_under_it(store: VectorStore) -> None:
    one = quoted(store)
    chosen = in_own_language(Chosen(sentences=(one,), nearest=(one,)), "ru", store, Filters())
    assert [own.text for own in (*chosen.sentences, *chosen.nearest)] == [RUSSIAN, RUSSIAN]
    ((version,),) = with_versions(chosen, [one], None).versions
    assert version.text == ENGLISH


@pytest.mark.parametrize(("publisher", "is_found"), [("Wire", True), ("Another", False)])
def test_a_sentence_without_figures_has_a_counterpart_of_the_same_sources(
    tmp_path: Path, publisher: str, is_found: bool
) -> None:
    text, other = "Gazprom Amur Heihe open wide again.", "Gazprom Amur Heihe открыты сейчас снова."
    sources = {"en": "Wire", "ru": publisher}
    pairs: list[tuple[Language, str]] = [("en", text), ("ru", other)]
    articles = [
        replace(
            make_article(f"{language}/line", own, title="Line", language=language),
            attributions=(
                Attribution(label="a", start_char=0, end_char=len(own), sources=(Source(publisher=sources[language]),)),
            ),
        )
        for language, own in pairs
    ]
    build(articles, BagOfWords(), tmp_path, model="bag of words", precision="f32")
    store = LiveIndex(tmp_path, BagOfWords().fingerprint).current()
    one = quoted(store, answer="", text=text)
    one = replace(one, stored=replace(one.stored, passage=replace(one.stored.passage, article_id="en/line")))
    (vector,) = BagOfWords().embed_passages([other]).pooled
    assert 0.5 < float(vector @ one.vector) < 0.6, "near, but not so near that it says the same whatever its sources"
    assert (find_counterpart(one, "ru", store, Filters()) is not None) is is_found
