from datetime import date

import pytest

from coopbot.domain import Language
from coopbot.ingest.corpus.arrival import slug_of
from coopbot.ingest.draft import Draft


@pytest.mark.parametrize(
    ("title", "language", "slug"),
    [
        ("Why the winter road opened late", "en", "why-the-winter-road-opened-late"),
        ("Café & crème: 5 ways", "en", "cafe-creme-5-ways"),
        ("Russia's Far East", "en", "russias-far-east"),
        ("Щука, ёж и мост через Амур", "ru", "shchuka-yozh-i-most-cherez-amur"),
        ("../../etc/passwd", "en", "etc-passwd"),
    ],
)
def test_slugs_of_titles(title: str, language: Language, slug: str) -> None:
    assert slug_of(Draft(title=title, text="x", language=language)) == slug


def test_a_long_title_is_cut_at_a_word() -> None:
    slug = slug_of(Draft(title="word " * 40, text="x", language="en"))
    assert len(slug) <= 60
    assert slug.endswith("-word")


@pytest.mark.parametrize(("published", "start"), [(date(2025, 5, 10), "2025-05-10-"), (None, "undated-")])
def test_chinese_titles_give_the_date_and_a_hash(published: date | None, start: str) -> None:
    slug = slug_of(Draft(title="黑河口岸", text="正文。", language="zh", published=published))
    assert slug.startswith(start)
    assert slug != slug_of(Draft(title="黑河口岸", text="另一篇。", language="zh", published=published))


def test_a_title_of_signs_still_gives_a_name() -> None:
    assert slug_of(Draft(title="?!", text="x", language="en")).startswith("undated-")
