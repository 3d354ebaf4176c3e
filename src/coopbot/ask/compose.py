"""What each language has to say in, quoted sentences out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from coopbot.ask.disagree import Side, Statement, find_disagreement
from coopbot.ask.links import deep_link
from coopbot.ask.question import Question
from coopbot.ask.retrieve import Reading, ScoredSentence
from coopbot.domain import Article, Citation, Disagreement, Span
from coopbot.text.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedFigure:
    """A figure as a quote writes it, and the number of the side of a disagreement that it is on."""

    text: str
    side: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence chosen. `log_odds` that it answers compare across languages.

    figures: those it gives of which sources disagree.
    """

    sentence: ScoredSentence
    log_odds: float
    preference: float
    figures: tuple[QuotedFigure, ...] = ()

    @property
    def article_id(self) -> str:
        """Where it is from."""
        return self.sentence.stored.passage.article_id

    @property
    def span(self) -> Span:
        """The sentence, with the one before it if it leans on that."""
        sentence = self.sentence
        before = [span for span in sentence.stored.passage.sentences if span.end_char <= sentence.span.start_char]
        if not before or not _LEANS.match(sentence.text):
            return sentence.span
        return Span(start_char=before[-1].start_char, end_char=sentence.span.end_char)


# Sentences nearer to each other than this say the same thing: cosine, each with its language's centre off; and so they do when
# all figures of one are in the other. Measured on sentences of the corpus in two languages.
_SAME_THING, _SAME_THING_ACROSS = 0.90, 0.60
_SAME_FIGURES, _SAME_FIGURES_ACROSS = 0.60, 0.40

# Openings that point back to the sentence before.
_LEANS = re.compile(
    r"(?:it|its|they|their|he|his|she|her|this|these|those|that|such|the (?:latter|former|same)|both|there)\b"
    r"|(?:он|она|оно|они|его|её|ее|их|это|этот|эта|эти|этого|этой|этих|тот|та|те|там|такой|такая|такие|последн\w+|обе?)\b"
    r"|(?:它|他|她|其|该|这|那|此|前者|后者|两者|双方)",
    re.IGNORECASE,
)


def choose(question: Question, readings: Sequence[Reading], limit: int, least: float) -> list[Quote]:
    """The sentence most likely to answer; then those that give another figure for the same thing; then those that are likely
    enough themselves, each from another passage and saying something else: up to `limit` in all.

    least: the log odds from which on a sentence is likely enough. The first is given however unlikely.
    """
    quotes = ranked_quotes(readings)
    sides = find_disagreement(question, [_statement(quote) for quote in quotes])
    places = list(dict.fromkeys([0, *(side.place for side in sides)]))[:limit] if quotes else []
    for place, quote in enumerate(quotes):
        if len(places) >= limit:
            break
        if place not in places and quote.log_odds >= least and all(_adds(quote, quotes[other]) for other in places):
            places.append(place)
    chosen = [quotes[place] for place in places]
    return [replace(one, figures=_figures(one.sentence.text, one.sentence.notes.figures, sides)) for one in chosen]


def ranked_quotes(readings: Sequence[Reading]) -> list[Quote]:
    """All sentences of the readings, those to quote first in front."""
    quotes = [_quote(sentence, reading) for reading in readings for sentence in reading.sentences]
    return _in_order(quotes)


def _in_order(quotes: Sequence[Quote]) -> list[Quote]:
    return sorted(quotes, key=lambda quote: -quote.log_odds - quote.preference)


def disagreements(citations: Sequence[Citation], quotes: Sequence[Quote]) -> tuple[Disagreement, ...]:
    """Where the citations of these quotes, in the same order, give different figures for what is asked, newest first."""
    told = [(citation, figure) for citation, quote in zip(citations, quotes, strict=True) for figure in quote.figures]
    told.sort(key=lambda entry: (-(entry[0].published or date.min).toordinal(), entry[0].number))
    values: dict[int, str] = {}
    for _, figure in told:
        values.setdefault(figure.side, figure.text)
    if len(values) < 2:
        return ()
    numbers = tuple(dict.fromkeys(citation.number for citation, _ in told))
    return (Disagreement(about=" / ".join(values.values()), citations=numbers),)


def _statement(quote: Quote) -> Statement:
    stored = quote.sentence.stored
    return Statement(
        text=quote.sentence.text,
        passage_id=stored.passage.passage_id,
        odds=quote.log_odds,
        vector=quote.sentence.vector,
        notes=quote.sentence.notes,
    )


def _figures(text: str, figures: Sequence[Figure], sides: Sequence[Side]) -> tuple[QuotedFigure, ...]:
    """The figures that agree with a side, on the first such."""
    return tuple(
        QuotedFigure(text=text[figure.start_char : figure.end_char], side=agreed[0])
        for figure in figures
        if (agreed := [number for number, side in enumerate(sides) if _is_one(figure, side.figure)])
    )


def nearest(readings: Sequence[Reading], limit: int) -> list[Quote]:
    """The best sentence of each of the nearest passages, for when none answers."""
    quotes: list[Quote] = []
    seen: set[str] = set()
    for reading in readings:
        for sentence in reading.sentences:
            if sentence.stored.passage.passage_id not in seen:
                seen.add(sentence.stored.passage.passage_id)
                quotes.append(_quote(sentence, reading))
    return _in_order(quotes)[:limit]


def cite(number: int, quote: Quote, article: Article) -> Citation:
    """A citation of the quote, its text taken from the article itself."""
    span = quote.span
    text = article.text[span.start_char : span.end_char]
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        authors=article.authors,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        language=article.language,
        sources=article.sources,
        also_published_by=article.also_published_by,
        quote=text,
        start_char=span.start_char,
        end_char=span.end_char,
        passage=quote.sentence.stored.passage.text,
        deep_link=deep_link(article.url, text),
        score=round(quote.log_odds, 4),
    )


def _quote(sentence: ScoredSentence, reading: Reading) -> Quote:
    behind = reading.sentences[0].score - sentence.score
    return Quote(sentence=sentence, log_odds=reading.log_odds - behind, preference=reading.preference)


def _adds(quote: Quote, other: Quote) -> bool:
    """Whether a quote says something that the other does not."""
    one, two = quote.sentence, other.sentence
    if one.stored.passage.passage_id == two.stored.passage.passage_id:
        return False
    same_language = one.stored.language == two.stored.language
    figures = one.notes.figures
    if figures and all(any(_is_one(figure, told) for told in two.notes.figures) for figure in figures):
        least = _SAME_FIGURES if same_language else _SAME_FIGURES_ACROSS
    else:
        least = _SAME_THING if same_language or figures else _SAME_THING_ACROSS
    return float(one.vector @ two.vector) < least


def _is_one(figure: Figure, other: Figure) -> bool:
    return figure.unit == other.unit and figure.agrees(other)
