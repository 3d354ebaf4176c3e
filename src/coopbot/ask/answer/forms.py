"""Answers that one sentence cannot give: the latest, comparisons, series, lists, overviews, and where an answer is from.

Each function returns None where it finds no answer of its form; the question is then answered as an ordinary one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from types import MappingProxyType

from coopbot.ask.answer.asking import Asking
from coopbot.ask.answer.cite import cite, cite_span, dated
from coopbot.ask.answer.counterparts import find_counterpart, is_one, repeats, say_the_same
from coopbot.ask.answer.items import find_items, lists_itself
from coopbot.ask.answer.overview import find_overview, fitting_articles
from coopbot.ask.answer.series import MONEY, FoundPoint, find_series
from coopbot.ask.rank.retrieve import ScoredSentence, open_best, to_hits
from coopbot.ask.understand.conversations import Quotation
from coopbot.ask.understand.kinds import Wanted
from coopbot.domain import Answer, AnswerKind, Article, Citation, Claim, Language, Outcome, Point, Remark, Span, When
from coopbot.text.dates import find_years
from coopbot.text.figures import find_figures
from coopbot.text.gazetteer import find_names, is_elsewhere, places_around, sought_names
from coopbot.text.glossary import find_concepts
from coopbot.text.restate import restate
from coopbot.text.sides import Side, compares, find_sides, is_of_all, is_one_thing
from coopbot.text.subject import subject_of
from coopbot.text.timed import sentence_time
from coopbot.text.tokens import lexical_tokens
from coopbot.text.totals import is_no_record

# Quotes of a series, a list, an overview, the latest and an answer before.
_OF_SERIES, _OF_LIST, _OF_OVERVIEW, _OF_LATEST, _OF_SOURCE = 12, 8, 4, 4, 3
_LEAST_POINTS, _SURE_POINTS, _LEAST_ITEMS = 2, 3, 2
# A series is about something else where its passages are so unlikely to have a sentence that answers.
_LEAST_CONFIDENCE = 0.1
# Titles below an overview, and its confidence: no model judges whether an article is about a subject.
_TITLES, _OF_AN_OVERVIEW = 6, 0.8
# As in `dating`: log odds within which sentences are about as likely; and how alike they are that tell of one thing.
_NEAR, _ALIKE = 1.3, 0.45
# How alike a newer sentence with a figure of the same unit has to be.
_ALIKE_IF_NEWER = 0.3
# Passages searched for articles about a subject.
_SEARCHED = 60
# Passages of a side that are read, of the question's language and of others.
_READ_OF_SIDE = (4, 2)
# A sentence that names a side and has a figure of the unit is shown from this share of the probability of `possible` on.
_OF_POSSIBLE = 0.5
# How much less likely than the best sentence for the whole question the least likely side may be, in log odds.
_BEHIND = 2.0
# What a sentence in the question's language is worth beside one in another, in log odds.
_OWN = 0.7
# What a figure of the same unit, and one for the same year, as another side's is worth, in log odds; and having a side at all.
_ALIGNED, _A_SIDE = 0.7, 50.0
# Units that say not how large a thing is.
_NO_SIZE = frozenset({"date", "percent", "times"})
# A number without a unit from here on may have the unit of the one before it.
_LARGE = 1000
# What it is worth that a sentence itself names its side, that it has a figure, and that it tells of no plan, in log odds.
_FITS = 1.5
# A side of so few characters that has a year is one: "2024", "in 2024".
_OF_A_YEAR = 10


def answer_series(asking: Asking) -> Answer | None:
    """Figures by time, oldest first, if there are at least two times."""
    found = find_series(asking.asked, asking.ranked, asking.store, asking.reader, today=asking.today)
    points = list(found.points)
    confidence = asking.confidence(found.read)
    if len({one.amount.time.days for one in points}) < _LEAST_POINTS or confidence < _LEAST_CONFIDENCE:
        return None
    rows = list(dict.fromkeys(_row(one) for one in points))
    if len(rows) > asking.limit(_OF_SERIES):
        best = sorted(rows, key=lambda row: -max(one.score for one in points if _row(one) == row))
        rows = [row for row in rows if row in best[: asking.limit(_OF_SERIES)]]
        points = [one for one in points if _row(one) in rows]
    sentences = [_sentence(next(one for one in points if _row(one) == row)) for row in rows]
    citations = _citations(asking, sentences)
    series = tuple(_point(one, citations[rows.index(_row(one))], asking.asked.language) for one in points)
    times = {(one.first, one.last) for one in series}
    remarks: tuple[Remark, ...] = ("other_units",) if len({one.unit for one in series}) > 1 else ()
    return _answer(
        asking,
        "series",
        citations,
        outcome="answered" if len(times) >= _SURE_POINTS and confidence >= asking.sentence_weights.possible else "possible",
        confidence=confidence,
        series=series,
        remarks=remarks,
    )


def answer_latest(asking: Asking) -> Answer | None:
    """The newest of what answers first, each with its date, older ones after it."""
    evidence = asking.evidence()
    about = [one for one in evidence.sentences if _is_there(asking, one)]
    if not about or evidence.confidence < asking.sentence_weights.possible:
        return None
    if _units(about[0].answer_text) and not _of_plans(asking):  # what passes it, not what may
        recorded = [one for one in about if not _is_planned(asking, one)]
        about = recorded if recorded and recorded[0].probability >= asking.sentence_weights.possible else about
    best = about[0]
    least, newest = max(asking.sentence_weights.least_log_odds, best.log_odds - _NEAR), _day(asking, best) or date.max

    def is_near(one: ScoredSentence) -> bool:
        alike = float(one.vector @ best.vector)
        if alike >= _ALIKE and one.log_odds >= least:
            return True
        is_newer = (_day(asking, one) or date.min) > newest and bool(_units(best.answer_text) & _units(one.text))
        return is_newer and alike >= _ALIKE_IF_NEWER and one.log_odds >= best.log_odds - _BEHIND

    near = [best, *(one for one in about if one is not best and is_near(one))]
    near = [_readable(asking, one, evidence.sentences) for one in near]
    days = {id(one): _day(asking, one) for one in near}
    near.sort(key=lambda one: (days[id(one)] or date.min, one.log_odds), reverse=True)
    chosen: list[ScoredSentence] = []
    for one in near:
        if len(chosen) < asking.limit(_OF_LATEST) and not any(repeats(one, other) for other in chosen):
            chosen.append(one)
    citations = [
        replace(one, as_of=When(day) if (day := days[id(sentence)]) else "undated")
        for one, sentence in zip(_citations(asking, chosen), chosen, strict=True)
    ]
    remarks: tuple[Remark, ...] = ("undated",) if all(one.as_of == "undated" for one in citations) else ()
    outcome: Outcome = "answered" if evidence.confidence >= asking.sentence_weights.answered else "possible"
    return _answer(asking, "latest", citations, outcome=outcome, confidence=evidence.confidence, remarks=remarks)


def _of_plans(asking: Asking) -> bool:
    """Whether a question asks for what is planned or possible."""
    return is_no_record(asking.asked.text) or "capacity" in find_concepts(asking.asked.text)


def _is_planned(asking: Asking, one: ScoredSentence) -> bool:
    """Whether a sentence tells of a plan, by its words or a footnote."""
    known = asking.article(one.stored.passage.article_id).attributed(one.span)
    return is_no_record(one.text) or any(source.planned_for for source in known)


def _is_there(asking: Asking, one: ScoredSentence) -> bool:
    """Whether a sentence is of no other place than those that the question names."""
    names = asking.asked.names
    return not any(is_elsewhere(name, place) for name in find_names(one.text) - names for place in names)


def answer_compare(asking: Asking) -> Answer | None:
    """A quote for each side of a comparison, and the sides that nothing tells of; nothing where one sentence compares them."""
    sides = find_sides(asking.asked.text)
    if len(sides) < 2:
        return None
    if all(is_one_thing(sides[0], side) for side in sides[1:]):
        found = _of_side(asking.of(sides[0].question), sides[0], ())
        return _side_by_side(asking, sides[:1], [found[0]], remark="one_thing") if found else None
    whole = asking.evidence().sentences
    telling = next((one for one in whole if _compares(asking, sides, one) and one.log_odds >= whole[0].log_odds - _NEAR), None)
    if telling is not None:
        return None if telling is whole[0] else _side_by_side(asking, sides, [telling] * len(sides))
    if all(find_years(side.words) and len(side.words) <= _OF_A_YEAR for side in sides) and (
        years := _compare_years(asking, sides)
    ):
        return years
    answers = [_of_side(asking.of(side.question), side, sides) for side in sides]
    if not all(answers):  # what may answer the question about all sides may tell of one too
        told = [[one for one in _of_side(asking, side, sides) if _is_told(side, sides, one.text)] for side in sides]
        answers = [own or other for own, other in zip(answers, told, strict=True)]
    row = _aligned(asking, sides, answers)
    if whole and sum(_is_told(side, sides, whole[0].text) for side in sides) != 1:
        least = whole[0].log_odds - _BEHIND
        row = [one if one and (one.log_odds >= least or is_one(one, whole[0])) else None for one in row]
    known = [one for one in row if one]
    if not known or (len(known) < len(row) and max(one.probability for one in known) < asking.sentence_weights.possible):
        return None
    return _side_by_side(asking, sides, row)


def _side_by_side(
    asking: Asking,
    sides: Sequence[Side],
    row: Sequence[ScoredSentence | None],
    *,
    confidence: float | None = None,
    remark: Remark | None = None,
) -> Answer:
    """The sentences of the sides that have one, and the others by name. A sentence that tells of several is quoted once."""
    sentences, labels = list[ScoredSentence](), list[list[str]]()
    for side, one in zip(sides, row, strict=True):
        place = next((place for place, other in enumerate(sentences) if one and is_one(one, other)), len(sentences))
        if one and place == len(sentences):
            sentences.append(one)
            labels.append([])
        if one:
            labels[place].append(side.words)
    missing = tuple(side.words for side, one in zip(sides, row, strict=True) if one is None)
    sure = min(one.probability for one in sentences) if confidence is None else confidence
    limit = asking.limit(len(sentences))
    remarks = [remark] if remark else []
    units = [_units(one.answer_text) for one in sentences]
    if len(units) > 1 and all(units) and not frozenset.intersection(*units):
        remarks.append("other_units")
    times = {_year(asking, one) for one in sentences} - {None}
    if len(times) > 1 and not all(find_years(side.words) or "date" in side.units for side in sides):
        remarks.append("other_times")
    is_sure = sure >= asking.sentence_weights.answered and not missing and not remark
    return _answer(
        asking,
        "compare",
        _citations(asking, sentences[:limit]),
        outcome="answered" if is_sure else "possible",
        confidence=sure,
        labels=[" / ".join(one) for one in labels[:limit]],
        missing=missing,
        remarks=tuple(remarks),
    )


def _compares(asking: Asking, sides: Sequence[Side], one: ScoredSentence) -> bool:
    """Whether a sentence may answer the whole question and tells of all sides: it has a figure of each, or it compares, if only
    with what its title or headings name.
    """
    if one.pair != "same" or one.probability < asking.sentence_weights.possible:
        return False
    text = f"{_above(asking, one)} {one.text}" if compares(one.text) else one.text
    return all(_is_told(side, sides, text) for side in sides) and (compares(one.text) or _stands_for(one, sides))


def _stands_for(one: ScoredSentence, sides: Sequence[Side]) -> bool:
    """Whether a sentence has a figure of one unit for each of some sides, or no figure of a unit that is asked for. A unit may
    be said once: "4.4 million tonnes and 3.3 million".
    """
    units = sides[0].units
    figures = Counter(figure.unit for figure in set(find_figures(one.text)) if figure.unit or figure.low >= _LARGE)
    counts = [figures[unit] for unit in figures if (unit in units if units else unit not in _NO_SIZE | {""})]
    return not counts or max(counts) + figures[""] >= len(sides)


def _aligned(asking: Asking, sides: Sequence[Side], answers: Sequence[Sequence[ScoredSentence]]) -> list[ScoredSentence | None]:
    """A sentence for each side that has any: together the likeliest, of one unit and one time."""
    of_plans = _of_plans(asking)

    def fit(side: Side, one: ScoredSentence, first: ScoredSentence) -> float:
        alike = bool(_units(one.answer_text) & _units(first.answer_text)) + (_year(asking, one) == _year(asking, first))
        fits = _is_told(side, sides, one.text) + bool(_units(one.text) - _NO_SIZE)
        fits -= not of_plans and _is_planned(asking, one)
        return one.log_odds + _OWN * (one.pair == "same") + _ALIGNED * alike + _FITS * fits

    best, most = list[ScoredSentence | None]([None] * len(sides)), -math.inf
    for first in chain.from_iterable(answers):
        row, worth = list[ScoredSentence | None](), 0.0
        for side, own in zip(sides, answers, strict=True):
            free = [
                one for one in own if _stands_for(one, sides[: 1 + sum(bool(other and is_one(one, other)) for other in row)])
            ]
            fits = [fit(side, one, first) for one in free]
            row.append(free[fits.index(max(fits))] if free else None)
            worth += _A_SIDE + max(fits) if free else 0.0
        if worth > most:
            best, most = row, worth
    counts = Counter(unit for one in best if one for unit in _units(one.text) - _NO_SIZE - {""})
    (unit, count), *_ = counts.most_common(1) or [("", 0)]
    if count > 1:  # what is told of another side in another unit is not the same; money may be in several
        same = MONEY if unit in MONEY else {unit}
        best = [one if one and (not _units(one.answer_text) or same & _units(one.text)) else None for one in best]
    return best


def _units(text: str) -> frozenset[str]:
    """The units of its figures, but for dates."""
    return frozenset(figure.unit for figure in find_figures(text)) - {"date"}


def _year(asking: Asking, one: ScoredSentence) -> int | None:
    """The year that a sentence is about, if it names one."""
    time = sentence_time(one.text, asking.article(one.stored.passage.article_id).published)
    return time.last.year if time else None


def _above(asking: Asking, one: ScoredSentence) -> str:
    """The title and headings above a sentence."""
    return " ".join((asking.article(one.stored.passage.article_id).title, *one.stored.passage.heading_path))


def _compare_years(asking: Asking, sides: Sequence[Side]) -> Answer | None:
    """The figures of several years, as in a series."""
    found = find_series(asking.asked, asking.ranked, asking.store, asking.reader, bounded=False, today=asking.today)
    years = [min(find_years(side.words)) for side in sides]
    points = [[one for one in found.points if one.amount.time.first.year == year] for year in years]
    best = [max(own, key=lambda one: (one.amount.time.length, one.score), default=None) for own in points]
    if not all(best):
        return None
    row = [_sentence(one) if one else None for one in best]
    return _side_by_side(asking, sides, row, confidence=asking.confidence(found.read))


def _of_side(asking: Asking, side: Side, sides: Sequence[Side]) -> list[ScoredSentence]:
    """The sentences that answer for one side, best first: likely ones about it that have a figure of the unit."""
    likely = asking.sentence_weights.possible * _OF_POSSIBLE
    least = math.log(likely / (1 - likely))
    own = [one for one in asking.ranked if one.pair == "same"][: _READ_OF_SIDE[0]]
    others = [one for one in asking.ranked if one.pair != "same"][: _READ_OF_SIDE[1]]
    evidence = asking.evidence([*own, *others])
    found = [
        one
        for one in evidence.sentences
        if one.log_odds >= least
        and (not side.units or side.units & {figure.unit for figure in find_figures(one.text)})
        and _is_about(asking, side, sides, one)
    ]
    found.sort(key=lambda one: one.log_odds + _OWN * (one.pair == "same"), reverse=True)
    return [_readable(asking, one, evidence.sentences) for one in found]


def _is_about(asking: Asking, side: Side, sides: Sequence[Side], one: ScoredSentence) -> bool:
    """Whether a sentence is about a side: it names it, or its title or a heading does, and the sentence no rival instead, and
    nothing that the side is a part of.
    """
    above, names, here = _above(asking, one), find_names(side.words), find_names(one.text)
    topics = find_concepts(side.words)
    if topics and topics.isdisjoint(find_concepts(f"{above} {one.text}")):
        return False
    if is_of_all(one.text) and sum(_is_told(other, sides, one.text) for other in sides) > 1:
        return False
    others = here - find_names(" ".join(other.words for other in sides or (side,)))
    if not all(ids & (here | find_names(above)) for ids in sought_names(side.words)):
        return False
    if any(is_elsewhere(other, place) for other in others for place in names):
        return False
    if _is_told(side, sides, one.text):
        return True
    if any(_is_told(other, sides, one.text) for other in sides if other is not side):
        return False
    around = frozenset(place for name in names for place in places_around(name))
    return not around & here and _is_told(side, sides, above)


def _is_told(side: Side, sides: Sequence[Side], text: str) -> bool:
    """Whether a text has what tells a side from the others: a name, or else all its concepts or most of its words."""
    others = " ".join(other.words for other in sides if other is not side)
    if names := find_names(side.words) - find_names(others):
        return bool(names & find_names(text))
    if topics := find_concepts(side.words) - find_concepts(others):
        return topics <= find_concepts(text)
    words = set(lexical_tokens(side.words))
    words = words - set(lexical_tokens(others)) or words
    return len(words & set(lexical_tokens(text))) * 2 >= len(words)


def answer_list(asking: Asking) -> Answer | None:
    """Items gathered from several articles, one quote each, and how many more there are."""
    opened = open_best(asking.asked.text, asking.store, asking.ranked)
    found = find_items(asking.asked, opened, asking.reader, asking.weights)
    alone = bool(found) and found[0].sentence.pair == "same"
    if len(found) < _LEAST_ITEMS and not (alone and (len(found[0].names) >= _LEAST_ITEMS or lists_itself(found[0].sentence))):
        return None
    most = asking.limit(_OF_LIST)
    citations = _citations(asking, [one.sentence for one in found[:most]])
    confidence = found[0].sentence.probability
    outcome: Outcome = "answered" if confidence >= asking.sentence_weights.answered else "possible"
    labels = [one.label for one in found[:most]]
    return _answer(
        asking, "list", citations, outcome=outcome, confidence=confidence, labels=labels, more=max(0, len(found) - most)
    )


def answer_summary(asking: Asking) -> Answer | None:
    """The lead of the article about a subject, its most telling sentences, and titles of others."""
    subject = subject_of(asking.asked.text)
    if not subject:
        return None
    about = asking.of(subject)
    hits = to_hits(about.ranked, asking.store, _SEARCHED)
    ids = dict.fromkeys(hit.passage.article_id for hit in hits)
    articles = fitting_articles(about.asked, [asking.article(one) for one in ids])
    told = find_overview(about.asked, about.ranked, asking.store, articles, asking.limit(_OF_OVERVIEW))
    if not told:
        return None
    citations = _citations(asking, [one.sentence for one in told])
    others = tuple(one for one in articles[1:] if one.language == articles[0].language)[:_TITLES]
    return _answer(
        asking,
        "summary",
        citations,
        outcome="answered",
        confidence=_OF_AN_OVERVIEW,
        labels=[one.heading for one in told],
        articles=others,
    )


FORMS: Mapping[Wanted, Callable[[Asking], Answer | None]] = MappingProxyType(
    {
        "series": answer_series,
        "latest": answer_latest,
        "compare": answer_compare,
        "list": answer_list,
        "summary": answer_summary,
    }
)
"""The forms that questions are answered in from what was retrieved for them, by the kind that they want."""


def said_plainly(answer: Answer, wanted: Wanted) -> Answer:
    """An ordinary answer to a question that wanted another kind, which says so where nothing of that kind was found: no article
    about a subject, or neither side of a comparison.
    """
    if wanted == "summary" and answer.outcome != "answered":
        return replace(answer, kind="summary", remarks=("not_about",))
    if wanted == "compare" and answer.outcome == "no_evidence":
        sides = find_sides(answer.searched_as)
        if len(sides) > 1:
            return replace(answer, kind="compare", missing=tuple(dict.fromkeys(side.words for side in sides)))
    return answer


def answer_source(asking: Asking, quoted: Sequence[Quotation]) -> Answer:
    """The quotes of the answer before, with their sources and dates; says so if there was none."""
    citations: list[Citation] = []
    for one in quoted[: asking.limit(_OF_SOURCE)]:
        known = asking.store.article(one.article_id)
        if known is not None and known.text[one.start_char : one.end_char] and one.passage:
            citations.append(_quoted_again(len(citations) + 1, one, known, asking.today))
    return _answer(
        asking,
        "source",
        citations,
        outcome="answered" if citations else "no_evidence",
        confidence=1.0 if citations else 0.0,
        remarks=() if citations else ("no_answer_before",),
    )


def _quoted_again(number: int, one: Quotation, article: Article, today: date) -> Citation:
    span = Span(start_char=one.start_char, end_char=one.end_char)
    time = sentence_time(span.of(article.text), article.published)
    answer = Span(start_char=time.start_char, end_char=time.end_char) if time else None
    cited = dated(cite_span(number, article, span, passage=one.passage, answer=answer), today, latest=False)
    return replace(cited, deep_link=one.deep_link, as_of=cited.said or "undated")


def _answer(
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


def _citations(asking: Asking, sentences: Sequence[ScoredSentence]) -> list[Citation]:
    return [
        dated(
            cite(number, one, asking.article(one.stored.passage.article_id), asking.asked.language), asking.today, latest=False
        )
        for number, one in enumerate(sentences, start=1)
    ]


def _row(point: FoundPoint) -> tuple[str, int]:
    return point.opened.passage.passage_id, point.row


def _sentence(point: FoundPoint) -> ScoredSentence:
    return ScoredSentence(
        stored=point.opened.stored,
        span=point.span,
        pair=point.opened.ranked.pair,
        log_odds=point.score,
        vector=point.vector,
        answer=Span(start_char=point.amount.start_char, end_char=point.amount.end_char).shifted(point.span.start_char),
        reading=point.reading,
        read=point.opened.read,
    )


def _point(point: FoundPoint, citation: Citation, language: Language) -> Point:
    amount, time = point.amount, point.amount.time
    words = Span(start_char=amount.start_char, end_char=amount.end_char)
    return Point(
        first=time.first,
        last=time.last,
        value=float(amount.value),
        high=float(amount.high),
        unit=amount.unit,
        approximate=amount.approximate,
        citation=citation.number,
        words=words.shifted(point.span.start_char - citation.start_char),
        restated="" if citation.language == language else restate(words.of(point.text), language),
    )


def _readable(asking: Asking, one: ScoredSentence, sentences: Sequence[ScoredSentence]) -> ScoredSentence:
    """A sentence of the question's language that says the same as one in another, if there is one."""
    if one.pair == "same":
        return one
    for other in sentences:
        if other.pair == "same" and say_the_same(one, other):
            return replace(other, log_odds=max(one.log_odds, other.log_odds))
    return find_counterpart(one, asking.asked.language, asking.store, asking.filters) or one


def _day(asking: Asking, one: ScoredSentence) -> date | None:
    """The day up to which a sentence tells how things are: that which it is about or, if it names none, of its article."""
    said = asking.article(one.stored.passage.article_id).said(one.span)
    published = said.last if said else None
    time = sentence_time(one.text, published)
    if time is None or time.first > asking.today:
        return published
    return min(time.last, published) if published and time.first <= published else min(time.last, asking.today)
