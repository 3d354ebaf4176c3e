import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import Article, Language
from coopbot.ingest.corpus.near import SHARED_OF_UNION, Shared, band_keys, compare, figures_differ, is_same_story
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.characters import TO_SIMPLIFIED

NEWS = {language: f"{language}/tourism-numbers" for language in ("en", "ru", "zh")}
CORPUS = Path(__file__).parents[2] / "corpus"
STORIES: dict[Language, str] = {
    "en": "en/tongjiang-bridge-traffic",
    "ru": "ru/tongjiang-bridge-traffic",
    "zh": "zh/tongjiang-bridge-traffic",
}
BYLINES: dict[Language, str] = {"en": "HARBIN (Xinhua) -- ", "ru": "ХАРБИН. /ТАСС/. ", "zh": "新华社哈尔滨电 "}


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> Article:
    return Corpus(CORPUS).read(STORIES[request.param])


def share_bands(one: str, other: str) -> bool:
    return not set(band_keys(one)).isdisjoint(band_keys(other))


def test_an_edited_copy_is_the_same_story(story: Article) -> None:
    paragraphs = story.text.split("\n\n")
    copies = [
        BYLINES[story.language] + story.text,
        "\n\n".join(paragraphs[1:]),
        "\n\n".join(reversed(paragraphs)),
        "\n\n".join(block for block in paragraphs if not block.startswith("#")),
    ]
    for copy in copies:
        assert share_bands(story.text, copy)
        assert is_same_story(story.text, copy)
        assert is_same_story(copy, story.text)


def test_traditional_characters_are_the_same_story() -> None:
    text = Corpus(CORPUS).read(STORIES["zh"]).text
    traditional = text.translate({ord(simple): chr(other) for other, simple in TO_SIMPLIFIED.items()})
    assert sum(one != other for one, other in zip(text, traditional, strict=True)) > 50
    assert is_same_story(text, traditional)


def test_the_same_words_with_other_figures_are_another_story(story: Article) -> None:
    later = re.sub(r"20(\d\d)", lambda match: f"20{int(match[1]) + 1}", story.text)
    assert share_bands(story.text, later)
    assert compare(story.text, later).of_union >= SHARED_OF_UNION
    assert not is_same_story(story.text, later)


def test_another_article_on_the_subject_is_another_story(story: Article) -> None:
    for other in Corpus(CORPUS):
        if isinstance(other, Article) and other.language == story.language and other.article_id != story.article_id:
            assert compare(story.text, other.text).of_union < SHARED_OF_UNION / 2


def test_a_new_story_over_the_background_of_an_old_one_is_another_story(story: Article) -> None:
    paragraphs = story.text.split("\n\n")
    news = Corpus(CORPUS).read(NEWS[story.language]).text.split("\n\n")
    half = len(paragraphs) // 2
    assert not is_same_story(story.text, "\n\n".join([*news[:half], *paragraphs[half:]]))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Trade rose 5% to $27 billion in May.", "Trade rose 7% to $27 billion in May.", True),
        ("Trade rose 5% to $27 billion in May.", "Trade rose 5% to $27 million in May.", True),
        ("Trade rose 5% to $27 billion in May.", "Trade rose 5% to $27 billion in June.", True),
        ("Trade rose 5% to $27 billion in May.", "In May trade rose 5% to $27bn.", False),
        ("Trade rose 5% to $27 billion in May.", "Trade rose to $27 billion in May.", False),
        ("Trade rose 5% to $27 billion in May.", "A bridge opened on 7 June 2022.", False),
        ("Lorries: 1,283 in 2025, up from 2024.", "Lorries: 1283 in 2025, up from 2024.", False),
        ("It fell from 2025 to 2025.", "It fell from 2025 to 2024.", True),
        ("Экспорт через порт вырос на 5,2 % в мае.", "Экспорт через порт вырос на 5,3 % в мае.", True),
        ("Экспорт через порт вырос на 5,2 % в мае.", "Экспорт через порт вырос на 5,2 % в июне.", True),
        ("Экспорт через порт вырос на 5,2 % в мае.", "В мае экспорт через порт вырос на 5,2%.", False),
        ("5月口岸货运量为三百万吨。", "5月口岸货运量为四百万吨。", True),
        ("第六届中俄博览会在哈尔滨开幕。", "第七届中俄博览会在哈尔滨开幕。", True),
        ("5月贸易额为270亿美元。", "5月貿易額為270億美元。", False),
    ],
)
def test_figures_of_sentences_about_the_same(one: str, other: str, differ: bool) -> None:
    assert figures_differ(one, other) == differ
    assert figures_differ(other, one) == differ


def test_a_figure_is_compared_with_the_sentence_that_is_most_alike() -> None:
    one = "Exports by rail rose 5% in May 2025. Imports by rail rose 7% in May 2025."
    assert not figures_differ(one, "Imports by rail rose 7% in May 2025. Exports by rail rose 5% in May 2025.")
    assert figures_differ(one, "Exports by rail rose 7% in May 2025. Imports by rail rose 5% in May 2025.")


@pytest.mark.parametrize("text", ["", "The bridge opened on Friday, the port said.", "word " * 50_000])
def test_too_short_or_too_long_to_judge(text: str) -> None:
    assert band_keys(text) == ()
    assert not is_same_story(text, text)


def test_keys_are_the_same_on_every_machine() -> None:
    """They are kept: when this fails, raise `catalogue.VERSION`."""
    keys = band_keys(" ".join(f"word{number}" for number in range(100)))
    assert len(keys) == 42
    assert keys[0] == 1369401311466523488


WORDS = st.sampled_from(["мост", "порт", "trade", "5", "6", "млн", "口岸", "开放", ".", ";", "2024"])


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=80).map(" ".join))
def test_a_text_is_its_own_copy(text: str) -> None:
    judged = bool(band_keys(text))
    assert compare(text, text) == Shared(of_union=judged, of_shorter=judged)
    assert is_same_story(text, text) == judged
