"""What each language has to say in, quoted sentences out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coopbot.ask.disagree import QuotedFact, find_disagreements
from coopbot.ask.links import deep_link
from coopbot.ask.question import Question
from coopbot.ask.retrieve import Reading, ScoredSentence
from coopbot.domain import Article, Citation, Disagreement, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence chosen, widened where it cannot stand alone. `log_odds` that it answers compare across languages."""

    sentence: ScoredSentence
    span: Span
    log_odds: float
    preference: float


# Among so many of the next best sentences a different figure is looked for, if their log odds are not too far behind.
_OPPOSED_READ = 8
_OPPOSED_LEEWAY = 4.0

# Sentences nearer to each other than this say the same thing.
_SAME_THING = 0.90

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
    chosen = quotes[:1]
    opposed = [quote for quote in quotes[1:] if quote.log_odds >= quotes[0].log_odds - _OPPOSED_LEEWAY][:_OPPOSED_READ]
    chosen += _opposing(question, chosen + opposed)[: limit - 1]
    for quote in quotes[1:]:
        if len(chosen) >= limit:
            break
        if quote.log_odds >= least and all(_adds(quote, other) for other in chosen):
            chosen.append(quote)
    return chosen


def ranked_quotes(readings: Sequence[Reading]) -> list[Quote]:
    """All sentences of the readings, those to quote first in front."""
    quotes = [_quote(sentence, reading) for reading in readings for sentence in reading.sentences]
    return sorted(quotes, key=lambda quote: -quote.log_odds - quote.preference)


def disagreements(question: Question, citations: Sequence[Citation]) -> tuple[Disagreement, ...]:
    """Where the citations give different figures for what is asked, newest first."""
    facts = [
        QuotedFact(
            number=citation.number,
            text=citation.quote,
            article_id=citation.article_id,
            publisher=citation.publisher,
            published=citation.published,
            score=citation.score,
        )
        for citation in citations
    ]
    return tuple(find_disagreements(question.text, facts))


def _opposing(question: Question, quotes: Sequence[Quote]) -> list[Quote]:
    """Of these quotes, the best first, those that disagree with it or with each other on what is asked."""
    facts = [
        QuotedFact(
            number=number,
            text=quote.sentence.text,
            article_id=quote.sentence.stored.passage.article_id,
            publisher="",
            published=None,
            score=quote.log_odds,
        )
        for number, quote in enumerate(quotes)
    ]
    numbers = {number for found in find_disagreements(question.text, facts) for number in found.citations}
    return [quote for number, quote in enumerate(quotes) if number in numbers and number > 0]


def nearest(readings: Sequence[Reading], limit: int) -> list[Quote]:
    """The best sentence of each of the nearest passages, for when none answers."""
    quotes: list[Quote] = []
    seen: set[str] = set()
    for reading in readings:
        for sentence in reading.sentences:
            if sentence.stored.passage.passage_id not in seen:
                seen.add(sentence.stored.passage.passage_id)
                quotes.append(_quote(sentence, reading))
    return sorted(quotes, key=lambda quote: -quote.log_odds)[:limit]


def cite(number: int, quote: Quote, article: Article) -> Citation:
    """A citation of the quote, its text taken from the article itself."""
    text = article.text[quote.span.start_char : quote.span.end_char]
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
        quote=text,
        start_char=quote.span.start_char,
        end_char=quote.span.end_char,
        passage=quote.sentence.stored.passage.text,
        deep_link=deep_link(article.url, text),
        score=round(quote.log_odds, 4),
    )


def _quote(sentence: ScoredSentence, reading: Reading) -> Quote:
    behind = reading.sentences[0].score - sentence.score
    return Quote(
        sentence=sentence, span=_standing_alone(sentence), log_odds=reading.log_odds - behind, preference=reading.preference
    )


def _standing_alone(sentence: ScoredSentence) -> Span:
    """The sentence, with the one before it if it leans on that."""
    before = [span for span in sentence.stored.passage.sentences if span.end_char <= sentence.span.start_char]
    if not before or not _LEANS.match(sentence.text):
        return sentence.span
    return Span(start_char=before[-1].start_char, end_char=sentence.span.end_char)


def _adds(quote: Quote, other: Quote) -> bool:
    one, two = quote.sentence, other.sentence
    if one.stored.passage.passage_id == two.stored.passage.passage_id:
        return False
    # Vectors compare within a language only: each has lost the centre of its own.
    return one.stored.language != two.stored.language or float(one.vector @ two.vector) < _SAME_THING
