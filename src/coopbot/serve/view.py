"""What an answer shows, in order: blocks that every interface walks, worded in the question's language. JSON has them too.

Citations are referred to by number, so addresses are never part of a block. Spans count characters of the text beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from coopbot.domain import Answer, Article, Citation, Claim, Disagreement, Language, Remark, Span
from coopbot.serve.messages import (
    age_note,
    bracketed,
    citation_note,
    format_date,
    format_period,
    labelled,
    message,
    publisher_line,
    read_in,
    source_text,
)
from coopbot.text.measures import flatten
from coopbot.text.questions import question_words
from coopbot.text.restate import restate


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in its language. `answer`: the words in it that answer the question; null if none are marked.

    `under`: the heading that a quote stands under, in brackets with the space after them, where it needs that to be understood;
    else "". It is no part of the quote.
    """

    text: str
    language: Language
    answer: Span | None = None
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said what a citation quotes, and when: "People's Daily, 21 August 2019". `source`: the place among the citation's
    sources, counted from 0, of the one whose address it links to.
    """

    text: str
    number: int
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A smaller quote. `label`: why it is shown, such as "also in Chinese", or "". The rest is as in a block `quote`."""

    label: str
    words: Words
    note: str
    number: int
    age: str = ""
    said: tuple[Said, ...] = ()
    read_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An article: its title, and a line with publisher and date. `numbers`: of its citations. `quotes`: those that no block
    before shows.
    """

    article_id: str
    title: str
    language: Language
    line: str
    numbers: tuple[int, ...] = ()
    quotes: tuple[Quoted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the figures that differ, and publisher and date of its quote: in `line`, and in `said` where those who said it are
    known. `restated`: the figure in the question's language if it is quoted in another and that is sure, else "".
    """

    words: Words
    restated: str
    number: int
    line: str
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadBlock:
    """The line that an answer opens with unless it is likely right: "This may answer:", that nothing does, or a fixed line."""

    text: str
    kind: Literal["lead"] = "lead"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteBlock:
    """A sentence of the answer. `note`: on its time, in brackets with the space before them, or "".

    `label`: what it belongs to, such as a side of a comparison, or "".
    `origin`: of a quote in another language than the question, such as "from a Chinese article: 1,283 m"; its `answer` is the
    words restated. `folded`: quotes that say the same.

    `said`: who said it, the first of them, and `read_in`: where that was read, such as "in a coopbot brief"; both are empty
    where only the article says it. `age`: a note to show before a quote that is out of date, or "".
    """

    words: Words
    note: str
    numbers: tuple[int, ...]
    origin: Words | None
    folded: tuple[Quoted, ...]
    label: str = ""
    age: str = ""
    said: tuple[Said, ...] = ()
    read_in: str = ""
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure of a series: its time, the figure as its quote has it, and again in the question's language if that is another,
    else "". `share`: of the largest figure of the series, 0 to 1; null for one in another unit. `line`: publisher and date.
    """

    time: str
    words: Words
    restated: str
    share: float | None
    number: int
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBlock:
    """Figures at several times, oldest first. Two rows may have one time: their sources differ."""

    heading: str
    rows: tuple[Row, ...]
    kind: Literal["series"] = "series"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBlock:
    """A line on the answer as a whole, or on what is missing from it."""

    text: str
    kind: Literal["note"] = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementBlock:
    """Figures for the same thing that differ, newest first. A single side holds them all."""

    heading: str
    sides: tuple[Side, ...]
    kind: Literal["disagreement"] = "disagreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestBlock:
    """Passages that may not answer, each with one quote."""

    heading: str
    passages: tuple[Source, ...]
    kind: Literal["nearest"] = "nearest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesBlock:
    """The articles of all quotes above that are not nearest passages, each once."""

    heading: str
    articles: tuple[Source, ...]
    kind: Literal["sources"] = "sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlesBlock:
    """The articles that were asked for or, with a `heading`, more on the subject of an answer."""

    articles: tuple[Source, ...]
    heading: str = ""
    kind: Literal["articles"] = "articles"


Block = LeadBlock | QuoteBlock | SeriesBlock | NoteBlock | DisagreementBlock | NearestBlock | SourcesBlock | ArticlesBlock


# How many sources of a quote are shown with it.
_MOST_SAID = 3

# Remarks that take the place of the line that an answer opens with.
_IN_THE_LEAD: tuple[Remark, ...] = ("no_answer_before", "not_about", "not_known")


def answer_view(answer: Answer) -> tuple[Block, ...]:
    """The blocks of an answer."""
    return tuple(_View(answer).blocks())


@dataclass(frozen=True, slots=True)
class _View:
    answer: Answer

    @property
    def language(self) -> Language:
        """That of the question."""
        return self.answer.question_language

    def blocks(self) -> Iterator[Block]:
        answer, texts = self.answer, message(self.language)
        remarks = list(answer.remarks)
        if answer.notice is not None:
            yield LeadBlock(text=texts.notices[answer.notice])
        elif answer.kind == "source" and answer.claims:
            yield LeadBlock(text=texts.last_answer)
        elif remarks and remarks[0] == "not_about" and not answer.claims:
            remarks.pop(0)
            yield LeadBlock(text=texts.no_evidence)
        elif remarks and remarks[0] in _IN_THE_LEAD:
            yield LeadBlock(text=texts.remarks[remarks.pop(0)])
        elif answer.outcome in ("possible", "no_evidence"):
            yield LeadBlock(text=texts.possible if answer.outcome == "possible" else texts.no_evidence)
        if answer.about is not None and answer.claims:
            line = texts.about_larger.replace("…", answer.about.place, 1)
            yield NoteBlock(text=line.replace("…", answer.about.around, 1))
        if answer.articles and not answer.claims:
            yield ArticlesBlock(articles=tuple(self._source(article) for article in answer.articles))
        quotes: list[QuoteBlock] = []
        if answer.series:
            yield self._series()
        else:
            quotes = [self._quote(claim) for claim in answer.claims]
            yield from quotes
        # What is nearest to a question that nothing answers may be about it all the same.
        for missing in answer.missing if answer.claims else ():
            line = texts.missing_part if any(question_words(flatten(missing))) else texts.missing
            yield NoteBlock(text=line.replace("…", missing, 1))
        if answer.more:
            yield NoteBlock(text=texts.more.replace("…", str(answer.more), 1))
        for remark in remarks:
            yield NoteBlock(text=texts.remarks[remark])
        for found in answer.disagreements:
            yield self._disagreement(found)
        nearest = answer.nearest()
        if nearest:
            passages = tuple(self._source(one, [one], [self._quoted(one, answer=None)]) for one in self._once(nearest))
            yield NearestBlock(heading=texts.nearest, passages=passages)
        cited = [citation for citation in answer.citations if citation not in nearest]
        if cited:
            shown = {quote.words.text for quote in quotes} | {one.words.text for quote in quotes for one in quote.folded}
            sources: list[Source] = []
            for article_id in dict.fromkeys(citation.article_id for citation in cited):
                own = [citation for citation in cited if citation.article_id == article_id]
                new = [self._quoted(one, one.answer) for one in own if one.quote not in shown]
                sources.append(self._source(own[0], own, new))
            yield SourcesBlock(heading=texts.sources, articles=tuple(sources))
        if answer.articles and answer.claims:
            more = tuple(self._source(article) for article in answer.articles)
            yield ArticlesBlock(articles=more, heading=texts.more_articles)

    def _once(self, nearest: Sequence[Citation]) -> list[Citation]:
        """The nearest passages, those in the question's language first, and each once: none within another, or the same in
        another language, which has the same sources.
        """
        chosen: list[Citation] = []
        for one in sorted(nearest, key=lambda one: one.language != self.language):
            if not any(_repeats(one, other) for other in chosen):
                chosen.append(one)
        return chosen

    def _series(self) -> SeriesBlock:
        units = [point.unit for point in self.answer.series]
        main = max(units, key=units.count)
        largest = max((point.value for point in self.answer.series if point.unit == main), default=0.0)
        rows = []
        for point in self.answer.series:
            citation = self._citation(point.citation)
            share = round(point.value / largest, 3) if point.unit == main and largest > 0 and point.value >= 0 else None
            rows.append(
                Row(
                    time=format_period(point.first, point.last, self.language),
                    words=Words(text=point.words.of(citation.quote), language=citation.language),
                    restated=point.restated,
                    share=share,
                    number=citation.number,
                    line=self._said_line(citation),
                )
            )
        return SeriesBlock(heading=message(self.language).series, rows=tuple(rows))

    def _quote(self, claim: Claim) -> QuoteBlock:
        """A claim that is a quote shows its first citation and folds the others; one that was written has only numbers."""
        first, *others = (self._citation(number) for number in claim.citations)
        if first.quote != claim.text:
            notes = dict.fromkeys(citation_note(one, self.language) for one in (first, *others))
            note = message(self.language).punctuation.semicolon.join(filter(None, notes))
            words = Words(text=claim.text, language=self.language)
            ages = dict.fromkeys(age_note(one, self.language) for one in (first, *others))
            return QuoteBlock(
                words=words,
                note=bracketed(note, self.language),
                numbers=claim.citations,
                origin=None,
                folded=(),
                age=message(self.language).punctuation.semicolon.join(filter(None, ages)),
            )
        texts = message(self.language)
        also = texts.also_in | {first.language: texts.also_elsewhere}
        return QuoteBlock(
            words=_words(first, first.answer),
            note=bracketed(citation_note(first, self.language), self.language),
            numbers=(first.number,),
            origin=self._origin(first),
            folded=tuple(self._folded(one, first, also[one.language]) for one in others),
            label=claim.label,
            age=age_note(first, self.language),
            said=said_by(first, self.language),
            read_in=read_in(first, self.language),
        )

    def _origin(self, citation: Citation) -> Words | None:
        if citation.language == self.language:
            return None
        text = message(self.language).from_article[citation.language]
        if not citation.restated:
            return Words(text=text, language=self.language)
        text = labelled(text, citation.restated, self.language)
        restated = Span(start_char=len(text) - len(citation.restated), end_char=len(text))
        return Words(text=text, language=self.language, answer=restated)

    def _disagreement(self, found: Disagreement) -> DisagreementBlock:
        """Each side with its part of `about` or, if that has not as many parts, with its quote. A single side has all of it."""
        parts = found.about.split(" / ")
        if len(found.citations) == 1:
            parts = [found.about]
        elif len(parts) != len(found.citations):
            parts = [self._citation(number).quote for number in found.citations]
        sides = tuple(
            Side(
                words=Words(text=text, language=citation.language),
                restated=restate(text, self.language) if citation.language != self.language else "",
                number=citation.number,
                line=self._said_line(citation),
                said=said_by(citation, self.language),
            )
            for citation, text in zip(map(self._citation, found.citations), parts, strict=True)
        )
        return DisagreementBlock(heading=message(self.language).sources_differ, sides=sides)

    def _source(self, article: Article | Citation, citations: Sequence[Citation] = (), quotes: Sequence[Quoted] = ()) -> Source:
        return Source(
            article_id=article.article_id,
            title=article.title.strip() or article.article_id,
            language=article.language,
            line=self._line(article),
            numbers=tuple(citation.number for citation in citations),
            quotes=tuple(quotes),
        )

    def _quoted(self, citation: Citation, answer: Span | None, label: str = "") -> Quoted:
        return Quoted(
            label=label,
            words=_words(citation, answer),
            note=bracketed(citation_note(citation, self.language), self.language),
            number=citation.number,
            age=age_note(citation, self.language),
            said=said_by(citation, self.language),
            read_in=read_in(citation, self.language),
        )

    def _folded(self, citation: Citation, first: Citation, label: str) -> Quoted:
        """A quote that says the same as another, without what is shown with that one."""
        quoted = self._quoted(citation, citation.answer, label)
        same_age = age_note(citation, self.language) == age_note(first, self.language)
        same_said = citation.sources == first.sources
        return replace(
            quoted,
            age="" if same_age else quoted.age,
            said=() if same_said else quoted.said,
            read_in="" if same_said else quoted.read_in,
        )

    def _said_line(self, citation: Citation) -> str:
        """Who said it and when; publisher and date of the article where that is not known."""
        said = [one.text for one in said_by(citation, self.language)]
        return message(self.language).punctuation.semicolon.join(said) if said else self._line(citation)

    def _line(self, article: Article | Citation) -> str:
        origin = (publisher_line(article, self.language), format_date(article.published, self.language))
        return " · ".join(filter(None, origin))

    def _citation(self, number: int) -> Citation:
        return next(citation for citation in self.answer.citations if citation.number == number)


def said_by(citation: Citation, language: Language) -> tuple[Said, ...]:
    """Who said what a citation quotes, each once: two pages of a publisher, of one day, look the same.

    Empty where only its article says it.
    """
    places: dict[str, int] = {}
    for place, source in enumerate(citation.sources if citation.attributions else ()):
        places.setdefault(source_text(source, language), place)
    said = (Said(text=text, number=citation.number, source=place) for text, place in places.items())
    return tuple(said)[:_MOST_SAID]


def _repeats(one: Citation, other: Citation) -> bool:
    if one.language == other.language:
        return one.quote in other.quote or other.quote in one.quote
    return bool(one.attributions) and one.sources == other.sources


def _words(citation: Citation, answer: Span | None) -> Words:
    under = f"[{citation.heading}] " if citation.heading else ""
    return Words(text=citation.quote, language=citation.language, answer=answer, under=under)
