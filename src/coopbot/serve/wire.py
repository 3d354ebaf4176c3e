"""The JSON of answers, articles and the index: one set of shapes for HTTP and for `--json` on the command line."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, computed_field, model_validator

from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.store import VectorStore
from coopbot.domain import (
    Answer,
    AnswerKind,
    Article,
    Language,
    Notice,
    Outcome,
    Remark,
    Source,
    Staleness,
    When,
    WritingOutcome,
)
from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve.answer_text import answer_text
from coopbot.serve.links import said_address, web_address
from coopbot.serve.messages import age_note, citation_note, source_names
from coopbot.serve.view import Block, answer_view
from coopbot.text.publishers import publisher_names

_FAULT = "a newer snapshot could not be opened, so an older one is used; the server's log says why; run: coopbot doctor"


class Shape(BaseModel):
    """The JSON of a record, made of its attributes with the same names."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, record: object, **others: object) -> Self:
        """The JSON of a record. others: the fields that it does not have, or has in another form."""
        if not others:
            return cls.model_validate(record)
        return cls.model_validate({**{name: getattr(record, name) for name in cls.model_fields.keys() - others}, **others})


LinkAddress = Annotated[str, AfterValidator(web_address)]


class SourceOut(Shape):
    """A source of a brief or of a sentence, or another publisher of a story. `via`: who published it again.

    `published`: a day, a month or a year, such as 2025-05-10, 2025-05 or 2025. `name`: by language, of the publisher and of who
    published it again. `url` is empty if it is unknown, or copies what others wrote.
    """

    publisher: str
    title: str
    url: LinkAddress
    published: When | None
    via: str
    name: dict[Language, str]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, source: object) -> object:
        """With the publisher's names, and without an address that is not to be linked."""
        if not isinstance(source, Source):
            return source
        fields = {name: getattr(source, name) for name in ("publisher", "title", "published", "via")}
        return {**fields, "url": said_address(source), "name": source_names(source)}


class ArticleOut(Shape):
    """An article without its text."""

    article_id: str
    title: str
    authors: list[str]
    publisher: str
    published: date | None
    url: LinkAddress
    language: Language
    sources: list[SourceOut]
    also_published_by: list[SourceOut]

    @model_validator(mode="before")
    @classmethod
    def _with_all_sources(cls, record: object) -> object:
        """An article's sources are those of all its sentences too."""
        if not isinstance(record, Article):
            return record
        return {**{name: getattr(record, name) for name in cls.model_fields}, "sources": record.all_sources()}

    @computed_field  # type: ignore[prop-decorator]  # mypy allows no decorator above @property
    @property
    def publisher_names(self) -> dict[Language, str]:
        """The publisher's names by language."""
        return publisher_names(self.publisher)


class SpanOut(Shape):
    """Characters of a text from `start_char` up to, not including, `end_char`."""

    start_char: int
    end_char: int


class AttributionOut(SpanOut):
    """Who said a sentence of an article, by a footnote with this label. The span is that of the sentence in the article.

    Dates are a day, a month or a year. `as_of`: when what it says was so. `valid_until`: until when it was to hold.
    `planned_for`: when what it plans was to happen.
    """

    label: str
    sources: list[SourceOut]
    as_of: When | None
    valid_until: When | None
    planned_for: When | None


class StaleOut(Shape):
    """Why a quote may be out of date: `expired`, what was to hold until `when`; `overdue`, a plan for `when`."""

    kind: Staleness
    when: When


class ArticleTextOut(ArticleOut):
    """An article with the text that all offsets refer to."""

    text: str
    sha256: str
    attributions: list[AttributionOut]


class DatedWordsOut(SpanOut):
    """Words of a quote such as "this year", and the first and last day that they meant when it was published."""

    first: date
    last: date


class CitationOut(ArticleOut):
    """An exact quote: `text[start_char:end_char] == quote` in its article. `answer`: the span of the answer within the quote.

    It is null for the nearest passages. `restated`: these words in the question's language, if the quote is in another language
    and they are sure to mean that; else "". `heading`: the one that the quote stands under, if the quote does not say by itself
    what it is about; else "".

    `sources` are those of the quote, and `attributions` say which of them said it and until when it holds; without
    attributions, `sources` are those of the article. `stale` is set if the quote is out of date, and `age_note` says so in the
    question's language.

    `as_of` is set if the age of the quote matters: when it was said, or "undated". `time_note` gives this, and what
    `dated_words` mean, in the question's language; it is empty if there is nothing to note.
    """

    number: int
    quote: str
    start_char: int
    end_char: int
    answer: SpanOut | None
    restated: str
    heading: str
    attributions: list[AttributionOut]
    stale: StaleOut | None
    age_note: str
    as_of: When | Literal["undated"] | None
    dated_words: list[DatedWordsOut]
    time_note: str
    passage: str
    deep_link: str
    score: float


class ClaimOut(Shape):
    """A sentence of the answer and the numbers of its citations. If it is a quote, the first is that quote; others agree.

    `label`: the side of a comparison or the heading that it belongs to; else "".
    """

    text: str
    citations: list[int]
    label: str


class PointOut(Shape):
    """A figure of a series: `value` in plain units for the days `first` to `last`, and where it stands: `words` in the quote of
    the citation. `high`: the other end of a range, else equal to `value`. `restated`: the figure in the question's language, if
    the quote is in another; else "".
    """

    first: date
    last: date
    value: float
    high: float
    unit: str
    approximate: bool
    citation: int
    words: SpanOut
    restated: str


class AboutOut(Shape):
    """Where an answer speaks of a larger place than the question: the place asked about, and the one around it, by name."""

    place: str
    around: str


class DisagreementOut(Shape):
    """Citations that give different figures for the same thing."""

    about: str
    citations: list[int]


class WritingOut(Shape):
    """How a language model rewrote the quotes. `dropped`: the fault of each sentence that was left out."""

    model: str
    outcome: WritingOutcome
    dropped: list[str]


class AnswerOut(Shape):
    """An answer. Citations that no claim or disagreement names are the nearest passages.

    `blocks`: what a front end shows, in order, worded in the question's language. `text`: the same as plain text, without the
    nearest passages and the sources.

    `kind` says what else there is: `series` has figures by time, `missing` the sides of a comparison or parts of a question
    that nothing tells of, `more` the number of further items of a list, and `remarks` those on the answer as a whole. `about`
    is null unless a rule of a larger place answers a question about a place in it.

    For small talk and requests for articles, `notice` names the fixed line at the beginning of `text`, and `articles` are those
    requested. `conversation_id` is null outside a conversation.
    """

    outcome: Outcome
    kind: AnswerKind
    notice: Notice | None
    articles: list[ArticleOut]
    question_language: Language
    text: str
    blocks: list[Annotated[Block, Field(discriminator="kind")]]
    claims: list[ClaimOut]
    citations: list[CitationOut]
    disagreements: list[DisagreementOut]
    series: list[PointOut]
    missing: list[str]
    more: int
    remarks: list[Remark]
    about: AboutOut | None
    confidence: float
    writing: WritingOut | None
    searched_as: str
    conversation_id: str | None
    snapshot: str
    timings_ms: dict[str, float]


class HitOut(ArticleOut):
    """A passage found. `text` is that of the article from `start_char` to `end_char`."""

    rank: int
    score: float
    passage_id: str
    text: str
    start_char: int
    end_char: int


class SearchOut(Shape):
    """Passages found, best first."""

    hits: list[HitOut]
    snapshot: str
    timings_ms: dict[str, float]


class ArticlesOut(Shape):
    """A page of articles; `next_offset` is null on the last one."""

    articles: list[ArticleOut]
    total: int
    next_offset: int | None


class IndexOut(Shape):
    """The current index. `fault`: why a newer snapshot is not used; empty if there is none.

    `reader`: the model that reads the passages found, or "off", in which case `reader_precision` is empty.
    """

    snapshot: str
    built_at: str
    model: str
    precision: str
    fingerprint: str
    articles: int
    passages: dict[Language, int]
    sentences: int
    fault: str
    reader: str
    reader_precision: str


class ReadyOut(BaseModel):
    """The service can answer, from this snapshot."""

    status: Literal["ready"]
    snapshot: str


def answer_out(answer: Answer, conversation_id: str | None = None) -> AnswerOut:
    """The JSON shape of an answer."""
    nearest = answer.nearest()
    return AnswerOut.of(
        answer,
        text=answer_text(answer),
        blocks=answer_view(answer),
        citations=[
            CitationOut.of(
                citation,
                answer=None if citation in nearest else citation.answer,
                time_note=citation_note(citation, answer.question_language),
                age_note=age_note(citation, answer.question_language),
            )
            for citation in answer.citations
        ],
        conversation_id=conversation_id,
    )


def search_out(result: SearchResult) -> SearchOut:
    """The JSON shape of a search result."""
    hits = [
        HitOut.of(
            hit.passage,
            **dict(ArticleOut.of(result.articles[hit.passage.article_id])),
            rank=hit.rank,
            score=round(hit.score, 4),
        )
        for hit in result.hits
    ]
    return SearchOut.of(result, hits=hits)


def index_out(snapshot: VectorStore, fault: str, reader: ReaderCard | None) -> IndexOut:
    """The current index. A `fault` is reported without its text, which names folders of the server."""
    facts = snapshot.manifest.facts
    return IndexOut.of(
        snapshot.manifest,
        snapshot=snapshot.snapshot_id,
        built_at=facts.built_at,
        model=facts.model,
        precision=facts.precision,
        fingerprint=facts.fingerprint,
        fault=_FAULT if fault else "",
        reader=reader.name if reader else "off",
        reader_precision=reader.precision if reader else "",
    )
