"""Each row: a text, and what it means on Thursday, 15 May 2025, as first and last day."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.relative import asks_for_latest, resolve_dates, with_dates
from tests.cases import check_each

TODAY = date(2025, 5, 15)
ROWS = """
Exports grew 12 percent this year|2025-01-01 2025-12-31
So far this year 400,000 tonnes were carried|2025-01-01 2025-05-15
Last year trade fell|2024-01-01 2024-12-31
The bridge will open next year|2026-01-01 2026-12-31
in the first half of this year|2025-01-01 2025-06-30
in the fourth quarter of last year|2024-10-01 2024-12-31
in March of last year|2024-03-01 2024-03-31
Traffic doubled last month|2025-04-01 2025-04-30
this month|2025-05-01 2025-05-31
this week|2025-05-12 2025-05-18
last week|2025-05-05 2025-05-11
He said so yesterday|2025-05-14 2025-05-14
He said so today|2025-05-15 2025-05-15
The minister said on Tuesday|2025-05-13 2025-05-13
It opened in January|2025-01-01 2025-01-31
It opened in November|2024-11-01 2024-11-30
It will open in November|2025-11-01 2025-11-30
on May 10|2025-05-10 2025-05-10
on December 28|2024-12-28 2024-12-28
on June 10, 2022|2022-06-10 2022-06-10
in 2023|2023-01-01 2023-12-31
two years ago|2023-01-01 2023-12-31
three months ago|2025-02-01 2025-02-28
今年进出口增长|2025-01-01 2025-12-31
今年以来|2025-01-01 2025-05-15
去年全年|2024-01-01 2024-12-31
去年上半年|2024-01-01 2024-06-30
今年第一季度|2025-01-01 2025-03-31
今年前四个月|2025-01-01 2025-04-30
今年1至4月|2025-01-01 2025-04-30
去年12月|2024-12-01 2024-12-31
前年|2023-01-01 2023-12-31
明年通車|2026-01-01 2026-12-31
上个月|2025-04-01 2025-04-30
上個月|2025-04-01 2025-04-30
本月|2025-05-01 2025-05-31
上周|2025-05-05 2025-05-11
昨天（14日）|2025-05-14 2025-05-14
今（15）日|2025-05-15 2025-05-15
周二表示|2025-05-13 2025-05-13
1月份|2025-01-01 2025-01-31
11月份|2024-11-01 2024-11-30
将于11月份开通|2025-11-01 2025-11-30
5月10日|2025-05-10 2025-05-10
2022年6月10日|2022-06-10 2022-06-10
3年前|2022-01-01 2022-12-31
в этом году|2025-01-01 2025-12-31
с начала года|2025-01-01 2025-05-15
в прошлом году|2024-01-01 2024-12-31
в минувшем году|2024-01-01 2024-12-31
в позапрошлом году|2023-01-01 2023-12-31
в следующем году|2026-01-01 2026-12-31
в первом полугодии прошлого года|2024-01-01 2024-06-30
в третьем квартале прошлого года|2024-07-01 2024-09-30
в марте прошлого года|2024-03-01 2024-03-31
в мае прошлого года|2024-05-01 2024-05-31
прошлый год|2024-01-01 2024-12-31
в прошлом месяце|2025-04-01 2025-04-30
на прошлой неделе|2025-05-05 2025-05-11
вчера|2025-05-14 2025-05-14
во вторник|2025-05-13 2025-05-13
в январе|2025-01-01 2025-01-31
в ноябре|2024-11-01 2024-11-30
откроют в ноябре|2025-11-01 2025-11-30
10 мая|2025-05-10 2025-05-10
28 декабря|2024-12-28 2024-12-28
10 июня 2022 года|2022-06-10 2022-06-10
два года назад|2023-01-01 2023-12-31
пять дней назад|2025-05-10 2025-05-10
"""


def check(row: str) -> None:
    text, _, days = row.partition("|")
    (span,) = resolve_dates(text, TODAY)
    assert f"{span.first} {span.last}" == days


def test_relative_times_are_resolved() -> None:
    check_each(ROWS.strip().splitlines(), check, str)


def test_spans_are_exact() -> None:
    text = "В январе выросло на 5 %, а в 2023 году упало."
    assert [span.of(text) for span in resolve_dates(text, TODAY)] == ["январе", "2023 году"]


@pytest.mark.parametrize(
    "text",
    [
        "May they be happy",
        "этот город",
        "月亮",
        "The dog days",
        "for three years",
        "30 февраля",
        "日本年均",
        "日本月均",
        "登上月球",
    ],
)
def test_words_that_are_not_times(text: str) -> None:
    assert resolve_dates(text, TODAY) == []


@pytest.mark.parametrize(
    ("text", "latest"),
    [
        ("What is the latest figure?", True),
        ("How much is it now?", True),
        ("目前有多少", True),
        ("最新數據", True),
        ("Сколько сейчас стоит билет?", True),
        ("Какие последние новости?", True),
        ("Is the bridge open yet?", True),
        ("When did the commission last meet?", True),
        ("Когда в последний раз собиралась комиссия?", True),
        ("мост уже открыли?", True),
        ("最近一次会议是什么时候", True),
        ("When was it opened?", False),
        ("Когда открыли мост?", False),
        ("大桥何时通车", False),
    ],
)
def test_questions_for_the_latest(text: str, latest: bool) -> None:
    assert asks_for_latest(text) is latest


def test_the_year_after_in_a_story_is_no_date() -> None:
    assert resolve_dates("на следующий год мост открыли", TODAY) == []


@given(st.text(), st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_any_text_gives_spans_in_order_without_overlaps(text: str, today: date) -> None:
    spans = resolve_dates(text, today)
    assert all(span.first <= span.last for span in spans)
    assert all(one.end_char <= other.start_char for one, other in pairwise(spans))


QUESTIONS = """
How many tourists came this year?|How many tourists came in 2026?
How much gas was delivered last year?|How much gas was delivered in 2025?
What is planned for next year|What is planned for 2027
trade in the first half of last year|trade in the first half of 2025
last year's trade|2025's trade
over the last year|over the last year
Сколько туристов приехало в этом году?|Сколько туристов приехало в 2026 году?
товарооборот за прошлый год|товарооборот за 2025 год
в первом полугодии прошлого года|в первом полугодии 2025 года
что откроют в следующем году|что откроют в 2027 году
今年同江大桥运了多少货？|2026年同江大桥运了多少货？
去年上半年|2025年上半年
明年開通|2027年開通
日本年均进口多少天然气？|日本年均进口多少天然气？
How much gas was delivered this month?|How much gas was delivered in January 2026?
What opened last month|What opened in December 2025
trade of last month|trade of December 2025
last month's trade|December 2025's trade
next month|in February 2026
over the last month|over the last month
Сколько туристов приехало в этом месяце?|Сколько туристов приехало в январе 2026 года?
товарооборот за прошлый месяц|товарооборот за декабрь 2025 года
Итоги Этого Месяца|Итоги января 2026 года
итоги прошлого месяца|итоги декабря 2025 года
что откроют в следующем месяце|что откроют в феврале 2026 года
上个月口岸过货量是多少？|2025年12月口岸过货量是多少？
上個月|2025年12月
本月底通车|2026年1月底通车
这个月|2026年1月
下月开通|2026年2月开通
日本月均进口多少煤炭？|日本月均进口多少煤炭？
何时登上月球|何时登上月球
this city|this city
в этом городе|в этом городе
"""


def test_relative_years_and_months_are_replaced_by_dates() -> None:
    def check(row: str) -> None:
        asked, _, read = row.partition("|")
        assert with_dates(asked, date(2026, 1, 20)) == read

    check_each(QUESTIONS.strip().splitlines(), check, str)


@pytest.mark.parametrize(
    ("before", "asked", "read"),
    [
        ("gas through Power of Siberia in 2024", "and two years before that?", "and 2022?"),
        ("gas through Power of Siberia in 2024", "what was it the year before?", "what was it in 2023?"),
        (
            "gas through Power of Siberia in 2024",
            "and how does that compare with the previous year",
            "and how does that compare with 2023",
        ),
        ("сколько газа поставили в 2024 году", "а годом раньше?", "а в 2023 году?"),
        ("сколько газа поставили в 2024 году", "а двумя годами позже", "а в 2026 году"),
        ("2024年供了多少气", "前一年呢？", "2023年呢？"),
        ("2024年有多少游客", "疫情以前一年多少？", "疫情以前一年多少？"),
        ("2024年供了多少气", "再往前两年呢", "2022年呢"),
        ("gas in 2023 and 2024", "and the year before that?", "and the year before that?"),
        ("gas in 2024", "was it more in 2025 than the year before?", "was it more in 2025 than the year before?"),
        ("how long is the bridge", "and the year before?", "and the year before?"),
    ],
)
def test_a_year_away_from_the_one_asked_for_before_is_named(before: str, asked: str, read: str) -> None:
    assert with_dates(asked, date(2026, 1, 20), before) == read
