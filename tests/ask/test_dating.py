from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from coopbot.ask.answer.cite import cite, dated
from coopbot.ask.answer.compose import promote_newer
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Citation, Language, When
from tests.ask.sentences import sentence, towards
from tests.cases import check_each
from tests.fakes import make_article

TODAY = date(2026, 1, 20)

OLD = "A lorry pays 500 roubles."
NEW = "A lorry pays 900 roubles."


def published(one: ScoredSentence) -> When | None:
    return {OLD: When("2020-01-01"), NEW: When("2025-12-01")}.get(one.text)


def test_the_newest_of_the_sentences_about_as_likely_comes_first() -> None:
    old, new = sentence(OLD, 2.0, towards(1)), sentence(NEW, 1.5, towards(1))
    assert promote_newer((old, new), published) == (new, old)
    unlikely = sentence(NEW, 0.6, towards(1))
    assert promote_newer((old, unlikely), published) == (old, unlikely)
    assert promote_newer((), published) == ()


def test_a_sentence_is_as_new_as_the_last_day_it_names() -> None:
    about_2018 = sentence("In 2018 a lorry paid 500 roubles.", 2.0, towards(1))
    about_2024 = sentence("In 2024 a lorry paid 900 roubles.", 1.8, towards(1))
    plan = sentence("In 2030 a lorry will pay 950 roubles.", 1.7, towards(1))
    assert promote_newer((about_2018, about_2024), lambda _: When("2025-06-01"))[0] is about_2024
    assert promote_newer((about_2018, about_2024, plan), lambda _: When("2025-06-01"))[0] is plan


def quoted(text: str, day: date | None, language: Language = "en") -> Citation:
    article = make_article(f"{language}/{text}", text, language=language, published=day)
    return cite(1, sentence(text, 1.0, towards(1), language), article, language)


AS_OF = [
    ("A lorry pays 500 roubles.", date(2012, 7, 3), False, date(2012, 7, 3)),
    ("A lorry pays 500 roubles.", date(2025, 7, 3), False, None),
    ("A lorry pays 500 roubles.", None, False, "undated"),
    ("In 2011 a lorry paid 500 roubles.", date(2012, 7, 3), False, None),
    ("In 2011 a lorry paid 500 roubles.", date(2012, 7, 3), True, date(2012, 7, 3)),
    ("It has grown since 2011 and is now 500.", date(2012, 7, 3), False, date(2012, 7, 3)),
    ("Сейчас с 2011 года фура платит 500 рублей.", date(2012, 7, 3), False, date(2012, 7, 3)),
    ("Фура платит 500 рублей.", date(2012, 7, 3), False, date(2012, 7, 3)),
    ("在2011年卡车付500卢布。", date(2012, 7, 3), False, None),
    ("今年卡车付500卢布。", date(2012, 7, 3), False, date(2012, 7, 3)),
]


@pytest.mark.parametrize(("text", "day", "latest", "expected"), AS_OF)
def test_an_old_quote_is_dated(text: str, day: date | None, latest: bool, expected: object) -> None:
    assert dated(quoted(text, day), TODAY, latest=latest).as_of == (When(expected) if isinstance(expected, date) else expected)


WORDS = """
Exports grew by 12% this year.|this year 2012-01-01 2012-12-31
It rose in the first half of last year.|first half of last year 2011-01-01 2011-06-30
В этом году вывезли 500 тонн.|этом году 2012-01-01 2012-12-31
Вчера открыли мост.|Вчера 2012-07-02 2012-07-02
今年出口增長12%。|今年 2012-01-01 2012-12-31
上个月开通。|上个月 2012-06-01 2012-06-30
It opened on Tuesday, in May.|
In 2010 he said that it would open next year.|
"""


def test_words_relative_to_the_day_of_publication_are_dated() -> None:
    def check(row: str) -> None:
        text, _, expected = row.partition("|")
        found = dated(quoted(text, date(2012, 7, 3)), TODAY, latest=False)
        shown = [f"{w.of(text)} {w.first} {w.last}" for w in found.dated_words]
        assert shown == ([expected] if expected else [])
        assert dated(replace(found, published=None), TODAY, latest=False).dated_words == ()

    check_each(WORDS.strip().splitlines(), check, str)
