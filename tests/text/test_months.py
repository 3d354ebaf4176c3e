from __future__ import annotations

import re

import pytest

from coopbot.text import months


@pytest.mark.parametrize(
    ("month", "forms"),
    [
        (1, ("январь", "января", "январе")),
        (3, ("март", "марта", "марте")),
        (5, ("май", "мая", "мае")),
        (8, ("август", "августа", "августе")),
        (12, ("декабрь", "декабря", "декабре")),
    ],
)
def test_the_cases_of_a_month(month: int, forms: tuple[str, ...]) -> None:
    assert forms == tuple(months.russian_month(month, case) for case in ("nominative", "genitive", "prepositional"))


@pytest.mark.parametrize(
    ("number", "names"),
    [(2, "February feb Февраль феврале фев февр"), (5, "May май мая мае"), (6, "june Июн июня"), (9, "sept Sep сентябрю сент")],
)
def test_every_form_has_its_number(number: int, names: str) -> None:
    patterns = (months.ENGLISH, months.ENGLISH_SHORT, months.RUSSIAN, months.RUSSIAN_SHORT)
    for name in names.split():
        assert months.month_number(name) == number
        assert any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns), name
