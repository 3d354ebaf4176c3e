"""The records that flow through coopbot; every other module uses them.

An `Article` is split into `Passage`s; a search returns `Hit`s; an `Answer` has `Claim`s, each supported by `Citation`s.
All offsets are half open and count Python characters (Unicode code points) of `Article.text`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Self, get_args

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

Language = Literal["en", "zh", "ru"]
"""What articles and questions are written in."""
LANGUAGES: tuple[Language, ...] = get_args(Language)

InterfaceLanguage = Literal["en", "zh", "ru"]
"""What menus, notes and dates are written in: those of which `serve/texts` has a folder."""
INTERFACE_LANGUAGES: tuple[InterfaceLanguage, ...] = get_args(InterfaceLanguage)

AnswerKind = Literal["plain", "latest", "compare", "series", "list", "source", "summary"]
Outcome = Literal["answered", "possible", "no_evidence", "small_talk", "articles"]
Talk = Literal["greeting", "farewell", "thanks", "ability", "identity", "abuse"]
TALKS: tuple[Talk, ...] = get_args(Talk)
Notice = Literal[Talk, "about", "newest", "none_then"]
NOTICES: tuple[Notice, ...] = get_args(Notice)
Staleness = Literal["expired", "overdue"]
WritingOutcome = Literal["written", "nothing_held", "busy", "unavailable"]

Remark = Literal[
    "undated", "other_units", "other_times", "one_thing", "no_answer_before", "not_about", "not_known", "refers_back"
]
REMARKS: tuple[Remark, ...] = get_args(Remark)

MAX_QUESTION_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a text: `text[start_char:end_char]`."""

    start_char: int
    end_char: int

    def of(self, text: str) -> str:
        """The stretch itself."""
        return text[self.start_char : self.end_char]

    def shifted(self, chars: int) -> Span:
        """The span this many characters further on, or back if negative."""
        return Span(start_char=self.start_char + chars, end_char=self.end_char + chars)

    def overlaps(self, other: Span) -> bool:
        """Whether they have a character in common."""
        return self.start_char < other.end_char and other.start_char < self.end_char


class When(str):
    """A day, a month or a year, as exactly as it is known: "2019-08-21", "2026-03" or "2026". Compares as text."""

    __slots__ = ()

    def __new__(cls, value: str | date) -> Self:
        """Of such a text, or of a day. Raises ValueError for any other text."""
        if isinstance(value, date):
            value = (value.date() if isinstance(value, datetime) else value).isoformat()
        when = super().__new__(cls, value)
        if not re.fullmatch(r"[1-9]\d{3}(?:-\d\d){0,2}", value, re.ASCII):
            raise ValueError(f"not a day, a month or a year, such as 2026-03: {value:.30}")
        _ = when.last  # raises ValueError for the 31st of February
        return when

    @property
    def parts(self) -> tuple[int, ...]:
        """Year, month and day, as far as they are known."""
        return tuple(map(int, self.split("-")))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(*(*self.parts, 1, 1)[:3])

    @property
    def last(self) -> date:
        """Its last day."""
        first, known = self.first, len(self.parts)
        if known == 3:
            return first
        month = first.month if known == 2 else 12
        return date(first.year, month, monthrange(first.year, month)[1])

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> CoreSchema:
        """For `records` and the JSON of interfaces: the text, validated."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who said something, where and when. via: who published it again. facts: codes in a sheet of facts."""

    publisher: str
    title: str = ""
    url: str = ""
    published: When | None = None
    facts: tuple[str, ...] = ()
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Span):
    """The sources of one sentence of an article, by a footnote with this label. A sentence may have several.

    as_of: when what it says was so. valid_until: until when it was to hold. planned_for: when what it plans was to happen.
    """

    label: str
    sources: tuple[Source, ...]
    as_of: When | None = None
    valid_until: When | None = None
    planned_for: When | None = None


def when_said(attributions: Sequence[Attribution], published: date | None) -> When | None:
    """When something was said: what its first attribution gives or, without any, the day its article was published."""
    if not attributions:
        return When(published) if published else None
    first = attributions[0]
    return first.as_of or max((source.published for source in first.sources if source.published), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A source article, cleaned. `article_id` is its path under the corpus folder without the ending, such as `ru/most`.

    sources: of the article as a whole. also_published_by: others who published nearly the same text, which is stored once.
    attributions: the sources of single sentences, in order; their spans are those of whole sentences.
    """

    article_id: str
    title: str
    publisher: str
    published: date | None
    url: str
    language: Language
    text: str
    sha256: str
    authors: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    also_published_by: tuple[Source, ...] = ()
    attributions: tuple[Attribution, ...] = ()

    def attributed(self, *spans: Span) -> tuple[Attribution, ...]:
        """The attributions of what stands at these spans, in the order of the spans, each once."""
        found = dict[Attribution, None]()
        for span in spans:
            at = bisect_right(self.attributions, span.start_char, key=lambda one: one.end_char)
            while at < len(self.attributions) and self.attributions[at].start_char < span.end_char:
                found[self.attributions[at]] = None
                at += 1
        return tuple(found)

    def sources_of(self, *spans: Span) -> tuple[Source, ...]:
        """The sources of what stands at these spans: its own or, in an article that attributes no sentence, the article's."""
        if not self.attributions:
            return self.sources
        return tuple(dict.fromkeys(source for one in self.attributed(*spans) for source in one.sources))

    def said(self, span: Span) -> When | None:
        """When what stands at a span was said, see `when_said`."""
        return when_said(self.attributed(span), self.published)

    def all_sources(self) -> tuple[Source, ...]:
        """The sources of the article and of its sentences, each once."""
        of_sentences = (source for one in self.attributions for source in one.sources)
        return tuple(dict.fromkeys((*self.sources, *of_sentences)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A run of whole sentences of one article: `article.text[start_char:end_char] == text`.

    `sentences` are spans into the article's text too, not into the passage's.
    """

    passage_id: str
    article_id: str
    start_char: int
    end_char: int
    text: str
    heading_path: tuple[str, ...]
    sentences: tuple[Span, ...]

    def quoted(self, span: Span) -> str:
        """The text at a span of the article that lies within this passage."""
        return span.shifted(-self.start_char).of(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegScores:
    """Scores of a hit from each retrieval method; None where a method did not score it.

    dense: cosine of question and passage vectors, -1..1. lexical: BM25 as a share of its maximum, 0..1.
    late: late interaction, mean over question tokens of the best passage token's cosine, -1..1.
    """

    dense: float | None = None
    lexical: float | None = None
    late: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found for a question. `rank` counts from 1; a higher `score` is better."""

    passage: Passage
    rank: int
    score: float
    legs: LegScores


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Limits on the articles that may answer. An empty tuple or None does not limit; both dates are inclusive.

    places: gazetteer ids of places on the map. An article passes if it names one of them.
    """

    languages: tuple[Language, ...] = ()
    publishers: tuple[str, ...] = ()
    published_from: date | None = None
    published_to: date | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedWords(Span):
    """Words such as "this year", and the first and last day they mean, by the date of their text."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Why a quote may be out of date: it was to hold until then, or what it plans was to happen by then."""

    kind: Staleness
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One exact quote: `article.text[start_char:end_char] == quote`. `number` counts from 1 within its answer.

    answer: the span within the quote of the words that answer; None without a reader. restated: those words in the language of
    the question, for a quote in another language whose words are sure to mean that; else "". heading: the one that the quote
    stands under, if nothing in the quote says what it is about; else "". as_of: when the quote was said, or
    "undated", if its age matters to the question.

    sources: of the quote or, in an article that attributes no sentence, of the article. attributions: those of the quote, the
    answering sentence's first; empty where only the article says it.
    """

    number: int
    article_id: str
    title: str
    authors: tuple[str, ...]
    publisher: str
    published: date | None
    url: str
    language: Language
    sources: tuple[Source, ...]
    quote: str
    start_char: int
    end_char: int
    passage: str
    deep_link: str
    score: float
    also_published_by: tuple[Source, ...] = ()
    answer: Span | None = None
    restated: str = ""
    heading: str = ""
    as_of: When | Literal["undated"] | None = None
    dated_words: tuple[DatedWords, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    stale: Stale | None = None

    @property
    def said(self) -> When | None:
        """When it was said, see `when_said`."""
        return when_said(self.attributions, self.published)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of an answer and the numbers of the citations that support it, at least one.

    Of a claim that is a quote, the first citation is that quote, and further ones say the same, most in another language.
    label: the side of a comparison or the heading in an overview that it belongs to; else "".
    """

    text: str
    citations: tuple[int, ...]
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of a series: `value` in plain units, such as cubic metres, for the days `first` to `last`.

    words: the place of the figure in the quote of its citation. restated: the figure in the language of the question, if the
    quote is in another; else "". high: the other end of a range, else equal to `value`.
    """

    first: date
    last: date
    value: float
    high: float
    unit: str
    approximate: bool
    citation: int
    words: Span
    restated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where an answer speaks of a larger place than the question: the place asked about, and the one `around` it, by their
    usual names in the question's language.
    """

    place: str
    around: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Citations that give different figures for the same thing, newest first."""

    about: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a language model rewrote an answer's quotes. If not `written`, the claims are the quotes themselves.

    dropped: what was wrong with each sentence that was left out.
    """

    model: str
    outcome: WritingOutcome
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question. `answered` is likely right, `possible` may be; with `no_evidence` there are no claims.
    Citations that no claim or disagreement names are the nearest passages: they may not answer. `small_talk` has neither, only
    the fixed line that `notice` names. `articles` lists articles below such a line: about a subject, the newest of a period, or
    the newest of all because there are none of that period.

    kind: what kind of answer it is. "plain": single sentences answer. "series": figures at several times, in `series`, oldest
    first. "latest": newest first. "compare": a claim for each side, labelled; in `missing`, the sides without one (of a plain
    answer, the part of a question in two parts that nothing answers). "list": a claim for each item, and `more`, how many
    further ones there are. "source": the quotes of the answer before, for where they are from. "summary": the lead of an
    article and its most telling sentences. remarks: on the answer as a whole.

    confidence: the calibrated probability that the first quote answers. searched_as: the question as it was searched. about:
    set if that was asked of a larger place, whose rules hold in the one asked about. snapshot: id of the index that was read.
    writing: None if no language model was asked.
    """

    outcome: Outcome
    question_language: Language
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    disagreements: tuple[Disagreement, ...]
    confidence: float
    searched_as: str
    snapshot: str
    timings_ms: dict[str, float] = field(default_factory=dict)
    writing: Writing | None = None
    notice: Notice | None = None
    articles: tuple[Article, ...] = ()
    kind: AnswerKind = "plain"
    series: tuple[Point, ...] = ()
    missing: tuple[str, ...] = ()
    more: int = 0
    remarks: tuple[Remark, ...] = ()
    about: About | None = None

    def nearest(self) -> tuple[Citation, ...]:
        """The nearest passages: the citations that no claim or disagreement names."""
        named = {number for claim in self.claims for number in claim.citations}
        named |= {number for found in self.disagreements for number in found.citations}
        return tuple(citation for citation in self.citations if citation.number not in named)
