from dataclasses import replace
from datetime import date

import pytest

from coopbot.domain import Source, When
from coopbot.ingest.corpus.arrival import corrected, joined
from coopbot.ingest.draft import Draft

TEXT = " ".join(f"Place{number} traded with port{number * 7} by rail." for number in range(20)) + " It was 5 million tonnes."
TASS = Source(publisher="TASS", title="Bridge", url="https://tass.example/1", published=When("2025-05-11"))
STORY = Draft(
    title="Bridge opens",
    text=TEXT,
    authors=("Anna Low",),
    publisher="River Daily",
    published=date(2025, 5, 10),
    url="https://river.example/a",
    sources=(Source(publisher="Port"),),
    also_published_by=(TASS,),
)


def test_a_correction_keeps_the_fields_that_it_lacks() -> None:
    new = Draft(title="Bridge opened", text=f"{TEXT} The mayor was there.", url=STORY.url, published=date(2025, 5, 12))
    assert corrected(STORY, new) == replace(
        STORY, title="Bridge opened", text=new.text, published=date(2025, 5, 12), also_published_by=(TASS,)
    )


@pytest.mark.parametrize("text", [TEXT.replace("5 million", "6 million"), "Another text. " * 40])
def test_other_publishers_are_dropped_from_a_new_story(text: str) -> None:
    assert corrected(STORY, replace(STORY, text=text)).also_published_by == ()


def test_another_publisher_is_added() -> None:
    other = Draft(title="Мост", text=TEXT, publisher="Xinhua", url="https://xinhua.example/1", published=date(2025, 5, 11))
    story = joined(STORY, other)
    assert story is not None
    assert story.also_published_by == (
        TASS,
        Source(publisher="Xinhua", title="Мост", url="https://xinhua.example/1", published=When("2025-05-11")),
    )
    assert replace(story, also_published_by=STORY.also_published_by) == STORY


@pytest.mark.parametrize(
    ("publisher", "url", "is_news"),
    [
        ("TASS", "https://tass.example/1", False),
        ("tass", "http://tass.example/1/?utm_source=x", False),
        ("TASS", "", False),
        ("TASS", "https://tass.example/2", True),
        ("River Daily", "https://river.example/b", True),
        ("River Daily", "", False),
        ("Lake Daily", "", True),
        ("", "https://lake.example/1", False),
    ],
)
def test_a_publisher_is_named_once(publisher: str, url: str, is_news: bool) -> None:
    other = Draft(title="Bridge", text=TEXT, publisher=publisher, url=url)
    assert (joined(STORY, other) is not None) == is_news
