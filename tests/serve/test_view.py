"""The blocks of an answer, and how each interface shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from coopbot.ask.answer.cite import cite_span, dated
from coopbot.cli.asking import _print_answer
from coopbot.domain import About, Answer, Article, Citation, Claim, Disagreement, Language, Outcome, Point, Source, Span
from coopbot.serve.answer_text import answer_text
from coopbot.serve.markdown import markdown_text
from coopbot.serve.messages import unbroken
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.view import (
    ArticlesBlock,
    DisagreementBlock,
    LeadBlock,
    NearestBlock,
    NoteBlock,
    QuoteBlock,
    SeriesBlock,
    SourcesBlock,
    Words,
    answer_view,
)
from coopbot.serve.wire import answer_out
from coopbot.text.publishers import publisher_name
from tests.fakes import article_of, make_article

ENGLISH = make_article("en/bridge", "The bridge is 1,283 metres long. Lorries cross it.", title="A *bridge*")
CHINESE = make_article("zh/qiao", "大桥长1283米。", language="zh", title="大桥", publisher="黑河日报", url="")
RUSSIAN = make_article(
    "ru/most",
    "Длина моста 1284 м.",
    language="ru",
    title="Мост",
    published=date(2020, 1, 2),
    sources=(Source(publisher="ТАСС"), Source(publisher="РИА")),
)
LONG, LORRIES = "The bridge is 1,283 metres long.", "Lorries cross it."


def _citation(number: int, article: Article, quote: str, words: str = "", restated: str = "") -> Citation:
    start = quote.index(words)
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        authors=(),
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        language=article.language,
        sources=article.sources,
        quote=quote,
        start_char=article.text.index(quote),
        end_char=article.text.index(quote) + len(quote),
        passage=article.text,
        deep_link="",
        score=1.0,
        answer=Span(start_char=start, end_char=start + len(words)) if words else None,
        restated=restated,
    )


def _answer(*claims: Claim, cited: tuple[Citation, ...], outcome: Outcome = "answered", language: Language = "en") -> Answer:
    return Answer(
        outcome=outcome,
        question_language=language,
        claims=claims,
        citations=cited,
        disagreements=(),
        confidence=0.5,
        searched_as="q",
        snapshot="s",
    )


OWN = _citation(1, ENGLISH, LONG, "1,283 metres")
FOLDED = _answer(
    Claim(text=LONG, citations=(1, 2)), cited=(OWN, _citation(2, CHINESE, CHINESE.text, "1283米")), outcome="possible"
)
# Only a Chinese article answers; the nearest sentence in the asker's language does not.
FOREIGN = _answer(
    Claim(text=CHINESE.text, citations=(1,)),
    cited=(_citation(1, CHINESE, CHINESE.text, "1283米", "1,283 m"), _citation(2, ENGLISH, LORRIES, "Lorries")),
)
NONE = _answer(cited=(_citation(1, ENGLISH, LORRIES), _citation(2, RUSSIAN, RUSSIAN.text)), outcome="no_evidence")


def test_a_quote_has_quotes_that_say_the_same_folded_under_it() -> None:
    lead, quote, sources = answer_view(FOLDED)
    assert lead == LeadBlock(text="This may answer:")
    assert isinstance(quote, QuoteBlock)
    assert (quote.words, quote.numbers, quote.origin) == (Words(text=LONG, language="en", answer=OWN.answer), (1,), None)
    (folded,) = quote.folded
    assert (folded.label, folded.words.text, folded.words.language, folded.number) == (
        "also in Chinese",
        CHINESE.text,
        "zh",
        2,
    )
    assert isinstance(sources, SourcesBlock)
    assert [(one.title, one.numbers, one.quotes) for one in sources.articles] == [("A *bridge*", (1,), ()), ("大桥", (2,), ())]


def test_a_foreign_quote_is_restated_and_followed_by_what_is_nearest_in_the_askers_language() -> None:
    quote, nearest, sources = answer_view(FOREIGN)
    assert isinstance(quote, QuoteBlock)
    assert quote.origin is not None
    assert quote.origin.text == "from a Chinese article: 1,283 m"
    assert quote.origin.answer is not None
    assert quote.origin.answer.of(quote.origin.text) == "1,283 m"
    assert isinstance(nearest, NearestBlock)
    (passage,) = nearest.passages
    assert passage.quotes[0].words == Words(text=LORRIES, language="en", answer=None)  # nothing in it is sure to answer
    assert isinstance(sources, SourcesBlock)
    assert [one.article_id for one in sources.articles] == ["zh/qiao"]


def test_a_foreign_quote_that_is_not_restated_says_where_it_is_from() -> None:
    quote, *_ = answer_view(replace(FOREIGN, citations=(replace(FOREIGN.citations[0], restated=""), FOREIGN.citations[1])))
    assert isinstance(quote, QuoteBlock)
    assert quote.origin == Words(text="from a Chinese article", language="en", answer=None)


@pytest.mark.parametrize(
    ("language", "lead", "origin", "also"),
    [
        ("en", "This may answer:", "from a Russian article: 1,284 m", "also in Chinese"),
        ("zh", "可能的答案：", "出自俄文文章：1,284 m", "另见中文文章"),
        ("ru", "Возможно, это ответ:", None, "то же на китайском"),
    ],
)
def test_all_wording_is_in_the_language_of_the_question(language: Language, lead: str, origin: str | None, also: str) -> None:
    cited = (_citation(1, RUSSIAN, RUSSIAN.text, "1284 м", "1,284 m"), _citation(2, CHINESE, CHINESE.text))
    claim = Claim(text=RUSSIAN.text, citations=(1, 2))
    first, quote, _ = answer_view(_answer(claim, cited=cited, outcome="possible", language=language))
    assert first == LeadBlock(text=lead)
    assert isinstance(quote, QuoteBlock)
    assert (quote.origin and quote.origin.text, quote.folded[0].label) == (origin, also)


def test_a_quote_that_says_the_same_in_the_same_language_is_from_another_article() -> None:
    again = replace(FOLDED, citations=(OWN, _citation(2, ENGLISH, ENGLISH.text)))
    quote = next(block for block in answer_view(again) if isinstance(block, QuoteBlock))
    assert [one.label for one in quote.folded] == ["also in another article"]


def test_a_written_sentence_has_all_its_numbers_and_its_quotes_under_their_sources() -> None:
    written = replace(FOLDED, outcome="answered", claims=(Claim(text="It is 1,283 m long.", citations=(1, 2)),))
    quote, sources = answer_view(written)
    assert isinstance(quote, QuoteBlock)
    assert (quote.words.text, quote.numbers, quote.folded) == ("It is 1,283 m long.", (1, 2), ())
    assert isinstance(sources, SourcesBlock)
    assert [one.words.text for source in sources.articles for one in source.quotes] == [LONG, CHINESE.text]


def test_an_article_that_is_quoted_twice_is_one_source_with_the_publishers_of_a_brief() -> None:
    twice = _answer(
        Claim(text=LONG, citations=(1,)), Claim(text=LORRIES, citations=(2,)), cited=(OWN, _citation(2, ENGLISH, LORRIES))
    )
    *_, sources = answer_view(twice)
    assert isinstance(sources, SourcesBlock)
    assert [one.numbers for one in sources.articles] == [(1, 2)]
    (nearest,) = (block for block in answer_view(NONE) if isinstance(block, NearestBlock))
    assert nearest.passages[1].line == "Example News (based on TASS, RIA) · 2 January 2020"


def test_each_side_of_a_disagreement_has_its_own_figure() -> None:
    def sides(about: str, *numbers: int) -> list[tuple[str, str, int]]:
        cited = (OWN, _citation(2, RUSSIAN, RUSSIAN.text, "1284 м"))
        differing = replace(FOLDED, citations=cited, disagreements=(Disagreement(about=about, citations=numbers),))
        (block,) = (block for block in answer_view(differing) if isinstance(block, DisagreementBlock))
        return [(side.words.text, side.restated, side.number) for side in block.sides]

    assert sides("1284 м / 1,283 metres", 2, 1) == [("1284 м", "1,284 m", 2), ("1,283 metres", "", 1)]
    assert sides("1,283 / 1,284 metres", 1) == [("1,283 / 1,284 metres", "", 1)]
    assert sides("1 km / h / 2 km / h", 1, 2) == [(LONG, "", 1), (RUSSIAN.text, "", 2)]


QIAO = "https://coopbot.example/article/zh/qiao?start=0&end=9#quote"

SHOWN: list[tuple[Answer, str, str]] = [
    (
        FOLDED,
        f"This may answer:\n{LONG} [1]\n    also in Chinese: 大桥长1283米。 [2]",
        "This may answer:\n\nThe bridge is **1,283 metres** long. [\\[1\\]](https://news.example/a)\n\n"
        f"> also in Chinese: 大桥长**1283米**。 [\\[2\\]]({QIAO})\n\n**Sources**\n\n"
        "- \\[1\\] [A \\*bridge\\*](https://news.example/a) · Example News · 10 May 2025\n"
        f"- \\[2\\] [大桥]({QIAO}) · Heihe Daily · 10 May 2025",
    ),
    (
        FOREIGN,
        "大桥长1283米。 [1]\n    from a Chinese article: 1,283 m",
        f"大桥长**1283米**。 [\\[1\\]]({QIAO})\n\nfrom a Chinese article: **1,283 m**\n\n"
        "**What comes nearest**\n\n- \\[2\\] [A \\*bridge\\*](https://news.example/a) · Example News · 10 May 2025\n"
        "  > Lorries cross it.\n\n**Sources**\n\n"
        f"- \\[1\\] [大桥]({QIAO}) · Heihe Daily · 10 May 2025",
    ),
]


@pytest.mark.parametrize(("answer", "text", "markdown"), SHOWN)
def test_as_text_and_as_markdown(answer: Answer, text: str, markdown: str) -> None:
    assert answer_text(answer) == text
    assert markdown_text(answer, "https://coopbot.example") == markdown


def test_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _print_answer(FOREIGN)
    assert capsys.readouterr().out.splitlines() == [
        "大桥长1283米。 [1]",
        "    from a Chinese article: 1,283 m",
        "",
        "What comes nearest",
        "[2] A *bridge* · Example News · 10 May 2025",
        "    Lorries cross it.",
        "    en/bridge:33-50",
        "",
        "Sources",
        "[1] 大桥 · Heihe Daily · 10 May 2025",
        "    zh/qiao:0-9",
    ]
    _print_answer(FOLDED)
    assert "\n    also in Chinese: 大桥长1283米。 [2]\n" in capsys.readouterr().out


def test_in_telegram() -> None:
    (part,) = answer_parts(FOLDED)
    assert part.text.startswith(
        unbroken(f"This may answer:\n\n{LONG} [1]\n\nalso in Chinese: 大桥长1283米。 [2]\n\n[1] A *bridge*\n")
    )
    folded = next(entity for entity in part.entities if entity.type == "expandable_blockquote")
    assert part.text[folded.offset : folded.offset + folded.length] == "also in Chinese: 大桥长1283米。 [2]"
    (part,) = answer_parts(FOREIGN)
    assert part.text.startswith(
        unbroken("大桥长1283米。 [1]\nfrom a Chinese article: 1,283 m\n\nWhat comes nearest\n\n[2] A *bridge*\n")
    )


def _point(citation: Citation, words: str, year: int, value: float, unit: str = "m", restated: str = "") -> Point:
    start = citation.quote.index(words)
    return Point(
        first=date(year, 1, 1),
        last=date(year, 12, 31),
        value=value,
        high=value,
        unit=unit,
        approximate=False,
        citation=citation.number,
        words=Span(start_char=start, end_char=start + len(words)),
        restated=restated,
    )


CHINESE_TOO = _citation(2, CHINESE, CHINESE.text, "1283米")
SERIES = replace(
    _answer(Claim(text=LONG, citations=(1,)), Claim(text=CHINESE.text, citations=(2,)), cited=(OWN, CHINESE_TOO)),
    kind="series",
    series=(_point(OWN, "1,283 metres", 2020, 641.5), _point(CHINESE_TOO, "1283米", 2021, 1283.0, restated="1,283 m")),
)


def test_a_series_is_a_table_with_bars_and_its_quotes_stand_among_the_sources() -> None:
    series, sources = answer_view(SERIES)
    assert isinstance(series, SeriesBlock)
    assert [(row.time, row.words.text, row.restated, row.share, row.number) for row in series.rows] == [
        ("2020", "1,283 metres", "", 0.5, 1),
        ("2021", "1283米", "1,283 m", 1.0, 2),
    ]
    assert isinstance(sources, SourcesBlock)
    assert [one.words.text for source in sources.articles for one in source.quotes] == [LONG, CHINESE.text]


def test_every_interface_shows_a_series(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer_text(SERIES).splitlines()[1:] == ["- 2020: 1,283 metres [1]", "- 2021: 1283米 (1,283 m) [2]"]
    assert "- 2021: 1283米 (1,283 m)" in markdown_text(SERIES)
    assert unbroken("2021: 1283米 (1,283 m) [2]") in "".join(part.text for part in answer_parts(SERIES))
    _print_answer(SERIES)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "- 2020: 1,283 metres [1]  ████████████"


COMPARED = replace(
    _answer(Claim(text=LONG, citations=(1,), label="the long bridge"), cited=(OWN,), outcome="possible"),
    kind="compare",
    missing=("the short bridge",),
    more=3,
    remarks=("other_units",),
)


def test_sides_have_labels_and_what_is_missing_or_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    lead, quote, missing, more, units, _ = answer_view(COMPARED)
    assert isinstance(lead, LeadBlock)
    assert isinstance(quote, QuoteBlock)
    assert quote.label == "the long bridge"
    assert [note.text for note in (missing, more, units) if isinstance(note, NoteBlock)] == [
        "the short bridge: no article here says this.",
        "And 3 more like these.",
        "The figures are in different units; none is converted.",
    ]
    for shown in (answer_text(COMPARED), markdown_text(COMPARED), "".join(part.text for part in answer_parts(COMPARED))):
        assert "the long bridge" in shown
        assert "the short bridge: no article here says this." in shown
    _print_answer(COMPARED)
    assert "the short bridge: no article here says this." in capsys.readouterr().out


def test_a_part_of_a_question_that_nothing_answers_is_quoted_and_not_called_a_side() -> None:
    asked = replace(COMPARED, kind="plain", missing=("how long is it and why?",), question_language="en")
    assert NoteBlock(text="No article here answers this: “how long is it and why?”") in answer_view(asked)
    chinese = replace(asked, question_language="zh", missing=("2025年中俄贸易为什么跌了",))
    assert NoteBlock(text="现有文章没有回答：“2025年中俄贸易为什么跌了”") in answer_view(chinese)


def test_the_nearest_are_in_the_readers_language_first_and_each_once() -> None:
    cited = tuple(
        replace(one, number=number)
        for number, one in enumerate(
            (
                _citation(1, CHINESE, CHINESE.text),
                _citation(1, ENGLISH, LORRIES),
                _citation(1, ENGLISH, ENGLISH.text),
                _said("en").citations[0],
                replace(_said("en").citations[0], language="ru", quote="Билет стоит 5 юаней."),
            ),
            1,
        )
    )
    *_, nearest = answer_view(_answer(cited=cited, outcome="no_evidence"))
    assert isinstance(nearest, NearestBlock)
    assert [one.numbers for one in nearest.passages] == [(2,), (4,), (1,)]


def test_what_no_article_is_about_or_near_has_one_line_above_what_is_nearest() -> None:
    lead, nearest = answer_view(replace(NONE, kind="summary", remarks=("not_about",)))
    assert lead == LeadBlock(text="The articles here give no clear answer.")
    assert isinstance(nearest, NearestBlock)


def test_what_the_articles_call_unknown_has_a_line_of_its_own() -> None:
    lead, nearest = answer_view(replace(NONE, remarks=("not_known",)))
    assert lead == LeadBlock(text="The articles say only that this is not known.")
    assert isinstance(nearest, NearestBlock)


def test_a_refusal_does_not_say_that_no_article_is_about_a_side() -> None:
    refused = replace(COMPARED, outcome="no_evidence", claims=(), more=0, remarks=())
    assert [block.kind for block in answer_view(refused)] == ["lead", "nearest"]


@pytest.mark.parametrize(
    ("language", "opening"),
    [
        ("en", "There is no earlier answer"),
        ("zh", "此前没有可以说明出处的回答"),
        ("ru", "До этого не было ответа"),
    ],
)
def test_a_source_without_an_answer_before_is_only_a_line(language: Language, opening: str) -> None:
    answer = replace(_answer(cited=(), outcome="no_evidence", language=language), kind="source", remarks=("no_answer_before",))
    (lead,) = answer_view(answer)
    assert isinstance(lead, LeadBlock)
    assert lead.text.startswith(opening)


def test_an_overview_ends_with_titles_of_more_articles() -> None:
    answer = replace(_answer(Claim(text=LONG, citations=(1,)), cited=(OWN,)), kind="summary", articles=(RUSSIAN,))
    *_, more = answer_view(answer)
    assert isinstance(more, ArticlesBlock)
    assert more.heading == "More about this"
    assert [source.title for source in more.articles] == ["Мост"]
    for shown in (answer_text(answer), markdown_text(answer), "".join(part.text for part in answer_parts(answer))):
        assert "More about this" in shown
        assert "Мост" in shown


CITED = article_of(
    "en/ferry",
    """---
title: The ferry
publisher: coopbot briefs
published: 2026-03-10
footnotes:
  fare: {valid_until: 2026-09-14, sources: [{publisher: People's Daily, published: 2019-08-21, url: "https://people.example/1"}]}
  plan: {planned_for: 2026-08, sources: [{publisher: RIA, via: Rambler, published: 2026-03}]}
---
The ticket costs 5 yuan.[^fare] A second ferry was planned.[^plan]
""",
)


def _said(language: Language) -> Answer:
    """An answer of both sentences, after their time."""
    spans = [Span(start_char=one.start_char, end_char=one.end_char) for one in CITED.attributions]
    cited = [
        dated(cite_span(number, CITED, span, passage=CITED.text), date(2026, 12, 1), latest=False)
        for number, span in enumerate(spans, start=1)
    ]
    claims = (Claim(text=one.quote, citations=(one.number,)) for one in cited)
    return _answer(*claims, cited=tuple(cited), language=language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "(was to hold until 14 September 2026; no later report here) The ticket costs 5 yuan.",
                "People's Daily, 21 August 2019 · in a coopbot brief",
                "(planned for August 2026; no report of the outcome here) A second ferry was planned.",
                "RIA via Rambler, March 2026 · in a coopbot brief",
            ],
        ),
        (
            "ru",
            [
                "(должно было действовать по 14 сентября 2026 г.; более поздних сообщений здесь нет) The ticket costs 5 yuan.",
                "«Жэньминь жибао», 21 августа 2019 г. · в справке coopbot",
                "(план: август 2026 г.; сообщений об итоге здесь нет) A second ferry was planned.",
                "РИА Новости через «Рамблер», март 2026 г. · в справке coopbot",
            ],
        ),
        (
            "zh",
            [
                "（原定有效期至2026年9月14日；未见更晚的报道） The ticket costs 5 yuan.",
                "《人民日报》，2019年8月21日 · 见 coopbot 简报",
                "（原计划时间：2026年8月；未见结果报道） A second ferry was planned.",
                "俄新社（Rambler 门户网转载），2026年3月 · 见 coopbot 简报",
            ],
        ),
    ],
)
def test_who_said_it_and_when_stands_with_a_quote_in_every_interface(
    language: Language, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = _said(language)
    _print_answer(answer)
    for shown in (answer_text(answer), capsys.readouterr().out):
        assert [line for line in said if line not in shown] == []
    people, ria = said[1].split(" · ")[0], said[3].split(" · ")[0]
    markdown = markdown_text(answer, "https://coopbot.example")
    assert f"[{people}](https://people.example/1)" in markdown
    assert ria in markdown.replace("\\", "")
    (part,) = answer_parts(answer)
    assert unbroken(said[1]) in part.text
    assert unbroken(said[3]) in part.text
    assert "https://people.example/1" in {entity.url for entity in part.entities}


def test_over_http_a_quote_has_its_sources_and_its_age() -> None:
    fare, plan = answer_out(_said("en")).model_dump(mode="json")["citations"]
    assert fare["stale"] == {"kind": "expired", "when": "2026-09-14"}
    assert fare["age_note"] == "was to hold until 14 September 2026; no later report here"
    assert [(one["publisher"], one["published"]) for one in fare["sources"]] == [("People's Daily", "2019-08-21")]
    assert plan["stale"] == {"kind": "overdue", "when": "2026-08"}
    (source,) = plan["sources"]
    assert (source["published"], source["via"], source["url"]) == ("2026-03", "Rambler", "")
    assert source["name"]["ru"] == "РИА Новости через «Рамблер»"
    assert plan["publisher_names"]["zh"] == "coopbot 简报"
    (attribution,) = plan["attributions"]
    assert attribution["planned_for"] == "2026-08"
    assert CITED.text[attribution["start_char"] : attribution["end_char"]] == plan["quote"]


def test_two_pages_of_one_publisher_and_day_are_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _said("en")
    first, *others = answer.citations
    other_page = replace(first.sources[0], url="https://people.example/again")
    twice = replace(answer, citations=(replace(first, sources=(*first.sources, other_page)), *others))
    _print_answer(twice)
    name = f"{publisher_name(first.sources[0].publisher, 'en')}, "
    for shown in (capsys.readouterr().out, answer_parts(twice)[0].text):
        line = next(line for line in shown.splitlines() if name in line)
        assert line.count(name) == 1


def test_a_written_sentence_has_the_age_of_what_it_cites() -> None:
    answer = _said("en")
    written = replace(answer, claims=(Claim(text="A ticket is 5 yuan.", citations=(1,)),))
    quote = next(block for block in answer_view(written) if isinstance(block, QuoteBlock))
    assert quote.age.startswith("was to hold until 14 September 2026")


def test_a_quote_has_its_heading_before_it_where_it_needs_it_in_every_interface(capsys: pytest.CaptureFixture[str]) -> None:
    one = replace(_citation(1, ENGLISH, LORRIES, "cross"), heading="How *lorries* go")
    answer = _answer(Claim(text=LORRIES, citations=(1,)), cited=(one,))
    quote = answer_view(answer)[0]
    assert isinstance(quote, QuoteBlock)
    assert (quote.words.under, quote.words.text) == ("[How *lorries* go] ", LORRIES)
    _print_answer(answer)
    shown = (answer_text(answer), capsys.readouterr().out, answer_parts(answer)[0].text)
    assert all("[How *lorries* go] Lorries cross it." in text for text in shown)
    assert r"\[How \*lorries\* go\] Lorries **cross** it." in markdown_text(answer)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "A: the answer is about B, which it belongs to."),
        ("zh", "A：以下说的是它所在的B。"),
        ("ru", "A: ответ касается всей территории, к которой относится это место, — B."),
    ],
)
def test_an_answer_about_a_larger_place_says_so(language: Language, line: str) -> None:
    answer = _answer(Claim(text=LONG, citations=(1,)), cited=(_citation(1, ENGLISH, LONG),), language=language)
    first, *_ = answer_view(replace(answer, about=About(place="A", around="B")))
    assert first == NoteBlock(text=line)
