"""What must not take long, however long or strange the text: times, which a busy machine would get wrong in the gate."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from coopbot.index.chunk import chunk
from coopbot.settings import load_settings
from coopbot.text.dates import find_dates
from coopbot.text.language import detect_language
from coopbot.text.quantities import find_quantities
from coopbot.text.sentences import split_sentences
from coopbot.text.tokens import lexical_tokens
from coopbot.wiring import open_embedder
from tests.fakes import make_article

pytestmark = pytest.mark.soak

LANGUAGE = ["a", "я", "中", "@", "a.", "http://", "www.", "1"]
TOKENS = ["1,", "1 ", "1 000 ", "a.", "а.", "的", "黑", "я", "u.s", "ы\u0301", "カ"]
DATES = ["1", "1 ", "2022 ", "2022年", "10 ", "May ", "июня ", "1-", "в ", "a", "年"]
QUANTITIES = [
    "1",
    "1 ",
    "100 ",
    "1,000,",
    "1.",
    "1-",
    "5 to ",
    "$",
    "三",
    "万",
    "百分之",
    "one ",
    "27 млрд ",
    "270亿美元",
    "more than ",
]
SENTENCES = [
    *(
        "a",
        "A. ",
        "а. ",
        "г. ",
        "в 2022 г. Х",
        ". ",
        ".",
        ". - ",
        '"',
        '。"',
        "。",
        "；",
        "……",
        "字；",
        "!? ",
        "(",
        "（字！）",
        "”说",
        " ",
    ),
    *("\n", "\n ", "- a\n", "#", "# a\n", "www.", "http://!", "т. д. ", "U.S.", "1. ", "[1]"),
    *("Мост открыт. ", "The bridge opened in 2022. ", "大桥通车了。"),
]


@pytest.mark.parametrize(
    ("work", "length", "unit"),
    [
        *((detect_language, 300_000, unit) for unit in LANGUAGE),
        *((lexical_tokens, 200_000, unit) for unit in TOKENS),
        *((find_dates, 60_000, unit) for unit in DATES),
        *((find_quantities, 60_000, unit) for unit in QUANTITIES),
        *((split_sentences, 150_000, unit) for unit in SENTENCES),
    ],
)
def test_time_is_linear_in_length(work: Callable[[str], object], length: int, unit: str) -> None:
    text = unit * (length // len(unit))
    if work is split_sentences:
        text = f"a{text}"
    started_s = time.perf_counter()
    work(text)
    assert time.perf_counter() - started_s < 3


def test_the_tokens_of_a_passage_take_under_a_millisecond() -> None:
    passage = "Грузооборот железнодорожного перехода вырос на 5,2 % до 1 283 тысяч тонн. " * 18
    times_s = []
    for _ in range(20):
        started_s = time.perf_counter()
        lexical_tokens(passage)
        times_s.append(time.perf_counter() - started_s)
    assert min(times_s) < 0.001


# What docs/articles.md says of the largest articles that are allowed.
_MOST_PASSAGES, _CUT_S = 1_100, 2.0


@pytest.mark.parametrize(
    "text",
    [
        "The bridge took 12 tonnes in May. " * 10_000,
        "黑河大桥货运口岸贸易铁路开通吨省出口大豆中国俄罗斯。" * 7_900,
        "bridge river cargo freight customs trade railway annual tonnes " * 9_000,
    ],
    ids=["sentences", "Han", "one sentence"],
)
def test_the_largest_article_is_cut_in_time(text: str) -> None:
    count_tokens = open_embedder(load_settings()).count_tokens
    count_tokens("a")
    article, start_s = make_article("en/a", text[:600_000]), time.process_time()
    passages = chunk(article, count_tokens)
    assert time.process_time() - start_s <= _CUT_S
    assert len(passages) <= _MOST_PASSAGES
