"""numbers.tsv: a text a line, behind a tab the amounts in it as value and unit, parted by bars; "~" is approximate."""

from pathlib import Path

import pytest

from coopbot.text.figures import figures_agree
from coopbot.text.quantities import Quantity, find_quantities
from tests.cases import check_each
from tests.text.comparing import differ

LINES = (Path(__file__).parent / "numbers.tsv").read_text(encoding="utf-8").splitlines()


def written(quantity: Quantity) -> str:
    value = format(quantity.value.normalize(), "f")
    return f"{value} {quantity.unit}{'~' if quantity.approximate else ''}".strip()


def check(line: str) -> None:
    text, _, amounts = line.partition("\t")
    assert " | ".join(map(written, find_quantities(text))) == amounts.strip()


def test_numbers() -> None:
    assert len(set(LINES)) == len(LINES) >= 300
    check_each(LINES, check, str)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("增長八成", "вырос на 82 %"),
        ("658.13億美元", "65.8 billion dollars"),
        ("91.3萬噸", "913 тыс. тонн"),
        ("grew by 150 percent", "вырос в 2,5 раза"),
        ("250 процентов", "2.5 times"),
        ("doubled", "выросло вдвое"),
        ("翻一番", "grew by 100 percent"),
        ("полтора миллиона тонн", "1.5 million tonnes"),
    ],
)
def test_the_same_number_in_other_words(one: str, other: str) -> None:
    assert figures_agree(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("增长12.6%", "вырос на 14 проц."), ("3 times", "в 2 раза"), ("630輛", "650 trucks"), ("вдвое", "tripled")],
)
def test_figures_of_one_unit_differ(one: str, other: str) -> None:
    assert differ(one, other)


@pytest.mark.parametrize(("one", "other"), [("grew 2.5 times", "grew by 12 percent"), ("12 percent", "2 percentage points")])
def test_times_percent_and_points_are_not_compared(one: str, other: str) -> None:
    assert not differ(one, other)
