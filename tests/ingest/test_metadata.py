from datetime import date

import pytest

from coopbot.ingest.page.metadata import is_byline, read_byline, reporters_in
from coopbot.ingest.page.names import copyright_owner

MAY_12 = date(2025, 5, 12)


@pytest.mark.parametrize(
    ("line", "authors", "publisher", "published"),
    [
        ("By ANNA LOW and BO CHEN | RIVER DAILY | Updated: 2025-05-12 08:00", ("Anna Low", "Bo Chen"), "River Daily", MAY_12),
        ("By Anna Low in Harbin | River Daily | 12 May 2025", ("Anna Low",), "River Daily", MAY_12),
        ("Posted on May 12, 2025 by Jane Doe", ("Jane Doe",), "", MAY_12),
        ("Source: Xinhua", (), "Xinhua", None),
        ("12 мая 2025, 10:15", (), "", MAY_12),
        ("Автор: Иван Петров Фото: Пётр Сидоров", ("Иван Петров",), "", None),
        ("Авторы: Иван ПЕТРОВ, Анна Ли", ("Иван Петров", "Анна Ли"), "", None),
        ("Иван Петров, 12 мая 2025", ("Иван Петров",), "", MAY_12),
        ("Источник: ТАСС", (), "ТАСС", None),
        ("2025年05月12日 10:15 来源：黑龙江日报 作者：张三 责任编辑：李四", ("张三",), "黑龙江日报", MAY_12),
        ("来源：黑龙江日报作者：张三 李小四", ("张三", "李小四"), "黑龙江日报", None),
        ("作者：张 三", ("张三",), "", None),
        ("记者 张三", ("张三",), "", None),
        ("文/王小明", ("王小明",), "", None),
        ("2025-05-12 10:15 黑龙江日报", (), "黑龙江日报", MAY_12),
        ("责任编辑：李四 校对：王五", (), "", None),
    ],
)
def test_bylines(line: str, authors: tuple[str, ...], publisher: str, published: date | None) -> None:
    assert is_byline(line)
    found = read_byline([line])
    assert (found.authors, found.publisher, found.published) == (authors, publisher, published)


@pytest.mark.parametrize(
    "line",
    [
        "By 2030 trade will double",
        "By Monday the bridge was open again.",
        "By value, crab led all other exports in the record year of 2024, the newspaper wrote on 24 December 2024.",
        "May 12, 2025 saw the opening of the bridge",
        "Мост открыли 12 мая 2025 года.",
        "2025年5月12日，大桥正式通车。",
        "12 мая 2025 года: запуск моста",
        "Источник: вода в реке поднялась на два метра выше обычного уровня, и переправа закрыта до конца недели",
    ],
)
def test_sentences_and_headlines_are_no_bylines(line: str) -> None:
    assert not is_byline(line)


def test_a_publication_date_takes_precedence_over_an_update() -> None:
    assert read_byline(["Updated: 2025-06-01", "Published: 2025-05-12"]).published == MAY_12


def test_the_date_of_today_is_not_the_article_s() -> None:
    lines = ["Сегодня 14 мая 2025, среда", "今天是2025年5月14日", "Today is May 14, 2025"]
    assert read_byline(lines).published is None


def test_no_date_is_none() -> None:
    assert read_byline(["Автор: Иван Петров", "10:15"]).published is None


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("© 2025 ИА «Вестник», 18+", "ИА «Вестник»"),
        ("© «Таёжный курьер», 2008-2025", "Таёжный курьер"),
        ("Copyright (c) 2009-2024 Amur Review. All rights reserved.", "Amur Review"),
        ("Copyright © 2025 北疆网 All Rights Reserved", "北疆网"),
        ("北疆网版权所有", "北疆网"),
        ("版权所有：北疆网 未经授权不得转载", "北疆网"),
        ("Copyright 1995 - . All rights reserved. The content of this site belongs to us", ""),
        ("Все права защищены", ""),
    ],
)
def test_copyright_owner(line: str, owner: str) -> None:
    assert copyright_owner(line) == owner


def test_reporters_in_brackets() -> None:
    assert reporters_in("新江社同江10月18日电（记者 刘洋 通讯员 马强）列车开出。") == ("刘洋", "马强")
    assert reporters_in("列车（共十节）开出。") == ()
