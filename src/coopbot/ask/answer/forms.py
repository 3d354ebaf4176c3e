"""Answers that one sentence cannot give: the latest, comparisons, series, lists, overviews, and where an answer is from.

Each function returns None where it finds no answer of its form; the question is then answered as an ordinary one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from coopbot.ask.answer.asking import Asking
from coopbot.ask.answer.cite import cite_span, dated
from coopbot.ask.answer.comparisons import answer_compare, untold_sides
from coopbot.ask.answer.counterparts import repeats
from coopbot.ask.answer.formed import asks_of_plans, citations_of, formed, is_planned, readable, units_of
from coopbot.ask.answer.items import find_items, lists_itself
from coopbot.ask.answer.overview import find_overview, fitting_articles
from coopbot.ask.answer.series import FoundPoint, find_series
from coopbot.ask.rank.retrieve import Evidence, ScoredSentence, open_best, open_passages, to_hits
from coopbot.ask.understand.conversations import Quotation
from coopbot.ask.understand.kinds import Wanted
from coopbot.domain import Answer, Article, Citation, Language, Outcome, Point, Remark, Span, When
from coopbot.text.cues import without_years
from coopbot.text.gazetteer import find_names, is_elsewhere
from coopbot.text.restate import restate
from coopbot.text.sides import find_sides
from coopbot.text.subject import subject_of
from coopbot.text.timed import sentence_time

# Quotes of a series, a list, an overview, the latest and an answer before.
_OF_SERIES, _OF_LIST, _OF_OVERVIEW, _OF_LATEST, _OF_SOURCE = 12, 8, 4, 4, 3
_LEAST_POINTS, _LEAST_DOUBTED_POINTS, _SURE_POINTS, _LEAST_ITEMS = 2, 3, 3, 2
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
# How much less likely than the best sentence a newer one with a figure of the same unit may be, in log odds.
_BEHIND = 2.0


def answer_series(asking: Asking) -> Answer | None:
    """Figures by time, oldest first, if there are at least two times."""
    found = find_series(asking.asked, asking.ranked, asking.store, asking.reader, today=asking.today)
    points = list(found.points)
    confidence = asking.of(without_years(asking.text) or asking.text).confidence(found.read)
    least = _LEAST_POINTS if confidence >= asking.sentence_weights.possible else _LEAST_DOUBTED_POINTS
    if len({one.amount.time.days for one in points}) < least or confidence < _LEAST_CONFIDENCE:
        return None
    rows = list(dict.fromkeys(_row(one) for one in points))
    if len(rows) > asking.limit(_OF_SERIES):
        best = sorted(rows, key=lambda row: -max(one.score for one in points if _row(one) == row))
        rows = [row for row in rows if row in best[: asking.limit(_OF_SERIES)]]
        points = [one for one in points if _row(one) in rows]
    sentences = [next(one for one in points if _row(one) == row).sentence for row in rows]
    citations = citations_of(asking, sentences)
    series = tuple(_point(one, citations[rows.index(_row(one))], asking.asked.language) for one in points)
    times = {(one.first, one.last) for one in series}
    remarks: tuple[Remark, ...] = ("other_units",) if len({one.unit for one in series}) > 1 else ()
    return formed(
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
    if units_of(about[0].answer_text) and not asks_of_plans(asking):  # what passes it, not what may
        recorded = [one for one in about if not is_planned(asking, one)]
        about = recorded if recorded and recorded[0].probability >= asking.sentence_weights.possible else about
    best = about[0]
    least, newest = max(asking.sentence_weights.least_log_odds, best.log_odds - _NEAR), _day(asking, best) or date.max

    def is_near(one: ScoredSentence) -> bool:
        alike = float(one.vector @ best.vector)
        if alike >= _ALIKE and one.log_odds >= least:
            return True
        is_newer = (_day(asking, one) or date.min) > newest and bool(units_of(best.answer_text) & units_of(one.text))
        return is_newer and alike >= _ALIKE_IF_NEWER and one.log_odds >= best.log_odds - _BEHIND

    near = [best, *(one for one in about if one is not best and is_near(one))]
    near = [readable(asking, one, evidence.sentences) for one in near]
    days = {id(one): _day(asking, one) for one in near}
    near.sort(key=lambda one: (days[id(one)] or date.min, one.log_odds), reverse=True)
    chosen: list[ScoredSentence] = []
    for one in near:
        if len(chosen) < asking.limit(_OF_LATEST) and not any(repeats(one, other) for other in chosen):
            chosen.append(one)
    citations = [
        replace(one, as_of=When(day) if (day := days[id(sentence)]) else "undated")
        for one, sentence in zip(citations_of(asking, chosen), chosen, strict=True)
    ]
    remarks: tuple[Remark, ...] = ("undated",) if all(one.as_of == "undated" for one in citations) else ()
    outcome: Outcome = "answered" if evidence.confidence >= asking.sentence_weights.answered else "possible"
    return formed(asking, "latest", citations, outcome=outcome, confidence=evidence.confidence, remarks=remarks)


def _is_there(asking: Asking, one: ScoredSentence) -> bool:
    """Whether a sentence is of no other place than those that the question names."""
    names = asking.asked.names
    return not any(is_elsewhere(name, place) for name in find_names(one.text) - names for place in names)


def answer_list(asking: Asking) -> Answer | None:
    """Items gathered from several articles, one quote each, and how many more there are."""
    opened = open_best(asking.asked.text, asking.store, asking.ranked)
    found = find_items(asking.asked, opened, asking.reader, asking.weights)
    found = [replace(one, sentence=readable(asking, one.sentence, ())) for one in found]
    if not asks_of_plans(asking):
        found.sort(key=lambda one: is_planned(asking, one.sentence))  # what there is, before what there may be
    alone = bool(found) and found[0].sentence.pair == "same"
    if len(found) < _LEAST_ITEMS and not (alone and (len(found[0].names) >= _LEAST_ITEMS or lists_itself(found[0].sentence))):
        return None
    most = asking.limit(_OF_LIST)
    citations = citations_of(asking, [one.sentence for one in found[:most]])
    confidence = found[0].sentence.probability
    outcome: Outcome = "answered" if confidence >= asking.sentence_weights.answered else "possible"
    labels = [one.label for one in found[:most]]
    return formed(
        asking, "list", citations, outcome=outcome, confidence=confidence, labels=labels, more=max(0, len(found) - most)
    )


def answer_summary(asking: Asking) -> Answer | None:
    """The lead of the article about a subject, its most telling sentences, and titles of others."""
    words = subject_of(asking.asked.text)
    if not words:
        return None
    about = asking.of(words)
    subject, hits = about.asked, to_hits(about.ranked, asking.store, _SEARCHED)
    articles = fitting_articles(subject, [asking.article(hit.passage.article_id) for hit in hits])
    if not articles:
        return None
    evidence = asking.evidence()
    opening = _opening(asking, evidence, articles[0])
    first = articles[0] if opening is None else asking.article(opening.stored.passage.article_id)
    own = [place for place, hit in enumerate(hits) if hit.passage.article_id == first.article_id]
    if first.language == subject.language and all(hits[place].passage.start_char for place in own):
        about = asking.of(first.title)  # its lead is not among the passages found
        hits = to_hits(about.ranked, asking.store, _SEARCHED)
        own = [place for place, hit in enumerate(hits) if hit.passage.article_id == first.article_id]
    opened = open_passages(about.text, asking.store, about.ranked, own, None)
    likely = [one for one in evidence.sentences if one.probability >= asking.sentence_weights.possible]
    likely = [one for one in likely if one.stored.passage.article_id == first.article_id]
    told = find_overview(subject, opened, asking.limit(_OF_OVERVIEW), opening, likely)
    if not told:
        return None
    citations = citations_of(asking, [one.sentence for one in told])
    articles = [one for one in articles if one.article_id != first.article_id]
    others = tuple(one for one in articles if one.language == first.language)[:_TITLES]
    return formed(
        asking,
        "summary",
        citations,
        outcome="answered",
        confidence=_OF_AN_OVERVIEW,
        labels=[one.heading for one in told],
        articles=others,
    )


def _opening(asking: Asking, evidence: Evidence, article: Article) -> ScoredSentence | None:
    """The sentence that an overview opens with in the place of an article's lead: one in the question's language that answers
    surely, from that article, or that may answer, where that is in another language.
    """
    weights, best = asking.sentence_weights, next(iter(evidence.sentences), None)
    if best is None or best.pair != "same":
        return None
    if article.language != asking.asked.language:
        return best if evidence.confidence >= weights.possible else None
    is_of_it = best.stored.passage.article_id == article.article_id
    return best if is_of_it and evidence.confidence >= weights.answered else None


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
    about a subject, or not all sides of a comparison.
    """
    if wanted == "summary" and answer.outcome != "answered":
        return replace(answer, kind="summary", remarks=("not_about",))
    if wanted == "compare" and answer.outcome == "no_evidence":
        sides = find_sides(answer.searched_as)
        if len(sides) > 1:
            return replace(answer, kind="compare", missing=tuple(dict.fromkeys(side.words for side in sides)))
    if wanted == "compare" and answer.claims and (untold := untold_sides(answer)):
        return replace(answer, missing=(*answer.missing, *untold), outcome="possible")
    return answer


def answer_source(asking: Asking, quoted: Sequence[Quotation]) -> Answer:
    """The quotes of the answer before, with their sources and dates; says so if there was none."""
    citations: list[Citation] = []
    for one in quoted[: asking.limit(_OF_SOURCE)]:
        known = asking.store.article(one.article_id)
        if known is not None and known.text[one.start_char : one.end_char] and one.passage:
            citations.append(_quoted_again(len(citations) + 1, one, known, asking.today))
    return formed(
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


def _row(point: FoundPoint) -> tuple[str, int]:
    return point.opened.passage.passage_id, point.row


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


def _day(asking: Asking, one: ScoredSentence) -> date | None:
    """The day up to which a sentence tells how things are: that which it is about or, if it names none, of its article."""
    said = asking.article(one.stored.passage.article_id).said(one.span)
    published = said.last if said else None
    time = sentence_time(one.text, published)
    if time is None or time.first > asking.today:
        return published
    return min(time.last, published) if published and time.first <= published else min(time.last, asking.today)
