"""Questions to ask next: made from what the articles near a question say, each tried before it is offered.

A question is made of a subject, which is the opening of an article's title, and of a kind of amount that a sentence gives:
"Amur soya: how many tonnes in 2023?". It is offered only if the answer to it is such an amount, of that year, and from a
sentence that was not shown before. So these questions fit any corpus. Questions of a given list come before them if they are
near, and after them if there are too few.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import MAX_QUESTION_CHARS, Answer, Filters, Language
from coopbot.serve.messages import message
from coopbot.text.dates import find_years
from coopbot.text.language import detect_language
from coopbot.text.quantities import find_quantities

MAX_FURTHER = 3

# Passages near the question that are looked through, questions that are tried for one request, and how long it may take.
_PASSAGES, _TRIED, _WITHIN_S = 12, 8, 4.0
_REMEMBERED = 4096
# A given question is near if it is about one of the nearest articles.
_NEAR = 4
_SUBJECT_CHARS = 70
# A title up to its first colon, or to a dash with spaces around it.
_SUBJECT = re.compile(r"^(?P<subject>.+?)(?:[:：]| [—–-] |——|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A question, and what its answer must be: an amount in `unit` if that is not "", of `year` if that is not None."""

    question: str
    unit: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the asker has seen: the question as it was searched, its filters, and the sentences quoted for it."""

    question: str
    filters: Filters = field(default_factory=Filters)
    quotes: tuple[str, ...] = ()


class FurtherQuestions:
    """Safe to share between threads. What was tried on a snapshot is remembered."""

    def __init__(
        self,
        answerer: Answerer,
        given: Mapping[Language, Sequence[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """given: questions to offer besides those that are made, if they are answered."""
        self._answerer = answerer
        self._given = given or {}
        self._clock = clock
        self._lock = Lock()
        self._tried: dict[tuple[str, str, Filters], str] = {}
        self._articles: dict[tuple[str, str], str] = {}

    def after(self, shown: Shown, watch: Watch = lambda _: None) -> tuple[str, ...]:
        """Up to three questions near the one that was asked, in its language; nearest first."""
        language = detect_language(shown.question)
        others = set(shown.filters.languages) - {language}
        if others and language not in shown.filters.languages:
            return ()  # nothing in the asker's language may be quoted
        own = replace(shown.filters, languages=(language,))
        found = self._answerer.search(shown.question, top_k=_PASSAGES, filters=own)
        by_article: dict[str, list[_Candidate]] = {}
        for hit in found.hits:
            article_id = hit.passage.article_id
            subject = _subject(found.articles[article_id].title)
            sentences = [hit.passage.quoted(span) for span in hit.passage.sentences]
            by_article.setdefault(article_id, []).extend(_candidates(subject, sentences, shown, language))
        given = self._given.get(language, ())
        ranks = {article_id: rank for rank, article_id in enumerate(list(by_article)[:_NEAR])}
        ranked = [(ranks.get(self._article_near(text, found.snapshot, language), _NEAR), text) for text in given]
        near = [text for rank, text in sorted(ranked, key=lambda pair: pair[0]) if rank < _NEAR]
        far = [text for text in given if text not in near and shown.filters == Filters()]
        candidates = (
            *(_Candidate(question=text) for text in near),
            *_nearest_first(list(by_article.values())),
            *(_Candidate(question=text) for text in far),
        )
        return tuple(self._answered(candidates, shown, found.snapshot, language, watch))

    def answered_without_filters(self, shown: Shown, watch: Watch = lambda _: None) -> bool:
        """Whether the articles answer the question if it is not limited to some of them."""
        return self._answerer.find(shown.question, watch=watch).outcome == "answered"

    def _article_near(self, question: str, snapshot: str, language: Language) -> str:
        """The article nearest to a given question; "" if there is none."""
        key = (snapshot, question)
        with self._lock:
            known = self._articles.get(key)
        if known is not None:
            return known
        hits = self._answerer.search(question, top_k=1, filters=Filters(languages=(language,))).hits
        nearest = hits[0].passage.article_id if hits else ""
        with self._lock:
            if any(of != snapshot for of, _ in self._articles):
                self._articles.clear()
            self._articles[key] = nearest
        return nearest

    def _answered(
        self, candidates: Sequence[_Candidate], shown: Shown, snapshot: str, language: Language, watch: Watch
    ) -> Iterator[str]:
        seen, asked = set(shown.quotes), {shown.question.casefold()}
        tries, offered, deadline = 0, 0, self._clock() + _WITHIN_S
        for candidate in candidates:
            if offered == MAX_FURTHER or tries == _TRIED or self._clock() > deadline:
                return
            if candidate.question.casefold() in asked:
                continue
            asked.add(candidate.question.casefold())
            tries += (snapshot, candidate.question, shown.filters) not in self._tried
            quote = self._try(candidate, shown.filters, snapshot, language, watch)
            if quote and quote not in seen:
                seen.add(quote)
                offered += 1
                yield candidate.question

    def _try(self, candidate: _Candidate, filters: Filters, snapshot: str, language: Language, watch: Watch) -> str:
        """The sentence that answers the question as it must be answered; "" if none does."""
        key = (snapshot, candidate.question, filters)
        with self._lock:
            known = self._tried.get(key)
        if known is not None:
            return known
        answer = self._answerer.find(candidate.question, filters=filters, max_citations=1, watch=watch)
        quote = _fitting_quote(answer, candidate, language)
        with self._lock:
            self._tried[key] = quote
            while len(self._tried) > _REMEMBERED:
                del self._tried[next(iter(self._tried))]
        return quote


def _subject(title: str) -> str:
    """What an article is about, from its title; "" if that is too long to be asked about."""
    match = _SUBJECT.match(title.strip())
    subject = match["subject"].strip() if match else ""
    return subject if len(subject) <= _SUBJECT_CHARS and not subject.endswith(("?", "？")) else ""


def _candidates(subject: str, sentences: Sequence[str], shown: Shown, language: Language) -> Iterator[_Candidate]:
    """A question for each kind of amount in the sentences that were not shown, unless it asks for what was shown."""
    if not subject:
        return
    forms = message(language).further
    known = {(amount.unit, amount.value) for quote in shown.quotes for amount in find_quantities(quote)}
    units = {unit for unit, _ in known}
    years = {year for text in (shown.question, *shown.quotes) for year in find_years(text)}
    for sentence in sentences:
        if sentence in shown.quotes:
            continue
        of_sentence = find_years(sentence)
        year = next(iter(of_sentence)) if len(of_sentence) == 1 else None
        for amount in find_quantities(sentence):
            told = (amount.unit, amount.value) in known or (amount.unit in units and (year is None or year in years))
            if amount.unit not in forms or told or len(of_sentence) > 1:
                continue
            form = forms[amount.unit].of_year if year else forms[amount.unit].plain
            question = form.format(subject=subject, year=year)
            if len(question) <= MAX_QUESTION_CHARS:
                yield _Candidate(question=question, unit=amount.unit, year=year)


def _nearest_first(by_article: Sequence[Sequence[_Candidate]]) -> list[_Candidate]:
    """Each question once: two of an article before the first of the next one, and so on."""
    lists = [list(dict.fromkeys(own)) for own in by_article]
    ranked = [(place + 1.5 * rank, one) for rank, own in enumerate(lists) for place, one in enumerate(own)]
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _fitting_quote(answer: Answer, candidate: _Candidate, language: Language) -> str:
    if answer.outcome != "answered" or not answer.citations or answer.citations[0].language != language:
        return ""
    first = answer.citations[0]
    if not candidate.unit:
        return first.quote
    words = first.answer
    amounts = [amount for amount in find_quantities(first.quote) if amount.unit == candidate.unit]
    of_year = candidate.year is None or candidate.year in find_years(first.quote)
    return first.quote if of_year and words and any(amount.overlaps(words) for amount in amounts) else ""
