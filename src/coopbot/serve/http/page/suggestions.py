"""Suggested questions: those of the page's candidates that the current index answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.store import LiveStore
from coopbot.domain import LANGUAGES, Language

_SHOWN = 4


class Suggestions:
    """Asks a language's candidates once for each snapshot, at the first request. Safe to share between threads.

    Requests that arrive meanwhile do not wait, and get the suggestions of the previous snapshot.
    """

    def __init__(self, answerer: Answerer, index: LiveStore, candidates: Mapping[Language, Sequence[str]]) -> None:
        self._answerer = answerer
        self._index = index
        self._candidates = candidates
        self._locks = {language: threading.Lock() for language in LANGUAGES}
        self._found: dict[Language, tuple[str, tuple[str, ...]]] = dict.fromkeys(LANGUAGES, ("", ()))

    def suggest(self, language: Language) -> tuple[str, ...]:
        """Up to four questions that the index answers."""
        snapshot_id = self._index.current().snapshot_id
        if self._found[language][0] != snapshot_id and self._locks[language].acquire(blocking=False):
            try:
                self._found[language] = (snapshot_id, self._answered(language))
            finally:
                self._locks[language].release()
        return self._found[language][1]

    def _answered(self, language: Language) -> tuple[str, ...]:
        answered: list[str] = []
        for question in self._candidates[language]:
            if len(answered) < _SHOWN and self._answerer.ask(question, max_citations=1).outcome == "answered":
                answered.append(question)
        return tuple(answered)
