"""Cites sentences: the exact words, with what they need to be understood, their date, and a link that opens at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal
from urllib.parse import quote, urldefrag

from coopbot.ask.answer.compose import Chosen
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Article, Attribution, Citation, DatedWords, Disagreement, Language, Span, Stale, When
from coopbot.ingest.addresses import is_web_address
from coopbot.text.dates import find_years
from coopbot.text.gazetteer import find_names
from coopbot.text.questions import opens_with_reference
from coopbot.text.relative import relative_words, speaks_of_now
from coopbot.text.restate import restate
from coopbot.text.tokens import lexical_tokens

# How many sentences before one that refers back are quoted with it.
_MOST_BEFORE = 2

# A quote older than this is shown with its date.
_OLD = timedelta(days=365)

# Longer fragments are written as their first and last words, which browsers match to what lies between.
_WHOLE_CHARS = 80
_EDGE_CHARS = 30


def cite(number: int, sentence: ScoredSentence, article: Article, language: Language) -> Citation:
    """A citation of the sentence, its text taken from the article itself. language: of the question."""
    span = quoted_span(sentence)
    cited = cite_span(
        number,
        article,
        span,
        passage=sentence.stored.passage.text,
        answer=sentence.answer.shifted(-span.start_char) if sentence.answer else None,
        said_in=sentence.span,
    )
    restated = "" if article.language == language else restate(sentence.answer_text, language)
    heading = _heading_needed(cited.quote, article.title, sentence.stored.passage.heading_path)
    return replace(cited, restated=restated, heading=heading, score=round(sentence.log_odds, 4))


def cite_span(
    number: int, article: Article, span: Span, *, passage: str, answer: Span | None = None, said_in: Span | None = None
) -> Citation:
    """A citation of this span of an article. said_in: the sentence that answers, if the span has others too."""
    text = span.of(article.text)
    spans = (said_in or span, span)
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        authors=article.authors,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        language=article.language,
        sources=article.sources_of(*spans),
        attributions=article.attributed(*spans),
        also_published_by=article.also_published_by,
        quote=text,
        start_char=span.start_char,
        end_char=span.end_char,
        answer=answer,
        passage=passage,
        deep_link=deep_link(article.url, text),
        score=0.0,
    )


def quoted_span(sentence: ScoredSentence) -> Span:
    """The sentence, plus the previous one if it refers back to that, and one more if that does too."""
    passage, start = sentence.stored.passage, sentence.span
    before = [span for span in passage.sentences if span.end_char <= sentence.span.start_char]
    for earlier in before[: -_MOST_BEFORE - 1 : -1]:
        if not sentence.stored.is_open(earlier) or not opens_with_reference(passage.quoted(start)):
            break
        start = earlier
    return Span(start_char=start.start_char, end_char=sentence.span.end_char)


def _heading_needed(quote: str, title: str, heading_path: Sequence[str]) -> str:
    """The heading above a quote that has no word and no name of it, or of the article's title."""
    around = " ".join((title, *heading_path))
    if not heading_path or set(lexical_tokens(quote)) & set(lexical_tokens(around)) or find_names(quote) & find_names(around):
        return ""
    return heading_path[-1]


def deep_link(url: str, text: str) -> str:
    """`url` with a text fragment for `text`, or "" where there is no page to link to."""
    if not is_web_address(url):
        return ""
    # "-" and "," have a meaning in a text fragment, and "-" is never escaped by quote().
    parts = [quote(part, safe="").replace("-", "%2D") for part in _edges(" ".join(text.split()))]
    return f"{urldefrag(url).url}#:~:text={','.join(parts)}"


def _edges(text: str) -> list[str]:
    if len(text) <= _WHOLE_CHARS:
        return [text]
    first, last = text[:_EDGE_CHARS], text[-_EDGE_CHARS:]
    # Whole words only; Chinese has no spaces to cut at, and needs none.
    if " " in first:
        first = first[: first.rindex(" ")]
    if " " in last:
        last = last[last.index(" ") + 1 :]
    return [first, last]


def dated(citation: Citation, today: date, *, latest: bool) -> Citation:
    """The citation with its date attached where needed, and whether it is out of date. latest: whether the question asks about
    the present.
    """
    return replace(
        citation,
        as_of=_as_of(citation, today, latest=latest),
        dated_words=_dated_words(citation),
        stale=_stale(citation.attributions, today),
    )


def _as_of(citation: Citation, today: date, *, latest: bool) -> When | Literal["undated"] | None:
    """The date to show with a quote. One that names its own year needs none, unless it also speaks of its present day."""
    said = citation.said
    if said is None:
        return "undated"
    if today - said.last <= _OLD:
        return None
    speaks_of_its_day = speaks_of_now(citation.quote) or bool(relative_words(citation.quote, said.last))
    return said if latest or speaks_of_its_day or not find_years(citation.quote) else None


def _dated_words(citation: Citation) -> tuple[DatedWords, ...]:
    """Empty if the quote names a year: "next year" may then be relative to that. What was said in March 2026 or in 2026 does
    not date shorter times than these.
    """
    said = citation.said
    if said is None or find_years(citation.quote):
        return ()
    words = relative_words(citation.quote, said.last)
    return tuple(one for one in words if one.last - one.first >= said.last - said.first)


def _stale(attributions: Sequence[Attribution], today: date) -> Stale | None:
    """What has passed of all that the attributions give; the latest of it."""
    until = [one.valid_until for one in attributions if one.valid_until]
    planned = [one.planned_for for one in attributions if one.planned_for]
    if until and all(when.last < today for when in until):
        return Stale(kind="expired", when=max(until, key=lambda when: when.last))
    if planned and all(when.last < today for when in planned):
        return Stale(kind="overdue", when=max(planned, key=lambda when: when.last))
    return None


def disagreements(citations: Sequence[Citation], chosen: Chosen) -> tuple[Disagreement, ...]:
    """Where the citations give different answers, newest first. citations: those of the chosen sentences, in the same order.
    A single sentence that holds both accounts is listed once.
    """
    if chosen.contradiction is None:
        return ()
    place = chosen.sentences.index(chosen.contradiction.sentence)
    sides = [(citations[at], words) for at, words in zip((0, place), chosen.contradiction.answers, strict=True)]
    sides.sort(key=lambda side: said.last.toordinal() if (said := side[0].said) else 0, reverse=True)
    numbers = tuple(dict.fromkeys(citation.number for citation, _ in sides))
    return (Disagreement(about=" / ".join(words for _, words in sides), citations=numbers),)
