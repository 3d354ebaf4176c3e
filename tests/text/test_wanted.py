"""Requests for articles, row by row: what for|message. "-": a question; "*": the newest; one day to another: of a time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.wanted import articles_wanted
from tests.cases import check_each

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 1, 20)
ROWS = """
the Tongjiang bridge|What do you know about the Tongjiang bridge?
leopards|sources about leopards
crab|Please show me all articles about crab
coal|what articles do you have on coal?
soy beans|Do you have anything about soy beans?
мосте Благовещенск — Хэйхэ|Что ты знаешь о мосте Благовещенск — Хэйхэ?
туризме|что вы можете рассказать о туризме
краба|Привет! Что есть про краба?
леопардов|какие у вас есть материалы про леопардов?
соевых бобах|статьи о соевых бобах
безвизовый режим|найди источники по теме безвизовый режим
黑河大桥|关于黑河大桥你知道什么？
大豆出口|你知道关于大豆出口的什么信息
大豆|有哪些关于大豆的文章？
大豆|大豆相关报道
西伯利亚力量|請給我找關於西伯利亞力量的文章
*|What's new?
*|any news?
*|show me the latest articles
*|что нового?
*|Какие есть новые статьи?
*|последние новости
*|有什么新消息
*|有甚麼新消息嗎
*|最近有什么新闻？
2026-01-01 to 2026-01-31|what is new this month?
2026-01-19 to 2026-01-25|Hi, what is new this week?
2025-01-01 to 2025-12-31|latest news of the last year
2026-01-01 to 2026-01-31|что нового в этом месяце?
2026-01-20 to 2026-01-20|новости сегодня
2026-01-01 to 2026-01-31|本月有什么新文章
2026-01-01 to 2026-12-31|今年有什麼新聞
-|what is known about the bridge's cost
-|Any news on passenger trains to Chita?
-|what's new about the bridge?
-|What do you know about when the bridge opened?
-|Which sources report on the bridge?
-|What new crossings opened this year?
-|latest figure
-|how new is it
-|Tell me about the bridge
-|что известно о годах образования россии и китая
-|расскажи коротко про «Китайский трек»
-|что вы знаете о том, когда открыли мост
-|найди источники о том, сколько стоит мост
-|какие новые мосты открыли в этом году
-|что нового построили на границе
-|откуда данные о контейнеровозах
-|你知道黑河大桥什么时候通车吗
-|有什么新的口岸
-|最新的煤炭出口数字
-|关于大桥的造价是多少
"""


def check(row: str) -> None:
    expected, _, message = row.partition("|")
    found = articles_wanted(message, TODAY)
    shown = "-" if found is None else found.subject or (f"{found.first} to {found.last}" if found.first else "*")
    assert shown == expected


def test_what_asks_for_articles() -> None:
    check_each(ROWS.strip().splitlines(), check, str)


@pytest.mark.parametrize("name", ["questions", "training"])
def test_no_question_of_the_golden_ones_asks_for_articles(name: str) -> None:
    lines = (ROOT / "evals" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if articles_wanted(json.loads(line)["question"], TODAY)]


@given(st.text(max_size=500), st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_any_text_is_read(text: str, today: date) -> None:
    articles_wanted(text, today)
