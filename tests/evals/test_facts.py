"""What a question accepts: facts by codes, figures and dates in any language, words, and sentences that say what is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from pydantic import ValidationError

from coopbot.domain import Article, Attribution, Span
from coopbot.errors import IndexMissing
from evals.measure.facts import Accepted, Quoted, fact_of, is_right, quoted
from evals.measure.golden import judge_answer, keys_of, located
from tests.evals.test_golden import Scripted, golden
from tests.fakes import make_article


def noted(article_id: str, *sentences: tuple[str, str]) -> Article:
    """An article of sentences, each with the label of its footnote, or "" for none."""
    notes, start = [], 0
    for text, label in sentences:
        if label:
            notes.append(Attribution(start_char=start, end_char=start + len(text), label=label, sources=()))
        start += len(text) + 1
    plain = make_article(article_id, " ".join(text for text, _ in sentences))
    return replace(plain, attributions=tuple(notes))


LONG = "The bridge is 1,283 metres long."
OTHER = "People's Daily gave 1,284 metres."
OPEN = "The toll is not known."
ARTICLES = {
    "en/bridge": noted("en/bridge", (LONG, "HB-02"), (OTHER, "HB-02a"), (OPEN, "")),
    "ru/bridge": noted("ru/bridge", ("Длина моста 1283 метра.", "HB-02"), ("Сбор за проезд неизвестен.", "")),
    "en/pipe": noted("en/pipe", ("The first section is 1,283 metres long.", "PS-02")),
    "en/page": make_article("en/page", "A bridge of 1,283 metres."),
}


@pytest.mark.parametrize(
    ("figure", "text", "expected"),
    [
        ("1,283 m", "The bridge is 1,283 metres long.", True),
        ("1,283 m", "Длина моста — 1283 метра.", True),
        ("1,283 m", "大桥长1.283公里。", True),
        ("1,283 m", "It is 1,284 metres long.", False),
        ("1,283 m", "It cost 1,283 roubles.", False),
        ("38.8 bcm", "В 2025 году поставили 38,8 млрд кубометров.", True),
        ("38.8 bcm", "2025年输气388亿立方米。", True),
        ("38.8 bcm", "38 billion cubic metres a year", False),
        ("$27 billion", "贸易额达270亿美元", True),
        ("$27 billion", "27 billion roubles", False),
        # "19.9 kilometres, 13.4 of them in Russia"; "4.6 TWh in 2022 and 3.1 in 2023".
        ("13.4 km", "The route is 19.9 kilometres long, 6.5 of them in China and 13.4 in Russia.", True),
        ("3.1 TWh", "в 2022 году 4,6 млрд кВт·ч, в 2023 году — 3,1 млрд", True),
        ("16", "16 lanes", True),
        ("16", "车道由4条增加到16条", True),
        ("500 cars", "压了约500辆新车", True),
        ("2-3%", "Комиссия — 2–3%.", True),
        ("2-3%", "The commission was 3%.", False),
        ("16 November 2022", "2022年11月16日通车", True),
        ("16 November 2022", "открыли 16 ноября 2022 года", True),
        ("16 November 2022", "It opened in November 2022.", False),
        ("November 2022", "It opened on 16 November 2022.", True),
        ("2022", "открыли 16 ноября 2022 года", True),
        ("1 September 2026", "The forum is on 1-4 September 2026.", True),
        ("4 September 2026", "2026年9月1日至4日举行", True),
        ("5 September 2026", "2026年9月1日至4日举行", False),
    ],
)
def test_figures_are_compared_as_amounts_and_dates(figure: str, text: str, expected: bool) -> None:
    accepted = Accepted(facts=("HB-02",), figures=(figure,))
    assert is_right(Quoted(text, frozenset(["HB-02"])), [accepted]) is expected


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [
        ("HB-02", "HB-02", True),
        ("HB-02", "HB-02a", True),
        ("HB-02", "HB-02p", True),
        ("HB-02a", "HB-02a", True),
        ("HB-02a", "HB-02", False),
        ("HB-02", "HB-03", False),
    ],
)
def test_a_code_has_its_parts(code: str, label: str, expected: bool) -> None:
    assert is_right(Quoted(LONG, frozenset([label])), [Accepted(facts=(code,))]) is expected
    assert fact_of(label) == label[:5]


@pytest.mark.parametrize(
    ("accepted", "labels", "text", "spans"),
    [
        (Accepted(facts=("HB-02",), words=("Герасимов", "Gerasimov")), "HB-02", "Мост строил Герасимов.", ["Герасимов"]),
        (Accepted(facts=("HB-02",), words=("trёх",)), "HB-02", "trех", ["trех"]),
        (Accepted(facts=("HB-02",), figures=("1,283 m",), words=("long",)), "HB-02", LONG, ["1,283 metres", "long"]),
        (Accepted(facts=("HB-02",)), "HB-02", LONG, [LONG]),
        (Accepted(facts=("HB-02",), words=("wide",)), "HB-02", LONG, []),
        (Accepted(facts=("HB-03",), words=("long",)), "HB-02", LONG, []),
        (Accepted(words=("12 000 t",)), "", "It took 12\u202f000\u2009t.", ["12\u202f000\u2009t"]),
    ],
)
def test_what_makes_a_quote_right_is_found_in_it(accepted: Accepted, labels: str, text: str, spans: list[str]) -> None:
    assert [span.of(text) for span in accepted.spans_in(Quoted(text, frozenset([labels])))] == spans


def test_a_string_stands_for_these_words_anywhere() -> None:
    assert Accepted.model_validate("1,283 metres") == Accepted(words=("1,283 metres",))
    assert is_right(Quoted("A bridge of 1,283 metres."), [Accepted.model_validate("1,283 METRES")])


@pytest.mark.parametrize("wrong", [{}, {"figures": ["5 m"]}, {"facts": ["HB-02"], "figures": ["long"]}, {"fact": ["HB-02"]}])
def test_what_accepts_nothing_is_refused(wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        Accepted.model_validate(wrong)


def test_a_sentence_without_a_footnote_says_what_is_not_known() -> None:
    said = quoted(
        ARTICLES["en/bridge"], Span(start_char=len(LONG) + len(OTHER) + 2, end_char=len(LONG) + len(OTHER) + 2 + len(OPEN))
    )
    assert said == Quoted(OPEN, open_in="bridge")
    assert is_right(said, [Accepted(open_in=("bridge",), words=("toll", "сбор"))])
    assert not is_right(said, [Accepted(open_in=("pipe",))])
    # Where no sentence has a footnote, nothing follows from having none.
    assert quoted(ARTICLES["en/page"], Span(start_char=0, end_char=8)).open_in == ""


ANSWERS: Sequence[Mapping[str, object]] = [{"facts": ["HB-02"], "figures": ["1,283 m"]}]


def test_articles_are_those_that_state_the_fact() -> None:
    asked = golden(articles=[], answers=ANSWERS)
    assert located([asked], ARTICLES)[0].articles == ("en/bridge", "ru/bridge")
    with pytest.raises(IndexMissing, match="en-001"):
        located([golden(articles=[], answers=[{"facts": ["HB-99"]}])], ARTICLES)


@pytest.mark.parametrize(("article_id", "right"), [("en/bridge", True), ("en/pipe", False), ("en/page", False)])
def test_a_quote_is_right_by_its_place(article_id: str, right: bool) -> None:
    answer = Scripted(LONG).ask("")
    moved = replace(answer.citations[0], article_id=article_id, start_char=0, end_char=len(LONG))
    asked = golden(articles=[], answers=ANSWERS)
    assert judge_answer(asked, replace(answer, citations=(moved,)), ARTICLES).first is right


def test_questions_about_one_figure_of_a_fact_ask_for_the_same() -> None:
    one = golden(articles=[], answers=[{"facts": ["HB-02"], "figures": ["1,283 m"]}])
    other = golden(articles=[], answers=[{"facts": ["HB-02a", "HB-01"], "figures": ["1283 метра"]}])
    third = golden(articles=[], answers=[{"facts": ["HB-02"], "figures": ["14.5 m"]}])
    assert set(keys_of(one)) & set(keys_of(other))
    assert not set(keys_of(one)) & set(keys_of(third))


def test_parts_and_sides_are_the_answers_if_none_are_given() -> None:
    parts = [ANSWERS, [{"facts": ["HB-01"], "figures": ["14.5 m"]}]]
    asked = golden(articles=[], answers=[], kind="two-part", parts=parts)
    assert [one.figures for one in asked.answers] == [("1,283 m",), ("14.5 m",)]
