"""Questions to ask next: those of a given list that are near, each tried before it is offered.

The list names for each question the article that answers it, so one search finds those that are near.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import Filters, InterfaceLanguage, Language
from coopbot.text.language import detect_language

MAX_FURTHER = 3

# Passages near the question whose articles are near, questions that are tried for one request, and how long it may take.
_PASSAGES, _TRIED, _WITHIN_S = 10, 6, 3.0
_REMEMBERED = 4096


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
        given: Mapping[InterfaceLanguage, Mapping[str, Sequence[str]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """given: questions by the name of the article that answers them, which is its id without the language."""
        self._answerer = answerer
        self._given = given
        self._clock = clock
        self._lock = Lock()
        self._tried: dict[tuple[str, str, Filters], str] = {}

    def after(self, shown: Shown, watch: Watch = lambda _: None) -> tuple[str, ...]:
        """Up to three questions near the one that was asked, in its language; nearest first."""
        language = detect_language(shown.question)
        others = set(shown.filters.languages) - {language}
        if others and language not in shown.filters.languages:
            return ()  # nothing in the asker's language may be quoted
        own = replace(shown.filters, languages=(language,))
        found = self._answerer.search(shown.question, top_k=_PASSAGES, filters=own)
        near = dict.fromkeys(hit.passage.article_id.removeprefix(f"{language}/") for hit in found.hits)
        given = self._given.get(language, {})
        # Two of an article before the first of the next one, and so on.
        by_article = [given[article] for article in near if article in given]
        ranked = [(place + 1.5 * rank, one) for rank, own in enumerate(by_article) for place, one in enumerate(own)]
        candidates = [one for _, one in sorted(ranked, key=lambda pair: pair[0])]
        return tuple(self._answered(candidates, shown, found.snapshot, language, watch))

    def answered_without_filters(self, shown: Shown, watch: Watch = lambda _: None) -> bool:
        """Whether the articles answer the question if it is not limited to some of them."""
        return self._answerer.find(shown.question, watch=watch).outcome == "answered"

    def _answered(
        self, candidates: Sequence[str], shown: Shown, snapshot: str, language: Language, watch: Watch
    ) -> Iterator[str]:
        """The candidates that a sentence in this language answers, each by another sentence than those shown."""
        seen, asked = set(shown.quotes), {shown.question.casefold()}
        tries, offered, deadline = 0, 0, self._clock() + _WITHIN_S
        for question in candidates:
            if offered == MAX_FURTHER or tries == _TRIED or self._clock() > deadline:
                return
            if question.casefold() in asked:
                continue
            asked.add(question.casefold())
            key = (snapshot, question, shown.filters)
            with self._lock:
                quote = self._tried.get(key)
            if quote is None:
                tries += 1
                # As whoever chooses it asks it, so that the answer that is kept serves them.
                answer = self._answerer.find(question, filters=shown.filters, watch=watch)
                best = answer.citations[0] if answer.outcome == "answered" and answer.citations else None
                quote = best.quote if best and best.language == language else ""
                with self._lock:
                    self._tried[key] = quote
                    while len(self._tried) > _REMEMBERED:
                        del self._tried[next(iter(self._tried))]
            if quote and quote not in seen:
                seen.add(quote)
                offered += 1
                yield question
