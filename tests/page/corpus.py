"""Articles for the page: in three languages, two that differ, one from right to left, and one by somebody who means harm."""

from __future__ import annotations

from datetime import date

from coopbot.domain import InterfaceLanguage, Source, When
from tests.fakes import article_of, make_article

HOSTILE_TITLE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>{{7*7}}${harm}'
HOSTILE_TEXT = (
    "The turnip festival in Kimkan drew <b onclick=window.harmed=1>4,200 visitors</b> "
    '<iframe srcdoc="<script>parent.harmed=1</script>"></iframe>\u202e</textarea></script>'
    "'\"><svg onload=window.harmed=1> in 2021.\n\n"
    "[link](javascript:window.harmed=1) <style>*{display:none}</style> <base href=https://evil.example/>"
)

ARTICLES = [
    make_article(
        "en/bridge",
        "## Traffic\n\nThe Tongjiang railway bridge opened to freight on 16 November 2022. Trains run day and night.\n\n"
        + "Wagons wait on both banks for the inspectors to come. " * 60
        + "\n\n## Cargo\n\nThe Tongjiang railway bridge carried 5.1 million tonnes of cargo in 2024.",
        title="A railway bridge over the Amur",
        publisher="River News",
        published=date(2025, 1, 20),
        url="https://river.example/bridge",
    ),
    make_article(
        "en/port-2014",
        "The dry port in Hunchun was to cost 300 million dollars. Vladivostok is near.",
        title="A dry port is planned",
        publisher="Harbour Post",
        published=date(2014, 10, 3),
        sources=(
            Source(publisher="Wire One", title="The plan", url="https://wire.example/1", published=When("2014-10-02")),
            Source(publisher="Wire Two"),
        ),
        url="https://harbour.example/port",
    ),
    make_article(
        "en/port-2015",
        "The dry port in Hunchun was to cost 470 million dollars. Suifenhe is not far.",
        title="The price of a dry port",
        publisher="Coast Daily",
        published=date(2015, 11, 19),
        url="https://coast.example/port",
    ),
    make_article(
        "ru/most",
        "Автомобильный мост Благовещенск — Хэйхэ начали строить 24 декабря 2016 года. Работы вели обе стороны.",
        language="ru",
        title="Мост через Амур",
        publisher="Амурский вестник",
        published=date(2019, 12, 1),
        url="https://vestnik.example/most",
    ),
    make_article(
        "zh/qiao",
        "黑河公路大桥于2022年6月10日开通货运。大桥连接黑河与布拉戈维申斯克。",
        language="zh",
        title="黑河公路大桥",
        publisher="黑河日报",
        published=date(2022, 6, 10),
        url="https://heihe.example/qiao",
    ),
    make_article(
        "en/gate",
        "שער חרבין: the gate of Harbin is 12 metres high.\n\nIt stands by the river.",
        title="שער חרבין",
        publisher="Gate Weekly",
        published=date(2025, 1, 2),
    ),
    make_article(
        "en/hostile",
        HOSTILE_TEXT,
        title=HOSTILE_TITLE,
        publisher='"><svg onload=window.harmed=1>',
        url="javascript:window.harmed=1",
    ),
    article_of(
        "en/ferry",
        """---
title: The ferry at Ostrov
publisher: coopbot briefs
published: 2025-02-01
footnotes:
  fare:
    valid_until: 2025-09-14
    sources: [{publisher: People's Daily, title: Ferry tickets, published: 2019-08, url: "https://people.example/ferry"}]
  built: {sources: [{publisher: Amur Herald}]}
---
A ticket for the Ostrov ferry costs 57 yuan.[^fare] Shipwrights from the coast built the vessel.[^built]
""",
    ),
]

# By the article that answers them.
QUESTIONS: dict[InterfaceLanguage, dict[str, list[str]]] = {
    "en": {
        "bridge": [
            "When did the Tongjiang railway bridge open to freight?",
            "How much cargo did the Tongjiang railway bridge carry in 2024?",
        ],
        "port-2014": ["How much was the dry port in Hunchun to cost?"],
    }
}
