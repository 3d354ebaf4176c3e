"""Figures of one thing at several times: trade by year, the latest number of visitors.

A sentence that gives an amount with its time is a candidate. The reader says which amount answers best; sentences that are
alike and count the same unit of the same named thing give the others, from more passages than are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

import numpy as np

from coopbot.ask.answer.asking import read_own_first
from coopbot.ask.rank.features import OpenPassage, RankedPassage
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import ScoredSentence, open_best
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.domain import Span
from coopbot.index.types import F32
from coopbot.text.crossing import is_the_other_way_round
from coopbot.text.cues import asks_for_shares, asks_since, without_cues, without_years
from coopbot.text.dates import find_years
from coopbot.text.gazetteer import find_names, is_named, places_around
from coopbot.text.glossary import find_concepts
from coopbot.text.reporting import count_attributions
from coopbot.text.timed import TimedAmount, parts_to, timed_amounts
from coopbot.text.tokens import lexical_tokens
from coopbot.text.totals import is_no_record, is_of_another_scope

# How many passages are read, of the question's language and of others.
_READ = (3, 1)
# What a passage with amounts of several times is worth, in the passages' scores.
_FOR_A_TIME, _MOST_TIMES = 0.4, 5
# Units that a series is never of.
_NO_SERIES = frozenset({"years", "months", "days", "hours", "minutes", "times", "pp"})
MONEY = frozenset({"usd", "cny", "rub", "eur"})
_PEOPLE = frozenset({"tourist", "passenger", "student"})
# The share of the question's words that a sentence has.
_MET = 0.3
# Of a reading, what makes an amount as likely as not; amounts this much worse than the best are no anchors.
_HALF, _ANCHORED, _ANCHORS = -6.0, 4.0, 4
# Cosine from which a sentence is like an anchor, in its language and in another.
_ALIKE = {True: 0.56, False: 0.42}
# "Sold", "sent", "delivered": a sentence need not have the word.
_SAID_IN_MANY_WAYS = frozenset({"trade", "export", "import"})
# What may be counted: a sentence that tells of another of these than the question counts something else.
_COUNTED = _SAID_IN_MANY_WAYS | {"production", "harvest", "capacity", "cost", "share", "stake", "profit", "tax", "transit"}
# Units of what is counted at a time, such as "58 projects".
_COUNTS = frozenset({""})
# What may be a part of all cargo.
_GOODS = frozenset({"coal", "ore", "timber", "grain", "meat", "oil", "gas", "lng", "machinery", "vehicle", "food"})
# How much more alike sentences of an anchor's article are, and an anchor itself.
_SAME_ARTICLE, _ITSELF = 0.12, 0.35
_WORD = re.compile(r" ?[^\W\d]+")
# Of how many texts it is remembered what they are about: those of the passages that a few questions look through.
_REMEMBERED = 4096
# Concepts that say nothing of what is counted.
_GENERAL = frozenset(
    {"year", "month", "figure", "number", "region", "chinese", "russian", "siberia", "plan", "compare", "last", "new"}
)
# Figures for one time that differ more are not for one thing.
_APART = 1.25
_MOST_POINTS = 24
_UNREAD = -20.0
# How much more alike than needed a sentence in another language has to be if it was not read.
_MORE_ALIKE = 0.1


@dataclass(frozen=True, kw_only=True)
class FoundPoint:
    """An amount at a time, in the sentence at `row` of an open passage; its places are in that sentence. score: how well it
    fits, comparable within a question.
    """

    opened: OpenPassage
    row: int
    amount: TimedAmount
    score: float = 0.0
    reading: float = _UNREAD

    @property
    def span(self) -> Span:
        """Its sentence."""
        return self.opened.passage.sentences[self.row]

    @property
    def text(self) -> str:
        """The sentence's text."""
        return self.opened.passage.quoted(self.span)

    @property
    def vector(self) -> F32:
        """The sentence's vector."""
        vector: F32 = self.opened.vectors[self.row]
        return vector

    @property
    def sentence(self) -> ScoredSentence:
        """Its sentence, of which it is the answer."""
        return ScoredSentence(
            stored=self.opened.stored,
            span=self.span,
            pair=self.opened.ranked.pair,
            log_odds=self.score,
            vector=self.vector,
            answer=Span(start_char=self.amount.start_char, end_char=self.amount.end_char).shifted(self.span.start_char),
            reading=self.reading,
            read=self.opened.read,
        )


@dataclass(frozen=True, kw_only=True)
class FoundSeries:
    """The points found, oldest first, and the passages that were read."""

    points: tuple[FoundPoint, ...]
    read: tuple[OpenPassage, ...] = field(default=())


def find_series(
    question: Question,
    ranked: Sequence[RankedPassage],
    store: VectorStore,
    reader: Reader | None,
    *,
    bounded: bool = True,
    today: date | None = None,
) -> FoundSeries:
    """The figures that a question asks for, by time. bounded: whether years that the question names limit them. today: later
    times are left out.
    """
    opened = open_best(question.text, store, ranked)
    of_shares = asks_for_shares(question.text)
    of_capacity = "capacity" in _topics(question.text)
    candidates = [point for one in opened for point in _candidates(one, of_capacity=of_capacity, shares=of_shares)]
    candidates = [point for point in candidates if not _is_planned(point, store)]
    read = _read(question, opened, candidates, reader)
    candidates = [_with_reading(point, read) for point in candidates]
    if _PEOPLE & _topics(question.text):  # "1,200 in 2022": who is counted is not said again
        candidates = [replace(point, amount=replace(point.amount, unit=point.amount.unit or "people")) for point in candidates]
    candidates = [point for point in candidates if _is_named(question, point) and not _counts_other(question, point)]
    anchors = _anchors(question, candidates)
    if not anchors:
        return FoundSeries(points=(), read=tuple(read.values()))
    unit = anchors[0].amount.unit
    units = {unit, *MONEY} if unit in MONEY else {unit}
    fitting = [fit for point in candidates if point.amount.unit in units and (fit := _fitting(question, point, anchors))]
    if today is not None:
        fitting = [point for point in fitting if point.amount.time.first <= today]
    if bounded:
        fitting = _within(question.text, fitting)
    points = tuple(_in_own_language(point, candidates) for point in _by_time(fitting, unit))
    return FoundSeries(points=points, read=tuple(read.values()))


def _candidates(one: OpenPassage, *, of_capacity: bool, shares: bool) -> list[FoundPoint]:
    """The amounts of a passage with their times. of_capacity: whether what may be done counts; shares: whether those in per
    cent do.
    """
    found = list[FoundPoint]()
    for row, span in enumerate(one.passage.sentences):
        text = one.passage.quoted(span)
        if row in one.stored.shut:
            continue
        if is_no_record(text, of_capacity=of_capacity):
            continue
        for amount in timed_amounts(text, one.published):
            if amount.unit in _NO_SERIES or (amount.unit == "percent" and not shares) or amount.time.length == 0:
                continue
            found.append(FoundPoint(opened=one, row=row, amount=amount))
    return found


def _is_planned(point: FoundPoint, store: VectorStore) -> bool:
    """Whether a footnote of the sentence says that it tells of a plan."""
    article = store.article(point.opened.passage.article_id)
    return article is not None and any(one.planned_for for one in article.attributed(point.span))


def _read(
    question: Question, opened: Sequence[OpenPassage], candidates: Sequence[FoundPoint], reader: Reader | None
) -> dict[str, OpenPassage]:
    """By passage id, those of the best passages with the most times, read."""
    times: dict[str, set[date]] = {}
    for point in candidates:
        times.setdefault(point.opened.passage.passage_id, set()).add(point.amount.time.first)

    def worth(one: OpenPassage) -> float:
        return one.ranked.score + _FOR_A_TIME * min(_MOST_TIMES, len(times.get(one.passage.passage_id, ())))

    best = sorted(opened, key=worth, reverse=True)
    asked = without_years(question.text)
    read = read_own_first(asked or question.text, best, reader, *_READ)
    return {one.passage.passage_id: one for one in read}


def _with_reading(point: FoundPoint, read: dict[str, OpenPassage]) -> FoundPoint:
    own = read.get(point.opened.passage.passage_id)
    if own is None or own.read is None:
        return point
    reading = own.read.reading_of(point.amount.shifted(point.span.start_char))
    return replace(point, opened=own, reading=reading)


def _places(point: FoundPoint) -> frozenset[str]:
    """The places that its sentence names."""
    return frozenset(name for name in find_names(point.text) if places_around(name))


def _is_named(question: Question, point: FoundPoint) -> bool:
    """Whether the sentence, its title or headings name what the question names."""
    if not is_named(question.text, point.text, _above(point)):
        return False
    # Of a whole country: the figures of a part of it are others.
    return bool(question.names) or not _places(point) - point.opened.title_names or point.reading >= _HALF


@lru_cache(maxsize=_REMEMBERED)
def _topics(text: str) -> frozenset[str]:
    return find_concepts(text) - _GENERAL


def _aboutness(question: Question, point: FoundPoint) -> float:
    """The share of what the question is about that the sentence, its title or headings have."""
    sought = _topics(question.text)
    if not sought:
        return 1.0
    return len(sought & _topics(f"{_above(point)} {point.text}")) / len(sought)


def _anchors(question: Question, candidates: Sequence[FoundPoint]) -> list[FoundPoint]:
    """The amounts that answer best, all of the likeliest unit, best first."""
    of_shares = asks_for_shares(question.text)
    weights: dict[str, float] = {}

    def worth(point: FoundPoint) -> float:
        retrieved = float(point.opened.features["late_weighted"][point.row]) + float(point.opened.features["cosine"][point.row])
        likely = 1 / (1 + np.exp(-(point.reading - _HALF) / 2))
        return float((likely + 0.3 * retrieved) * _aboutness(question, point))

    for point in candidates:
        weights[point.amount.unit] = weights.get(point.amount.unit, 0.0) + worth(point)
    named = [unit for unit in weights if of_shares and unit == "percent"]
    if not weights:
        return []
    unit = named[0] if named else max(weights, key=lambda one: weights[one])
    own = sorted((point for point in candidates if point.amount.unit == unit), key=worth, reverse=True)
    anchors: list[FoundPoint] = []
    for is_own in (True, False):
        side = [point for point in own if (point.opened.ranked.pair == "same") == is_own]
        anchors += [point for point in side if point.reading >= side[0].reading - _ANCHORED][:_ANCHORS]
    return sorted(anchors, key=worth, reverse=True)


def _fitting(question: Question, point: FoundPoint, anchors: Sequence[FoundPoint]) -> FoundPoint | None:
    """The point with its score, if its sentence is like one of the anchors and about what they are about."""
    alike = max(_likeness(point, one) for one in anchors)
    if is_of_another_scope(question.text, point.text) or is_the_other_way_round(question.text, point.text):
        return None
    about = _aboutness(question, point)
    sought = _counted(question.text, _COUNTED) - _SAID_IN_MANY_WAYS
    if sought and sought.isdisjoint(_counted(point.text, _COUNTED)):
        return None
    is_own = point.opened.ranked.pair == "same"
    if _words_met(question, point) < _MET and point.reading < _HALF:
        return None
    if alike < (0.0 if is_own or point.reading > _UNREAD else _MORE_ALIKE):
        return None
    late = float(point.opened.features["late_weighted"][point.row])
    return replace(point, score=alike + 2 * late + 0.3 * about + 0.02 * max(point.reading, _UNREAD))


def _above(point: FoundPoint) -> str:
    """The title and headings above a sentence."""
    return " ".join((point.opened.title, *point.opened.passage.heading_path))


def _words_met(question: Question, point: FoundPoint) -> float:
    """The share of the question's words, but for names and words that tell its kind, that the sentence, its title or headings
    have, in its language; 1 in another.
    """
    if point.opened.stored.language != question.language:
        return 1.0
    words = set(lexical_tokens(without_cues(without_years(question.text))))
    if _counted(question.text, _COUNTED):  # of what goods the exports are
        words = {word for word in words if find_concepts(word).isdisjoint(_COUNTED | _GENERAL)}
    around = f"{_above(point)} {point.text}"
    here, topics = set(lexical_tokens(around)), _topics(around)
    met = [word in here or bool(find_concepts(word) & topics) for word in words]
    return sum(met) / len(met) if met else 1.0


def _counted(text: str, kinds: frozenset[str]) -> frozenset[str]:
    """What of these a text says that is counted."""
    return _topics(text) & kinds


def _counts_other(question: Question, point: FoundPoint) -> bool:
    """Whether an amount counts what the question does not, by the nearest words that say what: "exports of 76 billion" of all
    trade, "of coal" of all cargo; or, of a bare number, by the word after it: "70 tigers and 80 leopards".
    """
    parts = parts_to(point.amount, point.text)
    for kinds in (_COUNTED, _GOODS):
        sought = _counted(question.text, kinds)
        here = next(filter(None, (_counted(part, kinds) for part in parts)), frozenset())
        if here and here.isdisjoint(sought) and (sought or here & _COUNTED - _SAID_IN_MANY_WAYS):
            return True
    above = _above(point)  # where it is all about gas, gas is no part of what is counted
    if (
        sought.isdisjoint(_counted(f"{above} {point.text}", _GOODS))
        if sought
        else _counted(parts[0], _GOODS) - _counted(above, _GOODS)
    ):
        return True
    if point.amount.unit or point.opened.stored.language != question.language:
        return False
    words = set(lexical_tokens(question.text))
    beside = [_thing_after(one, point.text) for one in timed_amounts(point.text, point.opened.published) if not one.unit]
    return words.isdisjoint(_thing_after(point.amount, point.text)) and any(words & things for things in beside)


def _thing_after(amount: TimedAmount, text: str) -> set[str]:
    """The word that stands right after an amount."""
    following = _WORD.match(text, amount.end_char)
    return set(lexical_tokens(following[0])) if following else set()


def _likeness(point: FoundPoint, anchor: FoundPoint) -> float:
    """How much more alike two sentences are than needed."""
    if anchor.span == point.span and anchor.opened.passage is point.opened.passage:
        return _ITSELF
    one, other = point.opened, anchor.opened
    alike = float(point.vector @ anchor.vector) - _ALIKE[one.stored.language == other.stored.language]
    if one.passage.article_id == other.passage.article_id:
        alike += _SAME_ARTICLE
    return alike


def _within(question: str, points: list[FoundPoint]) -> list[FoundPoint]:
    """Those of the years that a question names: several are a span, one with "since" is its start."""
    years = find_years(question)
    if len(years) > 1:
        return [point for point in points if min(years) <= point.amount.time.last.year <= max(years)]
    if years and asks_since(question):
        return [point for point in points if point.amount.time.last.year >= min(years)]
    return points


def _by_time(points: Sequence[FoundPoint], unit: str) -> tuple[FoundPoint, ...]:
    """For each time the figure that fits best, and those of other sources that differ; parts of a year only where there is no
    figure for the whole of it, and another currency only where there is none in the main one.
    """
    kept: list[FoundPoint] = []
    for point in sorted(points, key=lambda one: (one.amount.unit != unit, -one.score)):
        same = [one for one in kept if one.amount.time.days == point.amount.time.days]
        if not same or (
            len(same) == 1
            and same[0].amount.unit == point.amount.unit
            and not _agree(same[0].amount, point.amount)
            and _is_close(same[0].amount, point.amount)
            and point.opened.stored.language == same[0].opened.stored.language
            and count_attributions(point.text) + count_attributions(same[0].text)
        ):
            kept.append(point)
    kept = _whole_years(kept, counts=unit in _COUNTS)
    kept.sort(key=lambda point: (point.amount.time.first, point.amount.time.last, -point.score))
    return tuple(kept[-_MOST_POINTS:])


def _in_own_language(point: FoundPoint, candidates: Sequence[FoundPoint]) -> FoundPoint:
    """The same figure of the same time from a sentence in the question's language, if a candidate has it."""
    if point.opened.ranked.pair == "same":
        return point
    return next(
        (
            one
            for one in candidates
            if one.opened.ranked.pair == "same"
            and one.amount.time.days == point.amount.time.days
            and one.amount.unit == point.amount.unit
            and _agree(one.amount, point.amount)
        ),
        point,
    )


def _whole_years(kept: list[FoundPoint], *, counts: bool) -> list[FoundPoint]:
    """Without parts of a year that there is a figure for as a whole, and of several parts the longest. counts: how many there
    are at a time, which a month tells as well as a year.
    """
    whole = {point.amount.time.first.year for point in kept if point.amount.time.length >= 12}
    kept = [point for point in kept if point.amount.time.length >= 12 or point.amount.time.last.year not in whole]
    kept = [
        point for point in kept if point.amount.time.length <= 12 and (not whole or counts or point.amount.time.length >= 3)
    ]
    lengths: dict[int, int] = {}
    for point in kept:
        lengths[point.amount.time.last.year] = max(lengths.get(point.amount.time.last.year, 0), point.amount.time.length)
    if len(lengths) > 1:  # of several years: the longest part of each
        kept = [point for point in kept if point.amount.time.length == lengths[point.amount.time.last.year]]
    return kept


def _is_close(one: TimedAmount, other: TimedAmount) -> bool:
    small, large = sorted((abs(float(one.value)), abs(float(other.value))))
    return bool(small) and large / small <= _APART


def _agree(one: TimedAmount, other: TimedAmount) -> bool:
    """Whether two amounts are the same but for rounding."""
    small, large = sorted((abs(float(one.value)), abs(float(other.value))))
    return large == small or (small > 0 and large / small < (1.02 if one.approximate or other.approximate else 1.006))
