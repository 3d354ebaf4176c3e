"""What the forms of answers that one sentence cannot give are made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coopbot.ask.answer.asking import Asking
from coopbot.ask.answer.cite import cite, dated
from coopbot.ask.answer.counterparts import find_counterpart, say_the_same
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Answer, AnswerKind, Article, Citation, Claim, Outcome, Point, Remark
from coopbot.text.figures import find_figures
from coopbot.text.glossary import find_concepts
from coopbot.text.totals import is_no_record


def units_of(text: str) -> frozenset[str]:
    """The units of its figures, but for dates."""
    return frozenset(figure.unit for figure in find_figures(text)) - {"date"}


def asks_of_plans(asking: Asking) -> bool:
    """Whether a question asks for what is planned or possible."""
    return is_no_record(asking.asked.text) or "capacity" in find_concepts(asking.asked.text)


def is_planned(asking: Asking, one: ScoredSentence) -> bool:
    """Whether a sentence tells of a plan, by its words or a footnote."""
    known = asking.article(one.stored.passage.article_id).attributed(one.span)
    return is_no_record(one.text) or any(source.planned_for for source in known)


def formed(
    asking: Asking,
    kind: AnswerKind,
    citations: Sequence[Citation],
    *,
    outcome: Outcome,
    confidence: float,
    labels: Sequence[str] = (),
    series: tuple[Point, ...] = (),
    missing: tuple[str, ...] = (),
    more: int = 0,
    remarks: tuple[Remark, ...] = (),
    articles: tuple[Article, ...] = (),
) -> Answer:
    """An answer of a kind, with a claim for each citation. labels: of the first claims; the others have none."""
    named = [*labels, *[""] * (len(citations) - len(labels))]
    return Answer(
        outcome=outcome,
        question_language=asking.asked.language,
        claims=tuple(
            Claim(text=one.quote, citations=(one.number,), label=label) for one, label in zip(citations, named, strict=True)
        ),
        citations=tuple(citations),
        disagreements=(),
        confidence=round(confidence, 3),
        searched_as=asking.asked.text,
        snapshot=asking.store.snapshot_id,
        kind=kind,
        series=series,
        missing=missing,
        more=more,
        remarks=remarks,
        articles=articles,
    )


def citations_of(asking: Asking, sentences: Sequence[ScoredSentence]) -> list[Citation]:
    """The sentences as dated citations, numbered from 1."""
    return [
        dated(
            cite(number, one, asking.article(one.stored.passage.article_id), asking.asked.language), asking.today, latest=False
        )
        for number, one in enumerate(sentences, start=1)
    ]


def readable(asking: Asking, one: ScoredSentence, sentences: Sequence[ScoredSentence]) -> ScoredSentence:
    """A sentence of the question's language that says the same as one in another, if there is one."""
    if one.pair == "same":
        return one
    for other in sentences:
        if other.pair == "same" and say_the_same(one, other):
            return replace(other, log_odds=max(one.log_odds, other.log_odds))
    return find_counterpart(one, asking.asked.language, asking.store, asking.filters) or one
