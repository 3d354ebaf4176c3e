"""The JSON of answers and articles: one set of shapes for HTTP and for `--json` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel

from coopbot.ask.answer.answerer import SearchResult
from coopbot.domain import Answer, Article, Citation, DatedWords, Language, Notice, Outcome, Source, WritingOutcome
from coopbot.serve.answer_text import answer_text
from coopbot.serve.notes import citation_note


class SourceOut(BaseModel):
    """A source of a brief, or another publisher of a story."""

    publisher: str
    title: str
    url: str
    published: date | None


class ArticleOut(BaseModel):
    """An article without its text."""

    article_id: str
    title: str
    authors: list[str]
    publisher: str
    published: date | None
    url: str
    language: Language
    sources: list[SourceOut]
    also_published_by: list[SourceOut]


class ArticleTextOut(ArticleOut):
    """An article with the text that all offsets refer to."""

    text: str
    sha256: str


class SpanOut(BaseModel):
    """Characters of a text from `start_char` up to, not including, `end_char`."""

    start_char: int
    end_char: int


class DatedWordsOut(SpanOut):
    """Words of a quote such as "this year", and the first and last day that they meant when it was published."""

    first: date
    last: date


class CitationOut(ArticleOut):
    """An exact quote: `text[start_char:end_char] == quote` in its article. `answer`: the span of the answer within the quote.

    `as_of` is set if the age of the quote matters: the date of its article, or "undated". `time_note` gives this, and what
    `dated_words` mean, in the question's language; it is empty if there is nothing to note.
    """

    number: int
    quote: str
    start_char: int
    end_char: int
    answer: SpanOut | None
    as_of: date | Literal["undated"] | None
    dated_words: list[DatedWordsOut]
    time_note: str
    passage: str
    deep_link: str
    score: float


class ClaimOut(BaseModel):
    """A sentence of the answer and the numbers of its citations."""

    text: str
    citations: list[int]


class DisagreementOut(BaseModel):
    """Citations that give different figures for the same thing."""

    about: str
    citations: list[int]


class WritingOut(BaseModel):
    """How a language model rewrote the quotes. `dropped`: the fault of each sentence that was left out."""

    model: str
    outcome: WritingOutcome
    dropped: list[str]


class AnswerOut(BaseModel):
    """An answer. `text` is all of it as plain text, in the question's language.

    For small talk and requests for articles, `notice` names the fixed line at the beginning of `text`, and `articles` are those
    requested. `conversation_id` is null outside a conversation.
    """

    outcome: Outcome
    notice: Notice | None
    articles: list[ArticleOut]
    question_language: Language
    text: str
    claims: list[ClaimOut]
    citations: list[CitationOut]
    disagreements: list[DisagreementOut]
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


class SearchOut(BaseModel):
    """Passages found, best first."""

    hits: list[HitOut]
    snapshot: str
    timings_ms: dict[str, float]


class ArticlesOut(BaseModel):
    """A page of articles; `next_offset` is null on the last one."""

    articles: list[ArticleOut]
    total: int
    next_offset: int | None


def answer_out(answer: Answer, conversation_id: str | None = None) -> AnswerOut:
    """The JSON shape of an answer."""
    return AnswerOut(
        outcome=answer.outcome,
        notice=answer.notice,
        articles=[article_out(article) for article in answer.articles],
        question_language=answer.question_language,
        text=answer_text(answer),
        claims=[ClaimOut(text=claim.text, citations=list(claim.citations)) for claim in answer.claims],
        citations=[_citation_out(citation, answer) for citation in answer.citations],
        disagreements=[DisagreementOut(about=d.about, citations=list(d.citations)) for d in answer.disagreements],
        confidence=answer.confidence,
        writing=_writing_out(answer),
        searched_as=answer.searched_as,
        conversation_id=conversation_id,
        snapshot=answer.snapshot,
        timings_ms=answer.timings_ms,
    )


def _writing_out(answer: Answer) -> WritingOut | None:
    found = answer.writing
    return WritingOut(model=found.model, outcome=found.outcome, dropped=list(found.dropped)) if found else None


def search_out(result: SearchResult) -> SearchOut:
    """The JSON shape of a search result."""
    hits = [
        HitOut(
            **dict(article_out(result.articles[hit.passage.article_id])),
            rank=hit.rank,
            score=round(hit.score, 4),
            passage_id=hit.passage.passage_id,
            text=hit.passage.text,
            start_char=hit.passage.start_char,
            end_char=hit.passage.end_char,
        )
        for hit in result.hits
    ]
    return SearchOut(hits=hits, snapshot=result.snapshot, timings_ms=result.timings_ms)


def article_out(article: Article | Citation) -> ArticleOut:
    """The JSON shape of an article without its text, or of the article of a citation."""
    return ArticleOut(
        article_id=article.article_id,
        title=article.title,
        authors=list(article.authors),
        publisher=article.publisher,
        published=article.published,
        url=_web_address(article.url),
        language=article.language,
        sources=_sources_out(article.sources),
        also_published_by=_sources_out(article.also_published_by),
    )


def article_text_out(article: Article) -> ArticleTextOut:
    """The JSON shape of an article with its text."""
    return ArticleTextOut(**dict(article_out(article)), text=article.text, sha256=article.sha256)


def _citation_out(citation: Citation, answer: Answer) -> CitationOut:
    # The nearest passages do not answer, so no words in them are marked.
    marked = citation.answer if answer.outcome == "answered" else None
    return CitationOut(
        **dict(article_out(citation)),
        number=citation.number,
        quote=citation.quote,
        start_char=citation.start_char,
        end_char=citation.end_char,
        answer=SpanOut(start_char=marked.start_char, end_char=marked.end_char) if marked else None,
        as_of=citation.as_of,
        dated_words=[_dated_words_out(words) for words in citation.dated_words],
        time_note=citation_note(citation, answer.question_language),
        passage=citation.passage,
        deep_link=citation.deep_link,
        score=citation.score,
    )


def _dated_words_out(words: DatedWords) -> DatedWordsOut:
    return DatedWordsOut(start_char=words.start_char, end_char=words.end_char, first=words.first, last=words.last)


def _sources_out(sources: Sequence[Source]) -> list[SourceOut]:
    return [SourceOut(publisher=s.publisher, title=s.title, url=_web_address(s.url), published=s.published) for s in sources]


def _web_address(url: str) -> str:
    """The address if a page may link to it, else "": the address of an untrusted article may be a `javascript:` one."""
    return url if url.lower().startswith(("http://", "https://")) else ""
