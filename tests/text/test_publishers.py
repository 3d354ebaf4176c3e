"""The table of publishers."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from coopbot.domain import LANGUAGES, Language, Source
from coopbot.text.publishers import all_publishers, find_publisher, is_linkable, publisher_name, spellings_of


@pytest.mark.parametrize(
    ("label", "language", "name"),
    [
        ("People's Daily", "zh", "《人民日报》"),
        ("people’s daily", "ru", "«Жэньминь жибао»"),
        ("ТАСС", "en", "TASS"),
        ("新华社", "ru", "Синьхуа"),
        ("RIA Novosti", "ru", "РИА Новости"),
        ("Коммерсантъ", "en", "Kommersant"),
        ("«Рамблер»", "en", "Rambler"),
        ("www.news.mail.ru", "en", "Mail.ru News"),
        ("coopbot briefs", "zh", "coopbot 简报"),
        ("The Ostrov Gazette", "ru", "The Ostrov Gazette"),
        ("", "en", ""),
    ],
)
def test_a_publisher_is_named_in_the_readers_language(label: str, language: Language, name: str) -> None:
    assert publisher_name(label, language) == name


def test_no_spelling_is_of_two_publishers() -> None:
    found = Counter(name for one in all_publishers() for name in {name.casefold() for name in one.spellings})
    assert [name for name, count in found.items() if count > 1] == []
    assert all(find_publisher(name) is one for one in all_publishers() for name in one.spellings)


def test_the_table_is_well_formed() -> None:
    for one in all_publishers():
        assert set(one.names) == set(LANGUAGES)
        assert all(name == name.strip() and name for name in one.spellings), one
        assert re.fullmatch(r"(?:[\w-]+(?:\.[\w-]+)+(?:/[\w-]+)?)?", one.site), one


def test_a_mirror_is_never_linked() -> None:
    mirror = next(one for one in all_publishers() if one.kind == "mirror").names["en"]
    assert is_linkable(Source(publisher="TASS", url="https://tass.example/1"))
    assert not is_linkable(Source(publisher=mirror, url="https://copy.example/1"))
    assert not is_linkable(Source(publisher="TASS", via=mirror, url="https://copy.example/1"))
    assert not is_linkable(Source(publisher="TASS"))


def test_all_spellings_are_found_from_one() -> None:
    assert {"TASS", "ТАСС", "塔斯社"} <= spellings_of("Тасс")
    assert spellings_of("The Ostrov Gazette") == {"The Ostrov Gazette"}
