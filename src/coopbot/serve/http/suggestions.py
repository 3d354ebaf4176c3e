"""`/v1/suggestions`: questions to begin with, and questions to ask next; all are tried before they are offered."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import FastAPI, Request
from pydantic import BaseModel

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.domain import INTERFACE_LANGUAGES, Answer, Filters, InterfaceLanguage
from coopbot.serve.admission import Admission
from coopbot.serve.further import FurtherQuestions
from coopbot.serve.http.questions import Questions
from coopbot.serve.http.service import HttpService
from coopbot.serve.requests import ShownIn

# The most questions to begin with.
_SHOWN = 4


class SuggestionsOut(BaseModel):
    """Suggested questions."""

    questions: list[str]


class FurtherOut(BaseModel):
    """Questions to ask next. answered_without_filters: of a refused question with filters, whether other articles answer it."""

    questions: list[str]
    answered_without_filters: bool


class Suggestions:
    """Suggested questions: those of the candidates that the current index answers. Safe to share between threads.

    A language's candidates are asked once for each snapshot, at the first request. Requests that arrive meanwhile do not wait,
    and get the suggestions of the previous snapshot.
    """

    def __init__(
        self, answerer: Answerer, admission: Admission, index: LiveStore, candidates: Mapping[InterfaceLanguage, Sequence[str]]
    ) -> None:
        """candidates: questions to begin with, by language."""
        self._answerer = answerer
        self._admission = admission
        self._index = index
        self._candidates = candidates
        self._locks = {language: threading.Lock() for language in INTERFACE_LANGUAGES}
        self._found: dict[InterfaceLanguage, tuple[str, tuple[str, ...]]] = dict.fromkeys(INTERFACE_LANGUAGES, ("", ()))

    def suggest(self, language: InterfaceLanguage) -> tuple[str, ...]:
        """Up to four questions that the index answers."""
        snapshot_id = self._index.current().snapshot_id
        if self._found[language][0] != snapshot_id and self._locks[language].acquire(blocking=False):
            try:
                self._found[language] = (snapshot_id, self._answered(language))
            finally:
                self._locks[language].release()
        return self._found[language][1]

    def _answered(self, language: InterfaceLanguage) -> tuple[str, ...]:
        answered: list[str] = []
        for question in self._candidates[language]:
            if len(answered) == _SHOWN:
                break
            # As one client among the others, so that all suggestions together take no more than its share.
            if self._admission.ask("suggestions", partial(self._ask, question)).result.result().outcome == "answered":
                answered.append(question)
        return tuple(answered)

    def _ask(self, question: str, watch: Watch) -> Answer:
        return self._answerer.find(question, watch=watch)


def add_suggestions(app: FastAPI, service: HttpService, questions: Questions) -> None:
    """Add the routes."""
    begin = {language: [own[0] for own in service.questions.get(language, {}).values()] for language in INTERFACE_LANGUAGES}
    suggestions = Suggestions(service.answerer, service.admission, service.index, begin)
    further = FurtherQuestions(service.answerer, service.questions)

    @app.get("/v1/suggestions", summary="Suggested questions")
    def suggest(language: InterfaceLanguage = "en") -> SuggestionsOut:
        return SuggestionsOut(questions=list(suggestions.suggest(language)))

    @app.post("/v1/suggestions", summary="Questions to ask next")
    async def suggest_next(body: ShownIn, request: Request) -> FurtherOut:
        shown = body.to_shown()

        # In the client's own turn: whoever asks for more waits for it, and nobody else.
        def find(watch: Watch) -> FurtherOut:
            limited = body.refused and shown.filters != Filters()
            without = limited and further.answered_without_filters(shown, watch)
            return FurtherOut(questions=list(further.after(shown, watch)), answered_without_filters=without)

        return await questions.done(request, find)
